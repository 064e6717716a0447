-- Handing a message over with the word that wakes its receiver.

-- What is handed over lies in the server's memory until the receiver has read it: a megabyte or two for each at most.
local HANDED_BYTES = 16384
local HANDED_AT_ONCE = 128

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
