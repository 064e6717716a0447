-- Writing what was gathered, and telling of it.

local function write_waiting(queue)
  if queue.expiry then each('ZADD', queue.base .. '#exp', queue.expiry) end
  if queue.delayed then each('ZADD', queue.base .. '#delayed', queue.delayed) end
  each('ZADD', queue.base .. '#ready', queue.ready)
end

-- Writes what was put. The first write is one that a full server refuses, so that it refuses all or nothing; the payloads go last, and until
-- they are there nothing counts: a rank without a payload is dropped by whoever finds it.
local function store(queue, now)
  local base = queue.base
  call('HINCRBY', base, 'seq', queue.count)
  if queue.counts then each('HSET', base .. '#deliveries', queue.counts) end
  local taker = may_take(queue, now)
  if taker then
    if queue.expiry then call('HSET', base .. '#life', queue.messages[1], queue.expiry[1]) end
    call('SADD', base .. '#held:' .. taker.owner, queue.messages[1])
  else
    write_waiting(queue)
  end
  queue.taker = taker
  each('HSET', base .. '#msg', queue.messages)
  if queue.ends then inherit_end(base, now) end
end

local function tell_watchers(queue, now)
  local watchers = call('ZRANGEBYSCORE', queue.base .. '#watchers', now, '+inf')
  if #watchers == 0 then call('HDEL', queue.base, 'watched') end
  for _, owner in ipairs(watchers) do notify(owner, '') end
end

-- Tells receivers and browsers of what was stored.
local function announce(queue, now)
  local handed = queue.taker and hand_over(queue, now)
  if queue.watched then tell_watchers(queue, now) end
  -- One that waits must learn of the new due time, too.
  if not handed then wake(queue.base, queue.ready_count + (queue.delayed and 1 or 0)) end
end

-- Messages of a queue that do not count after all: those at the given positions.
local function take_back(queue, positions)
  local base, ranks = queue.base, {}
  for n, position in ipairs(positions) do ranks[n] = queue.messages[2 * position - 1] end
  pcall(each, 'HDEL', base .. '#msg', ranks)
  for _, part in ipairs({ '#ready', '#delayed', '#exp' }) do pcall(each, 'ZREM', base .. part, ranks) end
  for _, part in ipairs({ '#deliveries', '#life' }) do pcall(each, 'HDEL', base .. part, ranks) end
  if queue.taker then pcall(each, 'SREM', base .. '#held:' .. queue.taker.owner, ranks) end
  queue.taker = nil
end

local function take_back_all(queues)
  for _, queue in pairs(queues) do
    local all = {}
    for n = 1, queue.count do all[n] = n end
    take_back(queue, all)
  end
end

-- Stores what was put into some queues: all of it, or nothing and an error.
local function store_all(queues, now)
  for _, queue in pairs(queues) do
    local stored, problem = true, nil
    if queue.count > 0 then stored, problem = pcall(store, queue, now) end
    if not stored then
      take_back_all(queues)
      error(problem)
    end
  end
end

-- What was stored counts, whoever can be told of it: receivers look by themselves, too.
local function announce_all(queues, now)
  for _, queue in pairs(queues) do
    if queue.count > 0 then pcall(announce, queue, now) end
  end
end

local function close_queues(queues, now)
  store_all(queues, now)
  announce_all(queues, now)
end

-- What the header of a pushed message asks for; nothing where there is no header, or it says what no message can have.
local function asked(payload)
  local facts = { priority = NORMAL, ttlMs = 0, delayMs = 0, deliveries = 0 }
  if #payload < 8 or string.sub(payload, 1, 4) ~= '\255SL1' then return facts end
  local readable, header = pcall(cjson.decode, string.sub(payload, 9, 8 + struct.unpack('>I4', payload, 5)))
  if not readable or type(header) ~= 'table' then return facts end
  for name, most in pairs({ priority = 9, ttlMs = LONGEST_MS, delayMs = LONGEST_MS, deliveries = 4294967295 }) do
    local value = header[name]
    -- Neither below zero nor NaN, which is not itself.
    if type(value) == 'number' and value == value and value >= 0 then facts[name] = math.min(math.ceil(value), most) end
  end
  return facts
end

-- What is moved at once, but for the last one of it: the script holds all of it beside the server's own. Unit: bytes.
local DRAINED_BYTES = 4194304

-- Messages pushed by foreign clients take their places.
local function drain(base, now, limit)
  local bodies, bytes = {}, 0
  while #bodies < limit and bytes < DRAINED_BYTES do
    local body = call('LINDEX', base .. '#in', #bodies)
    if not body then break end
    bodies[#bodies + 1] = body
    bytes = bytes + #body
  end
  if #bodies == 0 then return 0 end
  local queue = open_queue(base, now)
  for _, body in ipairs(bodies) do
    local facts = asked(body)
    put(queue, now, body, facts.priority, facts.ttlMs, facts.delayMs, facts.deliveries)
  end
  store_all({ queue }, now)
  local trimmed, problem = pcall(call, 'LTRIM', base .. '#in', #bodies, -1)
  if not trimmed then
    -- Else they would be there twice, and with each further look once more.
    take_back_all({ queue })
    error(problem)
  end
  announce_all({ queue }, now)
  return #bodies
end
