import { expect, test } from 'vitest'
import { type Connection, connect, queue } from '../../../src/index.ts'
import { eventually } from '../../support/eventually.ts'

async function fill(connection: Connection, name: string, count: number): Promise<void> {
  const sender = await connection.sender(queue<number>(name))
  for (let body = 0; body < count; body++) await sender.send(body)
}

async function depth(connection: Connection, name: string): Promise<number | undefined> {
  return (await connection.admin.inspect(queue(name)))?.depth
}

test('a handler that empties its array leaves no message without a verdict', async () => {
  await using connection = await connect('memory:batches-emptied')
  await fill(connection, 'work', 5)
  let handled = 0
  await using _ = await connection.consumeBatch(
    queue<number>('work'),
    (batch) => {
      handled += batch.length
      ;(batch as unknown[]).length = 0
    },
    { size: 5 },
  )
  await eventually(() => handled === 5)
  await eventually(async () => (await depth(connection, 'work')) === 0)
})

test('opening with an aborted signal is ABORTED, and nothing is taken', async () => {
  await using connection = await connect('memory:batches-aborted')
  await fill(connection, 'work', 1)
  const opened = connection.consumeBatch(queue('work'), () => {}, { signal: AbortSignal.abort() })
  await expect(opened).rejects.toMatchObject({ code: 'ABORTED' })
  expect(await depth(connection, 'work')).toBe(1)
})

test('the end of a link for good ends the consumer while it gathers, and says why', async () => {
  await using connection = await connect('memory:batches-ended')
  await connection.admin.declare(queue('work'))
  const consumer = await connection.consumeBatch('work', () => {}, { size: 10, waitMs: 60_000 })
  await fill(connection, 'work', 3)
  await connection.admin.delete(queue('work'))
  await expect(consumer.closed).rejects.toMatchObject({ code: 'ADDRESS_NOT_FOUND' })
  await consumer.close()
})

test('closing the connection waits for the batch that runs, and accepts it', async () => {
  const other = await connect('memory:batches-closing')
  const connection = await connect('memory:batches-closing')
  await fill(connection, 'work', 3)
  let started = false
  let finish: () => void = () => {}
  const gate = new Promise<void>((resolve) => {
    finish = resolve
  })
  const consumer = await connection.consumeBatch(
    queue<number>('work'),
    async () => {
      started = true
      await gate
    },
    { size: 3 },
  )
  await eventually(() => started)
  const closing = connection.close()
  finish()
  await closing
  await consumer.closed
  expect(await depth(other, 'work')).toBe(0)
  await other.close()
})

test('a batch is never larger than the credit: one that is asked for begins with what the credit allows', async () => {
  await using connection = await connect('memory:batches-credit')
  await fill(connection, 'work', 20)
  const sizes: number[] = []
  await using _ = await connection.consumeBatch(queue('work'), (batch) => sizes.push(batch.length), {
    size: 100,
    credit: 10,
    waitMs: 60_000,
  })
  await eventually(() => sizes.length === 2)
  expect(sizes).toEqual([10, 10])
})

test('a consumer with a rate that is far away keeps no message from a close', async () => {
  await using connection = await connect('memory:batches-rate')
  await fill(connection, 'work', 3)
  const seen: number[] = []
  const consumer = await connection.consume(queue<number>('work'), ({ body }) => seen.push(body), {
    rate: { count: 1, perMs: 3_600_000 },
  })
  await eventually(() => seen.length === 1)
  await consumer.close()
  const receiver = await connection.receiver(queue<number>('work'))
  const rest = [await receiver.receive({ timeoutMs: 0 }), await receiver.receive({ timeoutMs: 0 })]
  expect(rest.map((one) => [one?.body, one?.deliveryCount])).toEqual([
    [1, 1],
    [2, 1],
  ])
})
