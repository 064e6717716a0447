-- Puts due, expired and pushed messages where they belong, as the next receiver would. ARGV: how many at most of each. Answers how many
-- were moved.

local base, now, limit = KEYS[1], clock(), tonumber(ARGV[1])
if call('EXISTS', base) == 0 then return 0 end
local moved = drop_expired(base, now, limit) + promote(base, now, limit) + drain(base, now, limit)
if moved > 0 then wake(base, moved) end
-- Large ones that were pushed are moved a few at a time.
return call('EXISTS', base .. '#in') == 1 and math.max(moved, limit) or moved
