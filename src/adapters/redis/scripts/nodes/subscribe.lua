-- Makes or changes a named subscription. KEYS: base of the topic, base of the subscription. ARGV: its entry in the
-- topic's table, durable '1' or '0', its spec, then fields and values of its hash. Answers 0: no such topic; 1: done; 2: it is there with another durability.

local topic, base, now = KEYS[1], KEYS[2], clock()
if call('EXISTS', topic) == 0 then return 0 end
local durable = call('HGET', base, 'durable')
if durable and durable ~= ARGV[2] then return 2 end
call('HDEL', base, 'maxLength', 'ttlMs', 'expiresMs')
if call('TTL', base) > 0 then
  for _, part in ipairs(PARTS) do call('PERSIST', base .. part) end
end
call('HSET', base, 'type', 'subscription', 'durable', ARGV[2], 'spec', unpack(ARGV, 3))
call('HSETNX', base, 'seq', text_of(first_place(now)))
if call('HGET', topic .. '#subs', base) ~= ARGV[1] then
  changed(topic, now)
  call('HSET', topic .. '#subs', base, ARGV[1])
end
touch(base, now, call('HGET', base, 'expiresMs'), false)
return 1
