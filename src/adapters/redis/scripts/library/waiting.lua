-- Messages that wait: they fall due, expire, come back.
--
-- order: what makes a message reachable is written first, and what made it so before goes last. A script that fails in its
-- middle (this user may not run a command, a key was overwritten by another program) then loses nothing, and is made good by the next.

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
  last_place(base, call('HGET', base, 'seq'), now)
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
