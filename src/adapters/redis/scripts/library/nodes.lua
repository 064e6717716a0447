-- A node as a whole. Functions take its base key and change only keys that begin with it, so that a script touches one hash slot.
--
-- Parts of a queue, behind its base key:
--
--     (none)        hash    type, spec and limits as declared; seq: the last place given; holder: the exclusive owner
--     #ready        zset    rank → rank                what can be claimed
--     #delayed      zset    rank → due time
--     #exp          zset    rank → end of life         only of what waits
--     #msg          hash    rank → payload             all messages, handed out or not
--     #deliveries   hash    rank → earlier deliveries  only where there were some
--     #owners       zset    owner → end of its lease   the receivers attached
--     #held:OWNER   set     ranks handed out to it
--     #life         hash    rank → end of life         of what is handed out
--     #waiters      zset    owner → since when         receivers that found too little: the line
--     #places       hash    owner → its place          in the line, or the last one it had there: see below
--     #watchers     zset    owner → end of interest    browsers that follow
--     #in           list    bodies pushed by foreign clients, not yet in the queue
--     #sent:LINK    string  number of the last message stored for a sender; ends by itself
--
-- A place is «claim room handed»: the number of the claim it was taken with, how many messages can still be handed over at
-- it, and how many were. It stays until the next claim of that owner, so that an answer can tell what was handed over before it.

local PARTS = { '', '#ready', '#delayed', '#exp', '#msg', '#deliveries', '#owners', '#life', '#waiters', '#places', '#watchers', '#in', '#subs' }

-- Where the places of a node begin that is made now: behind those of an earlier one, of which something may be left (another
-- program deleted some of its keys), unless that had more than a hundred messages in each millisecond of its life.
local function first_place(now)
  return now * 100
end

-- Beyond what a date can be, the server would take the number for none.
local function expire_parts(base, at)
  at = text_of(math.min(math.ceil(at), LONGEST_MS))
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
