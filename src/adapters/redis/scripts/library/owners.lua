-- Receivers that are attached, and what they hold.

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
