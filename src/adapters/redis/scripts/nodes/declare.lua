-- Makes a node that is missing. KEYS: base. ARGV: its spec as text, then fields and values of its hash. Answers the spec it
-- has if it was there, else nil.

local base, now = KEYS[1], clock()
local facts = call('HMGET', base, 'spec', 'expiresMs', 'autoDelete')
if facts[1] then
  touch(base, now, facts[2], facts[3])
  return facts[1]
end
call('HSET', base, 'seq', text_of(first_place(now)), 'spec', unpack(ARGV))
touch(base, now, call('HGET', base, 'expiresMs'), false)
return false
