/** A queue that others made, used through the API by whoever did not make it. */
import fc from 'fast-check'
import { expect } from 'vitest'
import { type Connection, isMessagingError, type QueueAddress } from '../../../src/index.ts'

export const KEY = 'key'
export const BODIES = [1, 2, 3, 4]

/** One of them in a queue; `undefined`: nothing is said. */
export const often = <T>(...values: T[]) => fc.option(fc.constantFrom(...values), { nil: undefined })

/** Its result, or its error's code and reason. */
export async function ended<T>(work: Promise<T>): Promise<T | string> {
  try {
    return await work
  } catch (error) {
    if (!isMessagingError(error)) throw error
    expect(error.message).not.toBe('')
    const { reason } = error.context
    return reason === undefined ? error.code : `${error.code} ${reason}`
  }
}

export interface Situation {
  readonly sends: Connection
  readonly reads: Connection
  readonly theirs: QueueAddress<number>
}

/** Sends all at once; resolves to those accepted, and the codes of the others. */
export async function sendAll({
  sends,
  theirs,
}: Situation): Promise<[accepted: number[], refused: string[]]> {
  const accepted: number[] = []
  const refused: string[] = []
  await Promise.all(
    BODIES.map(async (body) => {
      const properties = { [KEY]: String(9 - body) }
      const outcome = await ended(sends.send(theirs, body, { properties, timeoutMs: 2_000 }))
      if (typeof outcome === 'string') refused.push(outcome)
      else accepted.push(body)
    }),
  )
  return [accepted.sort(), refused]
}

export async function browsed({ reads, theirs }: Situation): Promise<number[]> {
  const seen: number[] = []
  for await (const { body } of reads.browse(theirs)) seen.push(body)
  return seen
}

/** Takes `count` messages; the first one is given back once, unless the queue would drop it then. */
export async function received(
  { reads, theirs }: Situation,
  count: number,
  release = true,
): Promise<number[]> {
  await using receiver = await reads.receiver(theirs, { credit: 1 })
  const got: number[] = []
  let released = !release
  while (got.length < count) {
    const delivery = await receiver.receive({ timeoutMs: 10_000 })
    if (!delivery) break
    if (released) {
      got.push(delivery.body)
      await delivery.accept()
    } else {
      released = true
      await delivery.release()
    }
  }
  return got
}
