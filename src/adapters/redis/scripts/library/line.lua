-- The line of receivers that found too little, and the words that wake them.

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
