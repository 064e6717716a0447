-- Clock, numbers and ranks.
--
-- A rank is (9 - priority) * 2^49 + place: the order of delivery, the identity of a message in its queue, and its way
-- back to its old place, all in one number.

-- What the server refuses inside a script it refuses without saying what it was: the error's text ends with it.
local function call(command, ...)
  local reply = redis.pcall(command, ...)
  if type(reply) == 'table' and reply.err then
    error({ err = reply.err .. ' [' .. command .. ' ' .. ((...) or '') .. ']' })
  end
  return reply
end

local BAND = 562949953421312
local NORMAL = 4

-- Unit: ms. As far from 1970 as a date can be.
local LONGEST_MS = 8640000000000000

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
