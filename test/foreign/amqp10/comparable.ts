/** Values as what is compared by content: records of any prototype, bytes of any class. */
export function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('hex') }
  if (value instanceof Date) return { ms: value.getTime() }
  if (Array.isArray(value)) return value.map(comparable)
  if (typeof value !== 'object' || value === null) return value
  return new Map(Object.entries(value).map(([name, item]) => [name, comparable(item)]))
}
