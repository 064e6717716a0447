/**
 * Lua functions that the scripts share: clock, places in a queue, wake-ups. Every function takes the base key of a queue (or of a
 * named subscription) and changes only keys that begin with it, so that a script touches one hash slot.
 *
 * Parts of a queue, behind its base key:
 *
 *     (none)        hash    type, spec and limits as declared; seq: the last place given; holder: the exclusive owner
 *     #ready        zset    rank → rank                what can be claimed
 *     #delayed      zset    rank → due time
 *     #exp          zset    rank → end of life         only of what waits
 *     #msg          hash    rank → payload             all messages, handed out or not
 *     #deliveries   hash    rank → earlier deliveries  only where there were some
 *     #owners       zset    owner → end of its lease   the receivers attached
 *     #held:OWNER   set     ranks handed out to it
 *     #life         hash    rank → end of life         of what is handed out
 *     #waiters      zset    owner → since when         receivers that found too little: the line
 *     #places       hash    owner → its place          in the line, or the last one it had there: see below
 *     #watchers     zset    owner → end of interest    browsers that follow
 *     #in           list    bodies pushed by foreign clients, not yet in the queue
 *     #sent:LINK    string  number of the last message stored for a sender; ends by itself
 *
 * A place is «claim room handed»: the number of the claim it was taken with, how many messages can still be handed over at
 * it, and how many were. It stays until the next claim of that owner, so that an answer can tell what was handed over before it.
 *
 * A rank is (9 - priority) * 2^49 + place: the order of delivery, the identity of a message in its queue, and its way
 * back to its old place, all in one number.
 */
