/** Which broker answered, by what it says of itself when the connection opens. */

/** What a broker's kind decides: whether there is Broker-J's management, and what the adapter may promise. */
export type BrokerKind = 'broker-j' | 'rabbitmq' | 'artemis' | 'other'

export interface Product {
  readonly kind: BrokerKind
  readonly product: string
  readonly version: string
}

export function productOf(properties: Readonly<Record<string, unknown>> | undefined): Product {
  const product = String(properties?.product ?? 'AMQP 1.0 broker')
  return { kind: kindOf(product), product, version: String(properties?.version ?? 'unknown') }
}

function kindOf(product: string): BrokerKind {
  if (/broker-j/i.test(product)) return 'broker-j'
  if (/rabbitmq/i.test(product)) return 'rabbitmq'
  if (/artemis/i.test(product)) return 'artemis'
  return 'other'
}
