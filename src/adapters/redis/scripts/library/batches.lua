-- Batches of a sender: reading them, and the notes of what was stored.

-- How long a note is kept. Unit: ms.
local SENT_MS = 600000

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
    count, at = struct.unpack('>I4', batch, at)
    record.targets = {}
    for n = 1, count do record.targets[n], at = struct.unpack('>I4', batch, at) end
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
    local last = tonumber(call('GET', note) or 0) or 0
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
  local last = tonumber(call('GET', base .. '#sent:' .. link) or 0) or 0
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
