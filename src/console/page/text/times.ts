/** Points in time: how long ago in a list, exact in the details. */
const STEPS: readonly (readonly [limit: number, unit: number, name: string])[] = [
  [60_000, 1000, 's'],
  [3_600_000, 60_000, 'min'],
  [86_400_000, 3_600_000, 'h'],
  [Number.POSITIVE_INFINITY, 86_400_000, 'd'],
]

/** `3 s`, `12 min`, `5 h`, `40 d`; what lies ahead has a plus. */
export function ago(at: number | undefined, now = Date.now()): string {
  if (at === undefined || !Number.isFinite(at)) return ''
  const size = Math.abs(now - at)
  if (size < 1000) return 'now'
  const [, unit, name] = STEPS.find(([limit]) => size < limit)!
  return `${at > now ? '+' : ''}${Math.floor(size / unit)} ${name}`
}

/** `2026-11-30 09:41:07.123`, in the time zone of the browser; a value that is no time is said so. */
export function exact(at: number | undefined): string {
  if (at === undefined) return ''
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return 'not a time'
  const local = new Date(at - date.getTimezoneOffset() * 60_000)
  if (Number.isNaN(local.getTime())) return date.toISOString()
  return local.toISOString().replace('T', ' ').replace('Z', '')
}

/** `10:41:07`. */
export function clock(at: number): string {
  return exact(at).slice(-12, -4)
}

/** `1 d 2 h`, `500 ms`: a length of time, for TTL. */
export function span(ms: number): string {
  if (ms < 1000) return `${ms} ms`
  const parts: string[] = []
  let left = ms
  for (const [, unit, name] of [...STEPS].reverse()) {
    const count = Math.floor(left / unit)
    if (count > 0) parts.push(`${count} ${name}`)
    left -= count * unit
  }
  return parts.slice(0, 2).join(' ')
}
