-- A browser takes what it was shown. ARGV: rank. Answers 0 when it does not wait there any more.
local base = KEYS[1]
if call('ZREM', base .. '#ready', ARGV[1]) == 0 then return 0 end
forget(base, { ARGV[1] })
call('ZREM', base .. '#exp', ARGV[1])
local facts = call('HMGET', base, 'expiresMs', 'autoDelete')
touch(base, clock(), facts[1], facts[2])
return 1
