/** Nobody reads deeper, and what a stranger sent must not end the program that logs it. */
const MAX_DEPTH = 200

/** Values as JSON can hold them, for logs: big integers as text, bytes in base64, `…` for what is nested deeper than 200. */
export function loggable(value: unknown, depth = 0): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return base64(value)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (depth >= MAX_DEPTH) return '…'
  if (Array.isArray(value)) return value.map((item) => loggable(item, depth + 1))
  const plain: Record<string, unknown> = Object.create(null)
  for (const [key, item] of Object.entries(value)) plain[key] = loggable(item, depth + 1)
  return plain
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
