-- A rejected message moves to another queue. KEYS: base, base of the other queue (in one slot). ARGV: owner, rank,
-- priority, payload of the dead letter. Answers 0: the delivery was lost; 1: no such other queue; 2: done.

local base, now = KEYS[1], clock()
if not call('ZSCORE', base .. '#owners', ARGV[1]) then return 0 end
local queue = open_queue(KEYS[2], now)
if not queue then return 1 end
put(queue, now, ARGV[4], tonumber(ARGV[3]), 0, 0, 0)
close_queues({ queue }, now)
-- order: the letter is safe before the original goes.
forget(base, { ARGV[2] })
call('SREM', base .. '#held:' .. ARGV[1], ARGV[2])
return 2
