-- A browser follows. ARGV: owner, for how long in ms. Answers 0 when there is no such queue.

local base = KEYS[1]
local expires = call('HMGET', base, 'type', 'expiresMs', 'autoDelete')
if not expires[1] then return 0 end
local now = clock()
call('ZREMRANGEBYSCORE', base .. '#watchers', '-inf', now)
call('ZADD', base .. '#watchers', now + tonumber(ARGV[2]), ARGV[1])
call('HSET', base, 'watched', 1)
if expires[2] or expires[3] then inherit_end(base, now) end
return 1
