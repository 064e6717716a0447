/** Values as JSON can hold them, for people and simple programs: big numbers as text, bytes in base64. */

export function jsonable(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (Array.isArray(value)) return value.map(jsonable)
  if ('toJSON' in value && typeof value.toJSON === 'function') return jsonable(value.toJSON())
  const plain: Record<string, unknown> = Object.create(null)
  for (const [key, item] of Object.entries(value)) plain[key] = jsonable(item)
  return plain
}
