/** Scripts on nodes as a whole. */

/**
 * Makes a node that is missing. KEYS: base. ARGV: its spec as text, then fields and values of its hash. Answers the spec it
 * has if it was there, else nil.
 */
export const DECLARE = `
local base, now = KEYS[1], clock()
local facts = call('HMGET', base, 'spec', 'expiresMs', 'autoDelete')
if facts[1] then
  touch(base, now, facts[2], facts[3])
  return facts[1]
end
call('HSET', base, 'seq', text_of(first_place(now)), 'spec', unpack(ARGV))
touch(base, now, call('HGET', base, 'expiresMs'), false)
return false
`

/**
 * Makes or changes a named subscription. KEYS: base of the topic, base of the subscription. ARGV: its entry in the
 * topic's table, durable '1' or '0', its spec, then fields and values of its hash. Answers 0: no such topic; 1: done; 2: it is there with another durability.
 */
export const SUBSCRIBE = `
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
`

/**
 * Adds a pattern of a topic to a queue. KEYS: base of the topic, base of the queue (in one slot). ARGV: name of the queue,
 * pattern. Answers 0: no such topic; 1: no such queue; 2: done.
 */
export const BIND = `
if call('EXISTS', KEYS[1]) == 0 then return 0 end
if call('EXISTS', KEYS[2]) == 0 then return 1 end
local known = call('HGET', KEYS[1] .. '#subs', KEYS[2])
local entry = known and cjson.decode(known) or { queue = ARGV[1], patterns = {} }
for _, pattern in ipairs(entry.patterns) do
  if pattern == ARGV[2] then return 2 end
end
entry.patterns[#entry.patterns + 1] = ARGV[2]
changed(KEYS[1], clock())
call('HSET', KEYS[1] .. '#subs', KEYS[2], cjson.encode(entry))
return 2
`

/** Deletes a queue, or a topic with its named subscriptions. KEYS: base. Answers whether it was there. */
export const REMOVE = `
for _, base in ipairs(call('HKEYS', KEYS[1] .. '#subs')) do
  -- A bound queue is a node of its own.
  if string.sub(base, 1, #PREFIX + 3) == PREFIX .. ':s:' then delete_node(base) end
end
-- Live subscriptions stand on channels, which know nothing of the topic.
redis.pcall('PUBLISH', KEYS[1] .. '#gone', '')
return delete_node(KEYS[1])
`

/** Deletes a named subscription. KEYS: base of the topic, base of the subscription. */
export const UNSUBSCRIBE = `
if call('HEXISTS', KEYS[1] .. '#subs', KEYS[2]) == 1 then
  changed(KEYS[1], clock())
  call('HDEL', KEYS[1] .. '#subs', KEYS[2])
end
return delete_node(KEYS[2])
`

/** Removes some of what waits. KEYS: base. ARGV: how many at most of each kind. Answers how many it were. */
export const PURGE = `
local base, removed = KEYS[1], 0
for _, part in ipairs({ '#ready', '#delayed' }) do
  local ranks = call('ZRANGE', base .. part, 0, tonumber(ARGV[1]) - 1)
  if #ranks > 0 then
    forget(base, ranks)
    each('ZREM', base .. '#exp', ranks)
    each('ZREM', base .. part, ranks)
    removed = removed + #ranks
  end
end
local pushed = call('LPOP', base .. '#in', tonumber(ARGV[1]))
return removed + (pushed and #pushed or 0)
`
