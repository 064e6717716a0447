/** Whether a text can be found anywhere in what a listener is given: in every string, buffer, key and property, however deep. */

/** Objects looked through at most: sockets and parsers hang on to a whole client. */
const MOST = 50_000

/** All texts that `value` holds, bytes as Latin-1, one after the other. */
export function everythingIn(value: unknown): string {
  const seen = new Set<unknown>()
  const texts: string[] = []
  const open: unknown[] = [value]
  while (open.length > 0) {
    const next = open.pop()
    if (typeof next === 'string') texts.push(next)
    if ((typeof next !== 'object' && typeof next !== 'function') || next === null || seen.has(next)) continue
    seen.add(next)
    if (seen.size > MOST) throw new Error('This is too large to be looked through')
    if (next instanceof Uint8Array) {
      texts.push(Buffer.from(next.buffer, next.byteOffset, next.byteLength).toString('latin1'))
      continue
    }
    if (next instanceof Map) open.push(...next.keys(), ...next.values())
    if (next instanceof Set) open.push(...next)
    for (const key of Reflect.ownKeys(next)) {
      texts.push(String(key))
      const { value: own } = Object.getOwnPropertyDescriptor(next, key)!
      open.push(own)
    }
  }
  return texts.join('\n')
}