export const LIBRARY = `
local call = redis.call
local BAND = 562949953421312
local NORMAL = 4
local SENT_MS = 600000
-- What is handed over lies in the server's memory until the receiver has read it: a megabyte or two for each at most.
local HANDED_BYTES = 16384
local HANDED_AT_ONCE = 128

local function clock()
  local time = call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- Lua prints large numbers rounded.
local function text_of(rank)
  return string.format('%.0f', rank)
end

-- A variadic command in slices, because unpack() has a limit. Even, for pairs.
local function each(command, key, list)
  local result = 0
  for first = 1, #list, 4000 do
    result = result + call(command, key, unpack(list, first, math.min(first + 3999, #list)))
  end
  return result
end

local function words(text)
  local list, count = {}, 0
  for word in string.gmatch(text, '%S+') do
    count = count + 1
    list[count] = word
  end
  return list
end

-- Other programs may have put anything there: what is no rank must not be taken for one.
local function is_rank(text)
  return #text <= 16 and string.find(text, '^[1-9]%d*$') and tonumber(text) < 10 * BAND
end

-- An owner is CONNECTION.LINK.SERVER.CLIENT. Answers how many heard it; nil where this user may not publish: receivers then find out when they
-- look by themselves.
local function notify(owner, word)
  local connection, link = string.match(owner, '^([^.]+)%.(%d+)')
  if not connection then return 0 end
  local heard = redis.pcall('PUBLISH', PREFIX .. ':wake:' .. connection, link .. word)
  return type(heard) == 'number' and heard or nil
end

-- Claim, room and count of what was handed over; nothing if the owner never stood in the line.
local function place_of(base, owner)
  local place = call('HGET', base .. '#places', owner)
  if not place then return nil end
  local claim, room, handed = string.match(place, '(%d+) (%d+) (%d+)')
  return claim, tonumber(room), tonumber(handed)
end

-- Tells up to count waiting receivers, the longest waiting first. Behind a Cluster nobody knows who listens.
local function wake(base, count)
  while count > 0 do
    local owner = call('ZPOPMIN', base .. '#waiters')[1]
    if not owner then return end
    local claim = place_of(base, owner)
    local heard = notify(owner, claim and ' ' .. claim or '')
    if not heard then
      -- Somebody else may wake it.
      redis.pcall('ZADD', base .. '#waiters', 0, owner)
      return
    end
    if heard > 0 or CLUSTER then count = count - 1 end
  end
end

local function forget(base, ranks)
  each('HDEL', base .. '#msg', ranks)
  if call('EXISTS', base .. '#deliveries', base .. '#life') > 0 then
    each('HDEL', base .. '#deliveries', ranks)
    each('HDEL', base .. '#life', ranks)
  end
end

-- Under a name that is no rank: what is a message all the same takes a place of its own with the next look of a receiver.
local function adopt(base, names)
  for _, name in ipairs(names) do
    local payload = call('HGET', base .. '#msg', name)
    if payload then call('RPUSH', base .. '#in', payload) end
  end
  forget(base, names)
end

-- order: in all that follows, what makes a message reachable is written first, and what made it so before goes last. A script that fails in its
-- middle (this user may not run a command, a key was overwritten by another program) then loses nothing, and is made good by the next.

local function drop_expired(base, now, limit)
  local expired = call('ZRANGEBYSCORE', base .. '#exp', '-inf', now, 'LIMIT', 0, limit)
  if #expired == 0 then return 0 end
  forget(base, expired)
  each('ZREM', base .. '#ready', expired)
  each('ZREM', base .. '#delayed', expired)
  each('ZREM', base .. '#exp', expired)
  return #expired
end

-- A delayed message counts as sent when it falls due; a delayed release goes to its old place.
local function promote(base, now, limit)
  local due = call('ZRANGEBYSCORE', base .. '#delayed', '-inf', now, 'LIMIT', 0, limit)
  if #due == 0 then return 0 end
  for _, rank in ipairs(due) do
    if not is_rank(rank) then
      adopt(base, { rank })
    elseif call('HEXISTS', base .. '#deliveries', rank) == 1 then
      call('ZADD', base .. '#ready', rank, rank)
    else
      local fresh = text_of(math.floor(tonumber(rank) / BAND) * BAND + call('HINCRBY', base, 'seq', 1))
      local payload = call('HGET', base .. '#msg', rank)
      if payload then
        local expiry = call('ZSCORE', base .. '#exp', rank)
        if expiry then call('ZADD', base .. '#exp', expiry, fresh) end
        call('ZADD', base .. '#ready', fresh, fresh)
        call('HSET', base .. '#msg', fresh, payload)
        call('HDEL', base .. '#msg', rank)
        if expiry then call('ZREM', base .. '#exp', rank) end
      end
    end
  end
  each('ZREM', base .. '#delayed', due)
  return #due
end

-- What was handed out waits again, at its old place or until it is due. What expired meanwhile is gone.
local function give_back(base, ranks, now, counted, delay)
  local back, gone, mortal_ones, foreign = {}, {}, {}, {}
  local mortal = call('EXISTS', base .. '#life') == 1
  for _, rank in ipairs(ranks) do
    local expiry = mortal and tonumber(call('HGET', base .. '#life', rank))
    if not is_rank(rank) then
      foreign[#foreign + 1] = rank
    elseif expiry and expiry <= now then
      gone[#gone + 1] = rank
    else
      if expiry then
        call('ZADD', base .. '#exp', expiry, rank)
        mortal_ones[#mortal_ones + 1] = rank
      end
      -- Another program may have put anything there.
      if counted and type(redis.pcall('HINCRBY', base .. '#deliveries', rank, 1)) ~= 'number' then
        call('HSET', base .. '#deliveries', rank, 1)
      end
      back[#back + 1] = delay > 0 and now + delay or rank
      back[#back + 1] = rank
    end
  end
  each('ZADD', base .. (delay > 0 and '#delayed' or '#ready'), back)
  each('HDEL', base .. '#life', mortal_ones)
  if #gone > 0 then forget(base, gone) end
  if #foreign > 0 then adopt(base, foreign) end
  return #back / 2
end

-- Everything an owner holds goes back, as delivered once more; the owner is no more.
local function recover(base, owner, now)
  local held = base .. '#held:' .. owner
  local ranks, back = redis.pcall('SMEMBERS', held), 0
  -- A key that another program has overwritten must not keep the others from receiving.
  if not ranks.err then
    if #ranks > 0 then back = give_back(base, ranks, now, true, 0) end
    call('DEL', held)
  end
  call('ZREM', base .. '#owners', owner)
  call('ZREM', base .. '#waiters', owner)
  call('HDEL', base .. '#places', owner)
  if call('HGET', base, 'holder') == owner then call('HDEL', base, 'holder') end
  return back
end

local function recover_expired(base, now)
  local back = 0
  for _, owner in ipairs(call('ZRANGEBYSCORE', base .. '#owners', '-inf', now, 'LIMIT', 0, 8)) do
    back = back + recover(base, owner, now)
  end
  return back
end

-- Where the places of a node begin that is made now: behind those of an earlier one, of which something may be left (another
-- program deleted some of its keys), unless that had more than a hundred messages in each millisecond of its life.
local function first_place(now)
  return now * 100
end

local PARTS = { '', '#ready', '#delayed', '#exp', '#msg', '#deliveries', '#owners', '#life', '#waiters', '#places', '#watchers', '#in', '#subs' }

local function expire_parts(base, at)
  for _, part in ipairs(PARTS) do call('PEXPIREAT', base .. part, at) end
  for _, owner in ipairs(call('ZRANGE', base .. '#owners', 0, -1)) do
    call('PEXPIREAT', base .. '#held:' .. owner, at)
  end
end

-- The queue is in use now: the clock of its end starts anew, behind the leases of its receivers.
local function touch(base, now, expires, auto_delete)
  if not expires and not auto_delete then return end
  expires = tonumber(expires)
  local lease = tonumber(call('ZRANGE', base .. '#owners', -1, -1, 'WITHSCORES')[2])
  if expires then
    expire_parts(base, math.max(now, lease or 0) + expires)
  elseif lease then
    expire_parts(base, lease + 1000)
  end
end

-- Keys that were just made end with the others.
local function inherit_end(base, now)
  local left = call('PTTL', base)
  if left > 0 then expire_parts(base, now + left) end
end

-- The table of a topic's kept subscriptions gets another version. The first one is of its time, so that no publisher takes the table of a
-- topic that was made anew for the one it knows. A topic that is gone stays so.
local function changed(topic, now)
  if call('HEXISTS', topic, 'type') == 0 then return end
  if call('HINCRBY', topic, 'version', 1) == 1 then call('HSET', topic, 'version', text_of(now)) end
end

local function delete_node(base)
  local owners = redis.pcall('ZRANGE', base .. '#owners', 0, -1)
  local watchers = redis.pcall('ZRANGE', base .. '#watchers', 0, -1)
  -- Without a place to look, there is nobody to tell.
  for _, owner in ipairs(owners.err and {} or owners) do
    call('UNLINK', base .. '#held:' .. owner)
    notify(owner, '')
  end
  for _, owner in ipairs(watchers.err and {} or watchers) do notify(owner, '') end
  local existed = call('EXISTS', base)
  for _, part in ipairs(PARTS) do call('UNLINK', base .. part) end
  return existed
end
`

