/**
 * All of a message beside its body as one piece of bytes, for dumps:
 *
 * ```text
 * version (1) | length, exchange | length, routing key | content header: flags and properties
 * ```
 */

/** Version of the form. */
export const WIRE_FORM = 1

export function wireFormOf(place: { exchange: string; routingKey: string }, header: Buffer): Uint8Array {
  const exchange = Buffer.from(place.exchange)
  const routingKey = Buffer.from(place.routingKey)
  const lengths = [Buffer.of(WIRE_FORM, exchange.length), exchange, Buffer.of(routingKey.length), routingKey]
  return Buffer.concat([...lengths, header])
}
