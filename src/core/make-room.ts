/** Bounds what is remembered: an entry more than it may hold takes the place of the oldest one. */
interface Kept<K> {
  readonly size: number
  keys(): Iterator<K>
  delete(key: K): boolean
}

/** Forgets the oldest entry of a map or set that has `most`; called before another one is added. */
export function makeRoom<K>(kept: Kept<K>, most: number): void {
  if (kept.size < most) return
  const { value, done } = kept.keys().next()
  if (!done) kept.delete(value)
}
