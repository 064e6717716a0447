-- To members of a multicast. KEYS: base, then the base keys of the members that the targets stand for. ARGV: as send.lua.
-- Answers {[missing targets], [message, target, …]}: the second list tells which member was full.

local base, now = KEYS[1], clock()
local link, first, count, batch = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[5]
if comes_early(base, link, first, ARGV[4]) then return 1 end
local queues, missing = {}, {}
for n = 2, BASES do
  queues[n - 1] = open_queue(KEYS[n], now)
  if not queues[n - 1] then missing[#missing + 1] = n - 1 end
end
local refused, full, at = {}, {}, 1
for n = 1, count do
  local record
  record, at = next_record(batch, at)
  if not was_stored(base, record) then
    local payload = string.sub(batch, at, at + record.length - 1)
    for _, index in ipairs(record.targets or {}) do
      local queue = queues[index]
      if queue and is_full(queue) then
        refused[#refused + 1] = n
        full[#full + 1] = n
        full[#full + 1] = index
      elseif queue then
        put(queue, now, payload, record.priority, record.ttl, record.delay, record.deliveries)
      end
    end
  end
  at = at + record.length
end
close_queues(queues, now)
remember(base, link, first, count, ARGV[4], refused)
return { missing, full }
