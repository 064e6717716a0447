/** What is published on a topic, or arrives in a queue, from now on. Nobody else gets less by it. */
import { broadcast, MessagingError, topic } from '../../index.ts'
import { type Broker, CALL_MS } from '../brokers/broker.ts'
import { Refused } from '../errors.ts'
import { conditionOf, type Seen } from '../messages/looking.ts'
import { addressOf, lookedAt, placeOf } from '../nodes/address.ts'
import type { WatchRequest } from '../protocol.ts'

/** Fetched ahead. Unit: messages. */
const CREDIT = 500

/** Until the signal aborts. @throws what ended it otherwise, and Refused where the broker has no means for it */
export async function tap(
  broker: Broker,
  { address, where }: NonNullable<WatchRequest['tap']>,
  bodies: boolean,
  signal: AbortSignal,
  tell: (message: Seen) => void,
): Promise<void> {
  const condition = conditionOf(where, bodies)
  for await (const message of await arrivals(broker, address, signal))
    if (!condition || condition.fits(message)) tell(message)
}

async function arrivals(broker: Broker, address: string, signal: AbortSignal): Promise<AsyncIterable<Seen>> {
  const { connection } = broker
  const { name, subject } = placeOf(address)
  const found = await connection.admin.inspect(addressOf(name), { timeoutMs: CALL_MS, signal })
  if (!found)
    throw new MessagingError('ADDRESS_NOT_FOUND', `There is no node '${name}'`, {
      context: { address: name },
    })
  if (found.type === 'queue') return following(broker, address, signal)
  if (found.type === 'multicast')
    throw new Refused(
      409,
      'NOT_SUPPORTED',
      'A multicast hands messages to its members alone: look at one of those',
    )
  const never = { create: 'never' } as const
  const source =
    found.type === 'broadcast' ? broadcast(name, never) : topic(name, never).matching(subject ?? '#')
  const receiver = await connection.receiver(source, {
    credit: CREDIT,
    reliability: 'at-most-once',
    timeoutMs: CALL_MS,
    signal,
  })
  const close = (): void => void receiver.close().catch(() => {})
  if (signal.aborted) close()
  signal.addEventListener('abort', close, { once: true })
  return receiver
}

/** Never by an imitation: it would take the messages away from others again and again. */
function following({ connection }: Broker, address: string, signal: AbortSignal): AsyncIterable<Seen> {
  const { level, note } = connection.capabilities.features.browseFollow
  if (level === 'native')
    return connection.browse(lookedAt(address), { follow: true, credit: CREDIT, timeoutMs: CALL_MS, signal })
  throw new Refused(
    409,
    'NOT_SUPPORTED',
    `This broker cannot follow a queue: ${note ?? 'it has no means for it'}`,
  )
}
