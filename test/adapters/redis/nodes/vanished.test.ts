/** Another program flushes the server, or deletes some of our keys, under programs that go on: everything comes back by itself. */
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  broadcast,
  type Connection,
  connect,
  multicast,
  queue,
  service,
  topic,
} from '../../../../src/index.ts'
import { brokerUrl } from '../../../support/brokers.ts'
import { eventually } from '../../../support/eventually.ts'
import { uniqueName } from '../../../support/names.ts'

const url = brokerUrl('redis')
const prefix = uniqueName('vanished')
const native = { prefix, pollMs: 300, leaseMs: 2_000 }
const orders = queue<string>('orders')
const news = topic<string>('news')
const alerts = broadcast<string>('alerts')
const fleet = multicast<string>('fleet')
const adder = service<string, string>('adder')
const got = new Map<string, Set<string>>()
let bare: Redis
let producer: Connection
let consumer: Connection
const losses: unknown[] = []

beforeAll(async () => {
  bare = new Redis(url, { protocol: 2 })
  producer = await connect({ url, native })
  consumer = await connect({ url, native })
  for (const each of [producer, consumer]) {
    each.on('disconnected', ({ cause }) => losses.push(cause))
    each.on('warning', () => {})
  }
  const note = (place: string) => {
    const bodies = new Set<string>()
    got.set(place, bodies)
    return ({ body }: { body: string }): void => void bodies.add(body)
  }
  await consumer.consume(orders, note('queue'))
  await consumer.consume(news.matching('#'), note('live'))
  await consumer.consume(news.matching('#').subscription('kept'), note('kept'))
  await consumer.consume(alerts, note('broadcast'))
  await consumer.consume(fleet.member('one'), note('member'))
  await consumer.respond(adder, ({ body }) => `${body}!`)
})

afterAll(async () => {
  await producer.close()
  await consumer.close()
  const left = await bare.keys(`${prefix}:*`)
  if (left.length > 0) await bare.del(...left)
  bare.disconnect()
})

let rounds = 0

/** All ways work, each tried until it does. */
async function works(): Promise<void> {
  const round = `round ${++rounds}`
  const ways: [string, (body: string) => Promise<unknown>][] = [
    ['queue', (body) => producer.send(orders, body)],
    ['live', (body) => producer.send(news, body)],
    ['kept', (body) => producer.send(news, body)],
    ['broadcast', (body) => producer.send(alerts, body)],
    ['member', (body) => producer.send(fleet.to('one'), body)],
  ]
  await Promise.all([
    ...ways.map(async ([place, send]) => {
      const refused = (): undefined => undefined
      let tries = 0
      await eventually(
        async () => {
          const body = `${round}, ${place} ${++tries}`
          if ((await send(body).then(() => 'sent', refused)) === undefined) return false
          return eventually(() => got.get(place)!.has(body), { timeoutMs: 3000 })
        },
        { timeoutMs: 10_000, what: `${place} works in ${round}` },
      )
    }),
    eventually(async () => (await producer.request(adder, round, { timeoutMs: 1000 })).body === `${round}!`, {
      timeoutMs: 10_000,
      what: `requests work in ${round}`,
    }),
  ])
}

describe('keys of ours that vanish', () => {
  it('all at once: queue, topic, broadcast, member, service and requester are back in seconds', async () => {
    await works()
    for (let n = 0; n < 3; n++) {
      await bare.del(...(await bare.keys(`${prefix}:*`)))
      await works()
    }
    await eventually(async () => (await producer.admin.list()).length >= 5)
    expect(losses).toEqual([])
  }, 90_000)

  it('any of them: nothing hangs, no connection is lost, what is sent afterwards arrives', async () => {
    await works()
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.boolean()), async (chosen) => {
        const all = (await bare.keys(`${prefix}:*`)).sort()
        const victims = all.filter(() => chosen.next().value)
        if (victims.length > 0) await bare.del(...victims)
        await works()
        expect(losses).toEqual([])
      }),
      { numRuns: 6, endOnFailure: true },
    )
  }, 180_000)

  it('one kind of them after another', async () => {
    await works()
    const parts = new Set(
      (await bare.keys(`${prefix}:*`)).map((key) =>
        key.replace(/(#held:).*/, '$1').replace(/sent:.*/, 'sent:'),
      ),
    )
    for (const part of parts) {
      const victims = (await bare.keys(`${prefix}:*`)).filter(
        (key) => key.startsWith(part) && (part.endsWith(':') || key === part),
      )
      if (victims.length > 0) await bare.del(...victims)
      await works()
    }
    expect(losses).toEqual([])
  }, 180_000)
})
