/** Looking at what waits: a link that is opened for one answer and closed with it. */
import { isMessagingError, type ReceivedMessage } from '../../index.ts'
import { type Condition, readCondition } from '../../tools/message/condition.ts'
import type { Broker } from '../brokers/broker.ts'
import { CALL_MS } from '../brokers/broker.ts'
import { Refused } from '../errors.ts'
import { lookedAt } from '../nodes/address.ts'

/** Fetched ahead: bounds what large bodies take. Unit: messages. */
const CREDIT = 50
/** Looks at once, over all brokers; each holds what it has fetched ahead. */
const MAX_LOOKS = 8

export type Seen = ReceivedMessage & { readonly redelivered?: boolean; readonly deliveryCount?: number }

export interface Look {
  readonly address: string
  readonly disturb?: boolean | undefined
  /** Messages to pass over. */
  readonly skip?: number | undefined
  readonly signal: AbortSignal
}

let looks = 0

/** Every waiting message with its position, from `skip` on. @throws Refused where looking disturbs and nobody said to */
export async function* lookAt(
  broker: Broker,
  { address, disturb, skip = 0, signal }: Look,
): AsyncGenerator<{ readonly message: Seen; readonly position: number }, void, undefined> {
  mayLook(broker, disturb)
  if (looks >= MAX_LOOKS) throw new Refused(429, 'TOO_MANY', 'Others look at queues just now: try again')
  looks += 1
  try {
    const messages = broker.connection.browse(lookedAt(address), {
      credit: CREDIT,
      timeoutMs: CALL_MS,
      signal,
    })
    let position = 0
    for await (const message of messages) {
      if (position >= skip) yield { message, position }
      position += 1
    }
  } catch (error) {
    if (signal.aborted && isMessagingError(error, 'ABORTED')) return
    throw error
  } finally {
    looks -= 1
  }
}

/** Where the broker has no such operation the imitation changes what it looks at: that is for a person to say. */
export function mayLook({ name, capabilities }: Broker, disturb: boolean | undefined): void {
  const { level, note } = capabilities.features.browse
  if (level !== 'emulated' || disturb) return
  throw new Refused(409, 'CONFIRMATION_NEEDED', `Looking at messages of ${name} disturbs: ${note}`, {
    hint: 'Say so to look all the same.',
  })
}

/** @throws CommandError, or Refused where it would tell of bodies that are hidden */
export function conditionOf(where: string | undefined, bodies: boolean): Condition | undefined {
  if (where === undefined || where.trim() === '') return undefined
  const condition = readCondition(where)
  if (condition.readsBody && !bodies)
    throw new Refused(403, 'FORBIDDEN', 'Bodies are hidden here: the condition may not look into them')
  return condition
}
