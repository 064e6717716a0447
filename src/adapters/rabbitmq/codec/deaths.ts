/** The broker's own record of dead-lettering (`x-death`), in Sluice's words. Pure. */

import { isHold, subscriptionOf } from '../nodes/topology.ts'
import type { FieldTable, FieldValue } from '../wire/field-table.ts'
import { DEATHS } from './headers.ts'
import { isTable } from './property-codec.ts'

export interface Death {
  /** `rejected`, `expired`, `maxlen` or `delivery_limit`. */
  readonly reason: string
  /** How often it died there: deliveries are at least as many. */
  readonly count: number
  /** Node it came from: a queue, or `topic/subscription`. */
  readonly origin: string
  /** What it was published with, if it came by an exchange. */
  readonly subject: string | undefined
}

/** The last time the broker moved the message away for good; being held back for a delay is none. */
export function lastDeath(headers: FieldTable): Death | undefined {
  const deaths = headers[DEATHS]
  if (!Array.isArray(deaths)) return undefined
  for (const death of deaths) {
    if (!isTable(death)) continue
    const { queue, reason, count, exchange } = death
    if (typeof queue !== 'string' || isHold(queue)) continue
    return {
      reason: typeof reason === 'string' ? reason : 'unknown',
      count: typeof count === 'number' ? count : 1,
      origin: originOf(queue),
      subject: exchange === '' ? undefined : firstText(death['routing-keys']),
    }
  }
  return undefined
}

function originOf(queue: string): string {
  const subscription = subscriptionOf(queue)
  return subscription ? `${subscription.topic}/${subscription.name}` : queue
}

function firstText(keys: FieldValue | undefined): string | undefined {
  const first = Array.isArray(keys) ? keys[0] : undefined
  return typeof first === 'string' && first !== '' ? first : undefined
}
