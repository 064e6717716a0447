/** A connection whose durable queues are quorum queues (`queueType=quorum`), on a single node. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Connection, connect, isMessagingError, queue, topic } from '../../../../src/index.ts'
import { uniqueName } from '../../../support/names.ts'
import { url } from '../fixture.ts'

let connection: Connection
const made: string[] = []

beforeAll(async () => {
  connection = await connect({ url, native: { queueType: 'quorum' } })
})
afterAll(async () => {
  for (const name of made) await connection.admin.delete(name)
  await connection.close()
})

function named(what: string): string {
  const name = uniqueName(what)
  made.push(name)
  return name
}

it('a message of the usual priority is passed on, another one is refused as a send is', async () => {
  const [from, to] = [queue<number>(named('from')), queue<number>(named('to'))]
  const receiver = await connection.receiver(from)
  const sender = await connection.sender(to)
  await connection.send(from, 1)
  const delivery = (await receiver.receive())!
  await expect(sender.forward(delivery, { priority: 7 })).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
  await sender.forward(delivery)
  await delivery.accept()
  expect((await (await connection.receiver(to)).receive())?.body).toBe(1)
})

it.each([
  ['queueType', { exclusive: true }],
  ['maxDeliveries', { exclusive: true, maxDeliveries: 3 }],
])('a queue that %s makes a quorum queue is nobody’s alone', async (_, options) => {
  await expect(connection.receiver(queue(named('exclusive'), options))).rejects.toMatchObject({
    code: 'NOT_SUPPORTED',
    hint: expect.stringContaining('classic'),
  })
})

it('an exclusive queue may be a classic one, and a node of one’s own is', async () => {
  await connection.receiver(queue(named('alone'), { exclusive: true, native: { queueType: 'classic' } }))
  await connection.receiver('#own')
})

it('a full queue refuses after some messages more, and keeps what it has taken', async () => {
  const orders = queue<number>(named('full'), { maxLength: 3 })
  const sender = await connection.sender(orders)
  const accepted: number[] = []
  let refused: unknown
  for (let at = 0; at < 200 && refused === undefined; at++) {
    await sender.send(at).then(
      () => accepted.push(at),
      (error: unknown) => {
        refused = error
      },
    )
  }
  expect(isMessagingError(refused, 'SEND_REJECTED')).toBe(true)
  const receiver = await connection.receiver(orders)
  for (const at of accepted) {
    const delivery = (await receiver.receive())!
    expect(delivery.body).toBe(at)
    await delivery.accept()
  }
})

it('a negative answer of a queue that is not known to refuse when it is full is in doubt', async () => {
  const name = named('unknown')
  await using owner = await connect({ url, native: { queueType: 'quorum' } })
  await owner.admin.declare(queue(name, { maxLength: 3 }))
  // It has declared no queue with a limit.
  await using other = await connect({ url, native: { queueType: 'quorum' } })
  const sender = await other.sender(name)
  let refused: unknown
  for (let at = 0; at < 200 && refused === undefined; at++) {
    await sender.send(at).catch((error: unknown) => {
      refused = error
    })
  }
  expect(isMessagingError(refused, 'SEND_UNCONFIRMED')).toBe(true)
})

it('a negative answer of a named subscription that is full is a refusal', async () => {
  const news = topic<number>(uniqueName('news'), { maxLength: 3 })
  const archive = news.subscription('archive')
  await using own = await connect({ url, native: { queueType: 'quorum' } })
  await own.admin.declare(archive)
  const sender = await own.sender(news)
  let refused: unknown
  for (let at = 0; at < 200 && refused === undefined; at++) {
    await sender.send(at).catch((error: unknown) => {
      refused = error
    })
  }
  await own.admin.delete(archive)
  await own.admin.delete(news)
  expect(isMessagingError(refused, 'SEND_REJECTED')).toBe(true)
})
