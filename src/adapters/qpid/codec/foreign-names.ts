/**
 * Native extras of other brokers, as message annotations: under the names that RabbitMQ's own conversion gives them where it has one, and
 * else under `x-opt-sluice-extra-NAME`, because the standard keeps names that do not begin with `x-` for itself.
 */
const OWN_PREFIX = 'x-opt-sluice-extra-'

const WIRE_NAMES: Readonly<Record<string, string>> = {
  type: 'x-basic-type',
  appId: 'x-basic-app-id',
  clusterId: 'x-basic-cluster-id',
}
const NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries(WIRE_NAMES).map(([name, wire]) => [wire, name]),
)

/** Annotation names are symbols: ASCII. */
const PLAIN_EXTRA = /^x-[\x21-\x7e]+$/

/** W3C's binding for AMQP puts these among the message annotations, by their own names. */
const TRACE: ReadonlySet<string> = new Set(['traceparent', 'tracestate'])

/** Name of the message annotation that holds the extra `name`. */
export function annotationName(name: string): string {
  if (Object.hasOwn(WIRE_NAMES, name)) return WIRE_NAMES[name]!
  if (TRACE.has(name)) return name
  const plain = PLAIN_EXTRA.test(name) && !name.startsWith(OWN_PREFIX) && !NAMES.has(name)
  return plain ? name : OWN_PREFIX + encodeURIComponent(name)
}

/** Inverse of {@link annotationName}; names of strangers stay as they are. */
export function extraName(annotation: string): string {
  const known = NAMES.get(annotation)
  if (known !== undefined) return known
  if (!annotation.startsWith(OWN_PREFIX)) return annotation
  try {
    return decodeURIComponent(annotation.slice(OWN_PREFIX.length))
  } catch {
    return annotation
  }
}
