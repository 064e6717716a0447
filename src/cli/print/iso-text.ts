/** `undefined` for a `Date` that holds no time: a stranger's value ends no program. */
export function isoText(date: Date): string | undefined {
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}
