-- Answers to one requester. KEYS: the key that shows it alive. ARGV: its channel, payloads. Answers 0 when nobody is there.
-- Behind a Cluster PUBLISH does not know who listens at other nodes: there the key decides.

local heard = CLUSTER and call('EXISTS', KEYS[1]) or 0
if CLUSTER and heard == 0 then return 0 end
for n = 2, #ARGV do heard = heard + call('PUBLISH', ARGV[1], ARGV[n]) end
return heard
