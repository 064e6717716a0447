import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { connect, queue, type Receiver, service, topic } from '../../../../src/index.ts'
import { PrivateBroker } from '../../../support/brokers.ts'

/** Raise it by hand: a million takes a minute. */
const COUNT = Number(process.env.SLUICE_TEST_REDIS_COUNT ?? 50_000)
/** The server's own buffers and tables. Less than a number for each message. Unit: bytes. */
const SLACK = 256 * 1024

async function usedMemory(client: Redis): Promise<number> {
  await client.call('MEMORY', 'PURGE')
  return Number(/used_memory_dataset:(\d+)/.exec(await client.info('memory'))![1])
}

describe('memory of the server', () => {
  it(`is back where it was after ${COUNT} messages went through`, { timeout: 600_000 }, async () => {
    await using broker = await PrivateBroker.start('redis')
    const witness = new Redis(broker.url)
    await using connection = await connect(broker.url)
    const orders = queue<Uint8Array>('orders')
    const news = topic<Uint8Array>('news')
    const archive = news.subscription('archive')
    const echo = service<string, string>('echo')
    const run = async (count: number): Promise<void> => {
      const received = async (from: Receiver<Uint8Array>, wanted: number): Promise<void> => {
        let seen = 0
        let first = 0
        for await (const delivery of from) {
          // One of a hundred takes the long way.
          if (delivery.deliveryCount === 1 && ++first % 100 === 7) await delivery.release()
          else {
            await delivery.accept()
            seen++
          }
          if (seen === wanted) break
        }
        await from.close()
      }
      const some = Math.ceil(count / 100)
      const keeper = await connection.receiver(archive)
      const consumer = await connection.receiver(orders, { credit: 500 })
      const receiving = [received(consumer, count), received(keeper, some)]
      await using sender = await connection.sender(orders)
      await using publisher = await connection.sender(news)
      await using _ = await connection.respond(echo, (request) => request.body, { concurrency: 10 })
      const body = Buffer.alloc(200, 'x')
      let next = 0
      const send = async (): Promise<void> => {
        while (next < count) {
          const at = next++
          await sender.send(body, at % 10 === 0 ? { ttlMs: 3_600_000, priority: at % 7 } : undefined)
          if (at % 100 === 0) await publisher.send(body, { subject: `a.${at}` })
        }
      }
      await Promise.all(Array.from({ length: 500 }, send))
      await Promise.all(
        Array.from({ length: Math.min(some, 200) }, (_, at) => connection.request(echo, String(at))),
      )
      await Promise.all(receiving)
    }
    await run(1_000)
    const keys = await witness.dbsize()
    const before = await usedMemory(witness)
    await run(COUNT)
    expect(await connection.admin.inspect(orders)).toMatchObject({ depth: 0, details: { unsettled: 0 } })
    // Keys that end by themselves: notes of the one-off senders, the requester's sign of life.
    expect(await witness.dbsize()).toBeLessThanOrEqual(keys)
    const grown = (await usedMemory(witness)) - before
    expect(grown).toBeLessThan(SLACK)
    witness.disconnect()
  })
})
