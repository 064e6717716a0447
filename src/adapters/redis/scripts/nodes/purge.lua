-- Removes some of what waits. KEYS: base. ARGV: how many at most of each kind. Answers how many it were.

local base, removed = KEYS[1], 0
for _, part in ipairs({ '#ready', '#delayed' }) do
  local ranks = call('ZRANGE', base .. part, 0, tonumber(ARGV[1]) - 1)
  if #ranks > 0 then
    forget(base, ranks)
    each('ZREM', base .. '#exp', ranks)
    each('ZREM', base .. part, ranks)
    removed = removed + #ranks
  end
end
local pushed = math.min(call('LLEN', base .. '#in'), tonumber(ARGV[1]))
if pushed > 0 then call('LTRIM', base .. '#in', pushed, -1) end
return removed + pushed
