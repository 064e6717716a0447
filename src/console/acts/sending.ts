/** Sending what the page has written, and asking a service. */
import { parseAddress, service } from '../../index.ts'
import { type Broker, CALL_MS } from '../brokers/broker.ts'
import { Viewer } from '../messages/view.ts'
import type { Act, ActResult } from '../protocol.ts'
import { outgoingOf } from './outgoing.ts'
import type { Progress } from './tasks.ts'

/** Sends at once. */
const CAPACITY = 200
const ANSWER_MS = 30_000
/** Ids that the answer names. */
const MAX_IDS = 500

type Done = NonNullable<ActResult['done']>

export async function sent(
  { connection }: Broker,
  { address, messages }: Extract<Act, { act: 'send' }>,
  progress: Progress,
): Promise<Done> {
  // All are read before the first is sent.
  const outgoing = messages.map((message, index) => outgoingOf(message, index + 1))
  progress.total = outgoing.length
  const keeps = connection.adapter === 'file' ? { durable: true } : {}
  const sender = await connection.sender(address, { capacity: CAPACITY, timeoutMs: CALL_MS })
  const ids: string[] = []
  try {
    for (let at = 0; at < outgoing.length && !progress.signal.aborted; at += CAPACITY) {
      const outcomes = outgoing.slice(at, at + CAPACITY).map(async ({ body, fields }) => {
        const outcome = await sender.send(body, { ...keeps, ...fields })
        progress.count += 1
        return outcome.id
      })
      await Promise.allSettled(outcomes)
      for (const id of await Promise.all(outcomes)) if (ids.length < MAX_IDS) ids.push(id)
    }
  } finally {
    await sender.close()
  }
  return { text: `${progress.count} sent`, count: progress.count, ids }
}

export async function asked(
  { connection }: Broker,
  { address, message, timeoutMs = ANSWER_MS }: Extract<Act, { act: 'request' }>,
  bodies: boolean,
): Promise<Done> {
  const { body, fields } = outgoingOf(message, 1)
  const { name, options } = parseAddress(address)
  // As `sluice request` does: an address string with options of its own is taken as it is.
  const target = options === undefined ? service<unknown, unknown>(name) : address
  const answer = await connection.request(target, body, { ...fields, timeoutMs })
  return { text: 'answered', answer: new Viewer(bodies).view(answer, 0) }
}
