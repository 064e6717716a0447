/** Values as JSON can hold them, for people and simple programs: big numbers as text, bytes in base64. */

/** Nobody reads deeper, and what a stranger sent must end no tool. */
const MAX_DEPTH = 200

/** What is nested deeper than 200 is `…`. */
export function jsonable(value: unknown, depth = 0): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (depth >= MAX_DEPTH) return '…'
  if (Array.isArray(value)) return value.map((item) => jsonable(item, depth + 1))
  if ('toJSON' in value && typeof value.toJSON === 'function') return jsonable(value.toJSON(), depth + 1)
  const plain: Record<string, unknown> = Object.create(null)
  for (const [key, item] of Object.entries(value)) plain[key] = jsonable(item, depth + 1)
  return plain
}
