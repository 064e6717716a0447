-- One turn of a receiver: verdicts, renewal of the lease, then what it can be handed.
--
-- ARGV: owner, lease in ms, deliveries wanted, most bytes, size of the first step, number of this claim (0: it is none), claim of the
-- place it knows that it had, messages it got there, ranks accepted, released, released unseen (each separated by spaces),
-- released with a delay (delay and rank in turn), '1' to share what little there is with the other receivers, '1' to look at the size of
-- each message before it is read: then they have no more than the most bytes together, but for a first one that has more.
--
-- Every claim takes the owner out of the line, also one that wants nothing; if it finds too little it puts it there again.
--
-- Answers {0}: no such queue; {1}: the lease had ended, and with it every delivery; {2, messages, rest, next, owners, handed, room}:
-- rest 0 if this was all and the owner now stands in the line, 1 if more may wait, 2 if more waits and should be left to the other
-- receivers for a moment; next: ms until something may be due, or -1; handed: messages handed over at the place it had before;
-- room: how many may be at the one it has now.

local base, now = KEYS[1], clock()
local owner, lease, want, number = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[6]
local facts = call('HMGET', base, 'type', 'expiresMs', 'autoDelete')
if not facts[1] then return { 0 } end
local owners, held = base .. '#owners', base .. '#held:' .. owner
local deadline = call('ZSCORE', owners, owner)
if not deadline then return { 1 } end
-- From here on all that it holds is its own: a lease ends for an owner as a whole.
if tonumber(deadline) - now < lease * 0.67 then call('ZADD', owners, now + lease, owner) end

-- order: first of all, so that nothing of this turn is handed to its own owner behind the answer.
local handed, called = 0, false
if number ~= '0' then
  local claim, room
  claim, room, handed = place_of(base, owner)
  if claim then
    call('HDEL', base .. '#places', owner)
    called = call('ZREM', base .. '#waiters', owner) == 0 and room > 0
    -- What it has not seen yet was not counted when it said how much it wants.
    want = math.max(0, want - handed + (claim == ARGV[7] and tonumber(ARGV[8]) or 0))
  else
    handed = 0
  end
end

if ARGV[9] ~= '' then
  local accepted = words(ARGV[9])
  forget(base, accepted)
  each('SREM', held, accepted)
end
local back = 0
for n = 10, 11 do
  if ARGV[n] ~= '' then
    local released = words(ARGV[n])
    back = back + give_back(base, released, now, n == 10, 0)
    each('SREM', held, released)
  end
end
if ARGV[12] ~= '' then
  local pairs_of = words(ARGV[12])
  for n = 1, #pairs_of, 2 do
    give_back(base, { pairs_of[n + 1] }, now, true, tonumber(pairs_of[n]))
    call('SREM', held, pairs_of[n + 1])
  end
end

back = back + recover_expired(base, now)
if call('EXISTS', base .. '#delayed', base .. '#exp', base .. '#in') > 0 then
  drop_expired(base, now, 500)
  back = back + promote(base, now, 500)
  drain(base, now, 500)
end

-- What is read without a look at its size: the next ones may be larger than those before.
local MOST_AT_ONCE = 100

-- From the front, what has no more than `room` bytes together; the first one of an answer in any case.
local function fitting(base, ranks, room, first)
  local found = {}
  for n = 1, #ranks do
    room = room - call('HSTRLEN', base .. '#msg', ranks[n])
    if room < 0 and not (first and n == 1) then break end
    found[n] = ranks[n]
  end
  return found
end

local messages, taken, bytes, rest, receivers = {}, 0, 0, 1, call('ZCARD', owners)
local limit = want
if want > 1 and receivers > 1 and ARGV[13] == '1' then
  limit = math.min(want, math.max(1, math.ceil(call('ZCARD', base .. '#ready') / receivers)))
end
if limit > 0 then
  local budget, step = tonumber(ARGV[4]), tonumber(ARGV[5])
  local counted = call('EXISTS', base .. '#deliveries') == 1
  local mortal = call('EXISTS', base .. '#exp') == 1
  while taken < limit and bytes < budget do
    local ranks = call('ZRANGE', base .. '#ready', 0, math.min(step, limit - taken) - 1)
    if #ranks == 0 then
      rest = 0
      break
    end
    if ARGV[14] == '1' then ranks = fitting(base, ranks, budget - bytes, taken == 0) end
    if #ranks == 0 then break end
    local payloads = call('HMGET', base .. '#msg', unpack(ranks))
    local counts = counted and call('HMGET', base .. '#deliveries', unpack(ranks))
    local ends = mortal and call('ZMSCORE', base .. '#exp', unpack(ranks))
    local mine, gone, foreign = {}, {}, {}
    for n = 1, #ranks do
      local payload, expiry = payloads[n], ends and ends[n] and tonumber(ends[n])
      if not is_rank(ranks[n]) then
        foreign[#foreign + 1] = ranks[n]
      elseif not payload or (expiry and expiry <= now) then
        gone[#gone + 1] = ranks[n]
      else
        local size, count = #payload, counts and tonumber(counts[n]) or 0
        -- Another program may have written any number.
        if not (count >= 0 and count < 1000000000) then count = 0 end
        mine[#mine + 1] = ranks[n]
        local flags = (count > 0 and 1 or 0) + (expiry and 2 or 0)
        messages[#messages + 1] = struct.pack('>dBI4', tonumber(ranks[n]), flags, size)
        if count > 0 then messages[#messages + 1] = struct.pack('>I4', count) end
        if expiry then
          messages[#messages + 1] = struct.pack('>d', expiry - now)
          call('HSET', base .. '#life', ranks[n], ends[n])
        end
        messages[#messages + 1] = payload
        taken = taken + 1
        bytes = bytes + size
      end
    end
    if #mine > 0 then each('SADD', held, mine) end
    if #gone > 0 then forget(base, gone) end
    if #foreign > 0 then adopt(base, foreign) end
    call('ZREMRANGEBYRANK', base .. '#ready', 0, #ranks - 1)
    if mortal then each('ZREM', base .. '#exp', ranks) end
    step = math.max(1, math.min(MOST_AT_ONCE, math.floor((budget - bytes) * taken / (bytes + 1))))
  end
end

if limit < want and taken == limit then rest = 2 end
-- More was pushed than one turn moves.
if rest == 0 and call('EXISTS', base .. '#in') == 1 then rest = 1 end

local room = 0
if rest == 0 then
  room = math.min(want - taken, HANDED_AT_ONCE)
  call('ZADD', base .. '#waiters', now, owner)
  call('HSET', base .. '#places', owner, number .. ' ' .. room .. ' 0')
end
-- What came back, or what it was called for and did not take, is for others.
if called and taken == 0 then back = back + 1 end
if back > 0 and rest > 0 then
  local left = call('ZCARD', base .. '#ready')
  if left > 0 then wake(base, math.min(left, back)) end
end
touch(base, now, facts[2], facts[3])

local next_due = -1
if rest == 0 then
  local first = tonumber(call('ZRANGE', base .. '#delayed', 0, 0, 'WITHSCORES')[2])
  local oldest = call('ZRANGE', owners, 0, 0, 'WITHSCORES')
  if oldest[1] ~= owner then
    local ends = tonumber(oldest[2])
    if not first or ends < first then first = ends end
  end
  if first then next_due = math.max(0, first - now) end
end
return { 2, table.concat(messages), rest, next_due, receivers, handed, room }
