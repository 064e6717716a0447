/** Rows on their way to the broker, without a database. */
import { expect, test } from 'vitest'
import { type Connection, connect, queue, type Sender, savedSend, type Target } from '../../src/index.ts'
import { HandOver } from '../../src/outbox/hand-over.ts'
import type { Row } from '../../src/outbox/table.ts'
import { uniqueName } from '../support/names.ts'

async function rows(name: string, count: number): Promise<Row[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, at) => ({
      position: String(at),
      ...(await savedSend(queue(name), at)),
    })),
  )
}

/** Counts who asks a sender for its end. */
function counting(connection: Connection): { readonly connection: Connection; readonly asked: () => number } {
  let asked = 0
  const counted = {
    async sender(target: Target, options: object): Promise<Sender> {
      const sender = await connection.sender(target, options)
      return {
        forward: sender.forward.bind(sender),
        close: sender.close.bind(sender),
        get closed() {
          asked++
          return sender.closed
        },
      } as Sender
    },
  }
  return { connection: counted as unknown as Connection, asked: () => asked }
}

test('a relay that makes runs for months asks a sender once for its end', async () => {
  await using connection = await connect(`memory:${uniqueName()}`)
  const { connection: counted, asked } = counting(connection)
  const handOver = new HandOver(counted, 10_000)
  const { signal } = new AbortController()
  for (let run = 0; run < 20; run++) {
    const { done, held } = await handOver.place(await rows('runs', 3), false, signal)
    expect([done.length, held]).toEqual([3, undefined])
  }
  expect(asked()).toBe(1)
  await handOver.close()
})

test('rows of a relay that was told to end are held, and stay', async () => {
  await using connection = await connect(`memory:${uniqueName()}`)
  const handOver = new HandOver(connection, 10_000)
  const { done, held, asides } = await handOver.place(await rows('ended', 3), false, AbortSignal.abort())
  expect([done, held?.code, asides]).toEqual([[], 'ABORTED', []])
  await handOver.close()
})
