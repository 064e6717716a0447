/**
 * On `file:` a broker is as long there as a command runs. What one command makes for the next one is kept, unless the
 * address says otherwise: a broker that lives on would have it as well.
 */
import type { Library } from './library.ts'

/** The address with a durable node, where it makes one and does not speak of that. */
export function keptAddress({ parseAddress, formatAddress }: Library, text: string): string {
  const address = parseAddress(text)
  const { create, node = {} } = address.options ?? {}
  if (create === undefined || create === 'never' || !isMap(node) || 'durable' in node) return text
  return formatAddress({ ...address, options: { ...address.options, node: { ...node, durable: true } } })
}

function isMap(value: unknown): value is Record<string, never> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
