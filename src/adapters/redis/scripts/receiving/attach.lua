-- Attaches an owner. ARGV: owner, lease in ms, '1' for exclusive use. Answers {0}: no such queue; {1}: somebody has it
-- exclusively, or others are there; {2, spec}: attached.

local base, now = KEYS[1], clock()
local facts = call('HMGET', base, 'type', 'exclusive', 'expiresMs', 'autoDelete', 'spec')
if not facts[1] then return { 0 } end
recover_expired(base, now)
local holder = call('HGET', base, 'holder')
-- The list of owners may have been deleted by another program, and who was the holder with it.
if holder and call('ZSCORE', base .. '#owners', holder) then return { 1 } end
if holder then call('HDEL', base, 'holder') end
if facts[2] or ARGV[3] == '1' then
  if call('EXISTS', base .. '#owners') == 1 then return { 1 } end
end
call('ZADD', base .. '#owners', now + tonumber(ARGV[2]), ARGV[1])
-- order: a holder is one of the owners, so that it ends with its lease.
if facts[2] or ARGV[3] == '1' then call('HSET', base, 'holder', ARGV[1]) end
touch(base, now, facts[3], facts[4])
return { 2, facts[5] }
