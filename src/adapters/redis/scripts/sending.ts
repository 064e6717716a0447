/**
 * Scripts of senders. Each takes a batch of one sender: link (empty: nothing is remembered), number of its first
 * message, how many, number up to which the sender has its answers, the messages. Each answers 1, and has done nothing, while earlier
 * messages of that sender are missing, or when they were sent again on another connection.
 */

/**
 * To a queue. KEYS: base. ARGV: link, first, count, answered, batch. Answers nil: there is no such queue; else the indexes
 * of the messages that were refused because the queue is full.
 */
export const SEND = `
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
`

/**
 * To a topic. KEYS: base, then the base keys its targets stand for. ARGV: as SEND, then the version of the table of kept subscriptions
 * that the batch was matched with. Answers {0}: no such topic; {1, version, table}: match again;
 * {2, [message, target, …], [message, …], error}: done, with the messages that were refused because that target is full, and those that
 * this user may not publish.
 *
 * A message goes to all or to nobody, so that sending again after a refusal doubles nothing.
 */
export const PUBLISH = `
local base, now = KEYS[1], clock()
local link, first, count, batch = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[5]
local facts = call('HMGET', base, 'type', 'version')
if not facts[1] then return { 0 } end
local version = facts[2] or '0'
if version ~= ARGV[6] then return { 1, version, call('HGETALL', base .. '#subs') } end
-- Where nothing was ever kept, no notes are made: they are writes, which the server may have to sync.
local noted = version ~= '0'
if noted and comes_early(base, link, first, ARGV[4]) then return 1 end
local queues = {}
for n = 2, BASES do
  local queue = open_queue(KEYS[n], now)
  if queue then
    queues[n - 1] = queue
  else
    -- It ended by itself.
    changed(base, now)
    call('HDEL', base .. '#subs', KEYS[n])
  end
end
local refused, full, live, at = {}, {}, {}, 1
for n = 1, count do
  local record
  record, at = next_record(batch, at)
  if not (noted and was_stored(base, record)) then
    local obstacle
    for _, index in ipairs(record.targets or {}) do
      local queue = queues[index]
      if queue and is_full(queue) then obstacle = index end
    end
    if obstacle then
      refused[#refused + 1] = n
      full[#full + 1] = n
      full[#full + 1] = obstacle
    else
      local payload = string.sub(batch, at, at + record.length - 1)
      for _, index in ipairs(record.targets or {}) do
        local queue = queues[index]
        if queue then
          put(queue, now, payload, record.priority, record.ttl, record.delay, record.deliveries)
          record.kept = record.kept or {}
          record.kept[#record.kept + 1] = { queue, queue.count }
        end
      end
      record.number = n
      record.payload = record.from > 0 and string.sub(payload, record.from + 1) or payload
      live[#live + 1] = record
    end
  end
  at = at + record.length
end
-- order: a full server refuses what is kept before anybody hears of it.
store_all(queues, now)
local unheard, problem = {}, ''
for _, record in ipairs(live) do
  local heard = redis.pcall('PUBLISH', record.channel, record.payload)
  if type(heard) ~= 'number' then
    problem = heard.err
    unheard[#unheard + 1] = record.number
    refused[#refused + 1] = record.number
    for _, kept in ipairs(record.kept or {}) do take_back(kept[1], { kept[2] }) end
  end
end
announce_all(queues, now)
if noted then remember(base, link, first, count, ARGV[4], refused) end
return { 2, full, unheard, problem }
`

/**
 * To members of a multicast. KEYS: base, then the base keys of the members that the targets stand for. ARGV: as SEND.
 * Answers {[missing targets], [message, target, …]}: the second list tells which member was full.
 */
export const MULTICAST = `
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
`

/**
 * Answers to one requester. KEYS: the key that shows it alive. ARGV: its channel, payloads. Answers 0 when nobody is there.
 * Behind a Cluster PUBLISH does not know who listens at other nodes: there the key decides.
 */
export const ANSWER = `
local heard = CLUSTER and call('EXISTS', KEYS[1]) or 0
if CLUSTER and heard == 0 then return 0 end
for n = 2, #ARGV do heard = heard + call('PUBLISH', ARGV[1], ARGV[n]) end
return heard
`
