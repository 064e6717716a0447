/** An address that makes its queue when it is missing; one that has options of its own, or a name of the configuration, is left as it is. */
export function madeWhenMissing(address: string): string {
  const text = address.trim()
  return text.includes(';') || text.startsWith('@') ? text : `${text}; {create: always}`
}
