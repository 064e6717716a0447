-- Adds a pattern of a topic to a queue. KEYS: base of the topic, base of the queue (in one slot). ARGV: name of the queue,
-- pattern. Answers 0: no such topic; 1: no such queue; 2: done.

if call('EXISTS', KEYS[1]) == 0 then return 0 end
if call('EXISTS', KEYS[2]) == 0 then return 1 end
local known = call('HGET', KEYS[1] .. '#subs', KEYS[2])
local sound, entry = pcall(cjson.decode, known or '')
if not sound or type(entry) ~= 'table' or type(entry.patterns) ~= 'table' then entry = { queue = ARGV[1], patterns = {} } end
for _, pattern in ipairs(entry.patterns) do
  if pattern == ARGV[2] then return 2 end
end
entry.patterns[#entry.patterns + 1] = ARGV[2]
changed(KEYS[1], clock())
call('HSET', KEYS[1] .. '#subs', KEYS[2], cjson.encode(entry))
return 2
