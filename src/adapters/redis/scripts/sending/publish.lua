-- To a topic. KEYS: base, then the base keys its targets stand for. ARGV: as send.lua, then the version of the table of kept subscriptions
-- that the batch was matched with. Answers {0}: no such topic; {1, version, table}: match again;
-- {2, [message, target, …], [message, …], error}: done, with the messages that were refused because that target is full, and those that
-- this user may not publish.
--
-- A message goes to all or to nobody, so that sending again after a refusal doubles nothing.

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
    problem = heard.err .. ' [PUBLISH ' .. record.channel .. ']'
    unheard[#unheard + 1] = record.number
    refused[#refused + 1] = record.number
    for _, kept in ipairs(record.kept or {}) do take_back(kept[1], { kept[2] }) end
  end
end
announce_all(queues, now)
if noted then remember(base, link, first, count, ARGV[4], refused) end
return { 2, full, unheard, problem }
