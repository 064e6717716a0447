/** Which broker answered, by what it says of itself when the connection opens. */
import { artemis } from './products/artemis.ts'
import { brokerJ } from './products/broker-j.ts'
import { other } from './products/other.ts'
import type { Profile } from './products/profile.ts'
import { rabbitmq3, rabbitmq4 } from './products/rabbitmq.ts'

export interface Product {
  readonly product: string
  readonly version: string
  readonly profile: Profile
}

export function productOf(properties: Readonly<Record<string, unknown>> | undefined): Product {
  const product = String(properties?.product ?? 'AMQP 1.0 broker')
  const version = String(properties?.version ?? 'unknown')
  return { product, version, profile: profileOf(product, version) }
}

function profileOf(product: string, version: string): Profile {
  if (/broker-j/i.test(product)) return brokerJ
  if (/rabbitmq/i.test(product)) return Number.parseInt(version, 10) >= 4 ? rabbitmq4 : rabbitmq3
  if (/artemis/i.test(product)) return artemis
  return other
}
