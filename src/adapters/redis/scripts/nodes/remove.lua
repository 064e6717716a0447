-- Deletes a queue, or a topic with its named subscriptions. KEYS: base. Answers whether it was there.

for _, base in ipairs(call('HKEYS', KEYS[1] .. '#subs')) do
  -- A bound queue is a node of its own.
  if string.sub(base, 1, #PREFIX + 3) == PREFIX .. ':s:' then delete_node(base) end
end
-- Live subscriptions stand on channels, which know nothing of the topic.
redis.pcall('PUBLISH', KEYS[1] .. '#gone', '')
return delete_node(KEYS[1])