/** Storing messages: used by whatever sends. */
export const STORING = `
-- Opens a queue for messages; nil when there is none.
local function open_queue(base, now)
  local facts = call('HMGET', base, 'type', 'seq', 'maxLength', 'ttlMs', 'expiresMs', 'watched', 'autoDelete')
  if not facts[1] then return nil end
  local seq, limit = tonumber(facts[2]), tonumber(facts[3])
  if not seq then
    seq = first_place(now)
    call('HSET', base, 'seq', text_of(seq))
  end
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

local function tell_watchers(queue, now)
  local watchers = call('ZRANGEBYSCORE', queue.base .. '#watchers', now, '+inf')
  if #watchers == 0 then call('HDEL', queue.base, 'watched') end
  for _, owner in ipairs(watchers) do notify(owner, '') end
end

-- A single message goes straight to the first in the line, with the word that wakes it: no question, no second step. It is held for that
-- receiver as if it had asked. Behind a Cluster nobody knows who listens.
local function may_take(queue, now)
  local base, payload = queue.base, queue.messages[2]
  if CLUSTER or queue.count > 1 or queue.ready_count < 1 or queue.counts then return nil end
  local owner = call('ZRANGE', base .. '#waiters', 0, 0)[1]
  if not owner or #payload > HANDED_BYTES or call('EXISTS', base .. '#ready') == 1 then return nil end
  local claim, room, handed = place_of(base, owner)
  local lease = call('ZSCORE', base .. '#owners', owner)
  if not claim or room < 1 or not lease or tonumber(lease) <= now then return nil end
  return { owner = owner, claim = claim, room = room, handed = handed }
end

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

-- Whether the receiver that a message is held for has heard of it; else it waits.
local function hand_over(queue, now)
  local base, rank, payload, taker = queue.base, queue.messages[1], queue.messages[2], queue.taker
  local owner, room = taker.owner, taker.room
  local record = struct.pack('>dBI4', tonumber(rank), queue.expiry and 2 or 0, #payload)
  if queue.expiry then record = record .. struct.pack('>d', queue.expiry[1] - now) end
  local heard = notify(owner, ' ' .. taker.claim .. ' ' .. record .. payload)
  if not heard or heard == 0 then
    write_waiting(queue)
    call('SREM', base .. '#held:' .. owner, rank)
    if queue.expiry then call('HDEL', base .. '#life', rank) end
    return false
  end
  call('HSET', base .. '#places', owner, taker.claim .. ' ' .. room - 1 .. ' ' .. taker.handed + 1)
  if room > 1 then
    call('ZADD', base .. '#waiters', now, owner)
  else
    call('ZREM', base .. '#waiters', owner)
  end
  return true
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

-- Stores what was put into some queues: all of it, or nothing and an error.
local function store_all(queues, now)
  for _, queue in pairs(queues) do
    local stored, problem = true, nil
    if queue.count > 0 then stored, problem = pcall(store, queue, now) end
    if not stored then
      for _, each_queue in pairs(queues) do
        local all = {}
        for n = 1, each_queue.count do all[n] = n end
        take_back(each_queue, all)
      end
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

-- Reads the next message of a batch: see records.ts.
local function next_record(batch, at)
  local record = { priority = NORMAL, ttl = 0, delay = 0, deliveries = 0 }
  local flags
  flags, record.length, at = struct.unpack('>BI4', batch, at)
  if flags == 0 then return record, at end
  if bit.band(flags, 1) ~= 0 then
    record.priority, record.ttl, record.delay, record.deliveries, at = struct.unpack('>BddI4', batch, at)
  end
  if bit.band(flags, 2) ~= 0 then
    local count
    count, at = struct.unpack('>B', batch, at)
    record.attempts = {}
    for n = 1, count do
      local size, number
      size, at = struct.unpack('>B', batch, at)
      local link = string.sub(batch, at, at + size - 1)
      number, at = struct.unpack('>d', batch, at + size)
      record.attempts[n] = { link, number }
    end
  end
  if bit.band(flags, 4) ~= 0 then
    local count
    count, at = struct.unpack('>I2', batch, at)
    record.targets = {}
    for n = 1, count do record.targets[n], at = struct.unpack('>I2', batch, at) end
  end
  if bit.band(flags, 8) ~= 0 then
    local size
    size, at = struct.unpack('>I4', batch, at)
    record.channel = string.sub(batch, at, at + size - 1)
    record.from, at = struct.unpack('>I4', batch, at + size)
  end
  return record, at
end

-- Whether an earlier attempt of a message that is sent again was stored. Its link is closed by that: what an old connection still has on
-- its way must not be stored behind. The note of a closed link is negative: -1 - N, where N was the last number.
local function was_stored(base, record)
  for _, attempt in ipairs(record.attempts or {}) do
    local note = base .. '#sent:' .. attempt[1]
    local last = tonumber(call('GET', note) or 0)
    if last >= 0 then
      last = -1 - last
      -- A full server may refuse it, as it will what comes late.
      redis.pcall('SET', note, text_of(last), 'PX', SENT_MS)
    end
    if attempt[2] <= -1 - last then
      return not call('ZSCORE', base .. '#refused:' .. attempt[1], attempt[2])
    end
  end
  return false
end

-- Whether nothing may be stored now: messages of the same sender that go before these are still on their way (a call whose script the
-- server had forgotten is made again behind later ones), or all of them were sent again on another connection.
local function comes_early(base, link, first, answered)
  if link == '' then return false end
  local last = tonumber(call('GET', base .. '#sent:' .. link) or 0)
  return last < 0 or math.max(last, tonumber(answered)) + 1 < first
end

-- Notes how far a sender has come, and what was refused of it since the last answer it has seen.
local function remember(base, link, first, count, answered, refused)
  if link == '' then return end
  -- A full server may refuse the note; the outcome of the messages stands.
  redis.pcall('SET', base .. '#sent:' .. link, text_of(first + count - 1), 'PX', SENT_MS)
  if #refused == 0 then return end
  local key = base .. '#refused:' .. link
  redis.pcall('ZREMRANGEBYSCORE', key, '-inf', answered)
  for _, n in ipairs(refused) do redis.pcall('ZADD', key, first + n - 1, first + n - 1) end
  redis.pcall('PEXPIRE', key, SENT_MS)
end
`
