/** Figures as people read them: grouped, with few digits, never jumping in width more than they must. */
const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const SHORT = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 })

/** `1,234,567`; absent figures are a dash. */
export function whole(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? '–' : WHOLE.format(value)
}

/** `1.23M`, for axes and tight places. */
export function short(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? '–' : SHORT.format(value)
}

/** `+12.5/s`. What is below a hundredth is nothing. */
export function rate(perSecond: number | undefined): string {
  if (perSecond === undefined || Number.isNaN(perSecond)) return '–'
  const size = Math.abs(perSecond)
  if (size < 0.01) return '0/s'
  const digits = size >= 100 ? short(Math.round(size)) : size >= 10 ? size.toFixed(1) : size.toFixed(2)
  return `${perSecond > 0 ? '+' : '−'}${digits}/s`
}

/** `0.42 ms`, `12 ms`, `1.2 s`. */
export function milliseconds(ms: number | undefined): string {
  if (ms === undefined || Number.isNaN(ms)) return '–'
  if (ms < 10) return `${ms.toFixed(ms < 1 ? 2 : 1)} ms`
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB']

/** `512 B`, `1.5 KiB`, `16 MiB`. */
export function bytes(count: number | undefined): string {
  if (count === undefined) return '–'
  let value = count
  let unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : Number(value.toFixed(1))} ${UNITS[unit]}`
}

/** `1 message`, `2 messages`. */
export function counted(count: number, noun: string): string {
  return `${whole(count)} ${noun}${count === 1 ? '' : 's'}`
}
