/** One page of what waits in a node. */
import type { Broker } from '../brokers/broker.ts'
import { Refused } from '../errors.ts'
import type { BodyRequest, BrowsePage, BrowseRequest, MessageView } from '../protocol.ts'
import { conditionOf, lookAt, type Seen } from './looking.ts'
import { Viewer } from './view.ts'

const DEFAULT_LIMIT = 50
/** A search ends its page after so many that did not match, or so long. */
const MAX_LOOKED = 200_000
const MAX_MS = 10_000

export async function browsePage(
  broker: Broker,
  { address, skip = 0, limit = DEFAULT_LIMIT, where, disturb }: BrowseRequest,
  bodies: boolean,
  signal: AbortSignal,
): Promise<BrowsePage> {
  const condition = conditionOf(where, bodies)
  const viewer = new Viewer(bodies)
  const messages: MessageView[] = []
  let begun: number | undefined
  let looked = 0
  for await (const { message, position } of lookAt(broker, { address, skip, disturb, signal })) {
    begun ??= performance.now()
    // One further than the page tells that there is a next page.
    if (messages.length >= limit || looked >= MAX_LOOKED || performance.now() - begun > MAX_MS)
      return { messages, looked, next: position }
    looked += 1
    if (!condition || condition.fits(message)) messages.push(viewer.view(message, position))
  }
  return { messages, looked }
}

/** The message at a place. @throws Refused when another one stands there by now */
export async function messageAt(
  broker: Broker,
  { address, position, id, disturb }: BodyRequest,
  signal: AbortSignal,
): Promise<Seen> {
  for await (const { message } of lookAt(broker, { address, skip: position, disturb, signal })) {
    if (id !== undefined && message.id !== id) break
    return message
  }
  throw new Refused(404, 'NOT_FOUND', 'The message is not there any more', {
    hint: 'Look at the queue again.',
  })
}
