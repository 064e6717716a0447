-- Gathering what goes into a queue.

-- The place that was given last, made anew where another program has written over it.
local function last_place(base, seq, now)
  local place = seq and string.find(seq, '^%d+$') and tonumber(seq)
  -- Room for all that may still be sent: a place that reaches the next band would be another priority.
  if place and place < BAND - 1000000000 then return place end
  place = first_place(now)
  call('HSET', base, 'seq', text_of(place))
  return place
end

-- Opens a queue for messages; nil when there is none.
local function open_queue(base, now)
  local facts = call('HMGET', base, 'type', 'seq', 'maxLength', 'ttlMs', 'expiresMs', 'watched', 'autoDelete')
  if not facts[1] then return nil end
  local seq, limit = last_place(base, facts[2], now), tonumber(facts[3])
  local queue = {
    base = base, seq = seq, count = 0, ready_count = 0,
    ttl = tonumber(facts[4]) or 0, ends = facts[5] or facts[7], watched = facts[6], messages = {}, ready = {}
  }
  if limit then
    drop_expired(base, now, 1000)
    queue.room = limit - call('ZCARD', base .. '#ready') - call('ZCARD', base .. '#delayed')
  end
  return queue
end

local function is_full(queue)
  return queue.room and queue.count >= queue.room
end

local function put(queue, now, payload, priority, ttl, delay, deliveries)
  local count = queue.count + 1
  queue.count = count
  local rank = text_of((9 - priority) * BAND + queue.seq + count)
  local messages = queue.messages
  messages[2 * count - 1] = rank
  messages[2 * count] = payload
  if delay > 0 then
    local delayed = queue.delayed or {}
    queue.delayed = delayed
    delayed[#delayed + 1] = now + delay
    delayed[#delayed + 1] = rank
  else
    local at = queue.ready_count + 1
    queue.ready_count = at
    queue.ready[2 * at - 1] = rank
    queue.ready[2 * at] = rank
  end
  if ttl == 0 or (queue.ttl > 0 and queue.ttl < ttl) then ttl = queue.ttl end
  if ttl > 0 then
    local expiry = queue.expiry or {}
    queue.expiry = expiry
    expiry[#expiry + 1] = now + ttl
    expiry[#expiry + 1] = rank
  end
  if deliveries > 0 then
    local counts = queue.counts or {}
    queue.counts = counts
    counts[#counts + 1] = rank
    counts[#counts + 1] = deliveries
  end
end
