-- To a queue. KEYS: base. ARGV: link, first, count, answered, batch. Answers nil: there is no such queue; else the indexes
-- of the messages that were refused because the queue is full.

local base, now = KEYS[1], clock()
local link, first, count, batch = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[5]
local queue = open_queue(base, now)
if not queue then return false end
if comes_early(base, link, first, ARGV[4]) then return 1 end
local refused, at = {}, 1
for n = 1, count do
  local flags, length, from = struct.unpack('>BI4', batch, at)
  if flags == 0 then
    if is_full(queue) then
      refused[#refused + 1] = n
    else
      put(queue, now, string.sub(batch, from, from + length - 1), NORMAL, 0, 0, 0)
    end
    at = from + length
  else
    local record
    record, at = next_record(batch, at)
    if not was_stored(base, record) then
      if is_full(queue) then
        refused[#refused + 1] = n
      else
        local payload = string.sub(batch, at, at + record.length - 1)
        put(queue, now, payload, record.priority, record.ttl, record.delay, record.deliveries)
      end
    end
    at = at + record.length
  end
end
close_queues({ queue }, now)
remember(base, link, first, count, ARGV[4], refused)
return refused
