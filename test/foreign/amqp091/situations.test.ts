/**
 * Queues that others made, with settings of any kind: used through the API as they are. Every call works or ends in one typed error, looking
 * changes nothing, what was accepted is received, and no connection is lost.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Connection, connect, isMessagingError, queue } from '../../../src/index.ts'
import { Fixture, url } from '../../adapters/rabbitmq/fixture.ts'
import { runs, timeoutOf } from '../runs.ts'

const fixture = new Fixture()

/** One of them in a queue; `undefined`: the argument is absent. */
const often = <T>(...values: T[]) => fc.option(fc.constantFrom(...values), { nil: undefined })
const settings = fc
  .record({
    durable: fc.boolean(),
    autoDelete: fc.boolean(),
    quorum: fc.boolean(),
    'x-max-length': often(2, 3),
    'x-overflow': often('drop-head', 'reject-publish'),
    'x-single-active-consumer': often(true, false),
    'x-queue-mode': often('lazy', 'default'),
    'x-message-ttl': often(60_000, 3_600_000),
    'x-expires': often(60_000),
    'x-max-priority': often(1, 9, 255),
    'x-delivery-limit': often(0, 3, 100_000),
    'x-dead-letter-exchange': often('', 'nowhere'),
    'x-dead-letter-routing-key': often('nobody'),
    'x-queue-master-locator': often('client-local'),
  })
  .map(({ durable, autoDelete, quorum, ...all }) => {
    const args: Record<string, unknown> = Object.fromEntries(
      Object.entries(all).filter(([, value]) => value !== undefined),
    )
    if (args['x-dead-letter-exchange'] === undefined) delete args['x-dead-letter-routing-key']
    if (!quorum) {
      delete args['x-delivery-limit']
      return { durable, autoDelete, arguments: args }
    }
    // What quorum queues of RabbitMQ 3 refuse.
    for (const name of ['x-queue-mode', 'x-max-priority', 'x-queue-master-locator', 'x-message-ttl'])
      delete args[name]
    return { durable: true, autoDelete: false, arguments: { ...args, 'x-queue-type': 'quorum' } }
  })

/** Its result, or the code of its error. */
async function ended<T>(work: () => Promise<T>): Promise<T | string> {
  try {
    return await work()
  } catch (error) {
    if (!isMessagingError(error)) throw error
    expect(error.message).not.toBe('')
    return error.code
  }
}

async function look(connection: Connection, name: string): Promise<unknown[] | string> {
  return ended(async () => {
    const seen: unknown[] = []
    for await (const { body } of connection.browse(queue(name, { create: 'never' }))) seen.push(body)
    return seen
  })
}

test(
  'queues of others, whatever their settings, are used as they are',
  async () => {
    await using connection = await connect(url)
    const lost: unknown[] = []
    connection.on('disconnected', ({ cause }) => lost.push(cause))
    connection.on('warning', () => {})
    const known = ['DETACHED', 'NOT_SUPPORTED', 'SEND_REJECTED', 'ADDRESS_MISMATCH']
    await fc.assert(
      fc.asyncProperty(settings, async (options) => {
        const name = fixture.name('theirs')
        fixture.remove({ name, type: 'queue' })
        await fixture.channel.assertQueue(name, options)
        const theirs = queue<number>(name, { create: 'never' })
        const sends = await Promise.all(
          [1, 2, 3, 4].map((body) => ended(() => connection.send(theirs, body))),
        )
        for (const outcome of sends) if (typeof outcome === 'string') expect(outcome).toBe('SEND_REJECTED')
        const accepted = [1, 2, 3, 4].filter((_, at) => typeof sends[at] !== 'string')
        const { 'x-max-length': most, 'x-overflow': overflow } = options.arguments
        // Dropped by the wish of whoever made the queue.
        const kept =
          most !== undefined && overflow !== 'reject-publish' ? accepted.slice(-Number(most)) : accepted
        for (let round = 0; round < 2; round++) {
          const seen = await look(connection, name)
          if (typeof seen === 'string') expect(seen).toBe('NOT_SUPPORTED')
          else expect(seen).toEqual(kept)
        }
        const declared = await ended(() => connection.admin.declare(queue(name)))
        if (declared !== undefined) expect(known).toContain(declared)
        const receiver = await connection.receiver(theirs)
        const received: number[] = []
        while (received.length < kept.length) {
          const delivery = await receiver.receive({ timeoutMs: 10_000 })
          if (delivery === undefined) break
          received.push(delivery.body)
          await delivery.accept()
        }
        expect(received).toEqual(kept)
        await receiver.close()
        expect(lost).toEqual([])
      }),
      runs(10),
    )
  },
  timeoutOf(10, 2_000),
)
