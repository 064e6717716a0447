-- Gives back what owners hold and ends them. ARGV: '1' if a queue that deletes itself may do so now, owners. Answers how many
-- messages came back.

local base, now = KEYS[1], clock()
local back = 0
for n = 2, #ARGV do
  -- The list of owners may have been deleted by another program: what they hold is theirs all the same.
  if call('ZSCORE', base .. '#owners', ARGV[n]) or call('EXISTS', base .. '#held:' .. ARGV[n]) == 1 then
    back = back + recover(base, ARGV[n], now)
  end
end
local facts = call('HMGET', base, 'expiresMs', 'autoDelete')
if facts[2] and ARGV[1] == '1' and call('EXISTS', base .. '#owners') == 0 then
  delete_node(base)
else
  touch(base, now, facts[1], facts[2])
  wake(base, back)
end
return back
