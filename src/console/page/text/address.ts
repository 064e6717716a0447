/** Addresses that make their node: durable, as the library's own `queue()` does. */

/** For a queue that may be missing. What has options of its own, or is a name of the configuration, is left as it is. */
export function madeWhenMissing(address: string): string {
  const text = address.trim()
  return text.includes(';') || text.startsWith('@') ? text : made(text, 'queue')
}

export function made(name: string, type: string): string {
  const node = type === 'queue' ? '{type: queue, durable: true}' : `{type: ${type}}`
  return `${name.trim()}; {create: always, node: ${node}}`
}
