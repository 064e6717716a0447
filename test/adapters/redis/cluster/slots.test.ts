/** Redis Cluster: the slot of a node moves to another master while the node is in use. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { absentKey, Keys } from '../../../../src/adapters/redis/nodes/keys.ts'
import { scriptsFor } from '../../../../src/adapters/redis/scripts/index.ts'
import { type Connection, connect, type Delivery, queue, topic } from '../../../../src/index.ts'
import { PrivateBroker } from '../../../support/brokers.ts'
import { ClusterSlot } from '../../../support/cluster-slot.ts'
import { eventually } from '../../../support/eventually.ts'
import { uniqueName } from '../../../support/names.ts'

const keys = new Keys('sluice')
let broker: PrivateBroker
const open: (() => unknown)[] = []
let losses: unknown[] = []

beforeAll(async () => {
  broker = await PrivateBroker.start('redis-cluster')
}, 60_000)
afterEach(async () => {
  losses = []
  for (const close of open.splice(0).reverse()) await close()
})
afterAll(() => broker[Symbol.asyncDispose]())

async function connection(): Promise<Connection> {
  const [first] = broker.url.split(',')
  const made = await connect(`${first}?cluster=true`)
  made.on('disconnected', ({ cause }) => losses.push(cause))
  open.push(() => made.close())
  return made
}

async function slotOf(key: string): Promise<ClusterSlot> {
  const slot = await ClusterSlot.of(broker.url, key)
  open.push(() => slot[Symbol.asyncDispose]())
  return slot
}

const PARTS = [
  '',
  '#ready',
  '#delayed',
  '#exp',
  '#msg',
  '#deliveries',
  '#owners',
  '#life',
  '#waiters',
  '#places',
]

it('no script runs while its slot is being moved, whichever keys are at which master', async () => {
  const base = keys.queue(uniqueName('scripts'))
  const slot = await slotOf(base)
  const { owner, target } = slot
  // All of them are there: the server lacks none but the one that never is.
  for (const part of PARTS) {
    if (
      part === '#ready' ||
      part === '#delayed' ||
      part === '#exp' ||
      part === '#owners' ||
      part === '#waiters'
    )
      await owner.zadd(`${base}${part}`, 1, '1')
    else await owner.hset(`${base}${part}`, 'type', 'queue')
  }
  const scripts = Object.values(scriptsFor({ prefix: 'sluice', cluster: true, flags: true }))
  const outcomes = async (): Promise<string[]> => {
    const found: string[] = []
    for (const { lua } of scripts) {
      const at = owner.eval(lua, 2, base, absentKey(base), ...Array(13).fill('1'))
      found.push(
        await at.then(
          () => 'ran',
          ({ message }) => message.split(' ')[0],
        ),
      )
      await target.asking()
      const there = target.eval(lua, 2, base, absentKey(base), ...Array(13).fill('1'))
      found.push(
        await there.then(
          () => 'ran',
          ({ message }) => message.split(' ')[0],
        ),
      )
    }
    return found
  }
  await slot.open()
  const seen = new Set(await outcomes())
  while (await slot.moveKey()) for (const one of await outcomes()) seen.add(one)
  await slot.close()
  expect([...seen].sort()).toEqual(['ASK', 'TRYAGAIN'])
  expect((await slot.owner.keys(`${base}*`)).sort()).toEqual(PARTS.map((part) => base + part).sort())
}, 30_000)

it('everything that is asked for while a slot is open is done when it closes, and nothing is lost', async () => {
  const [producer, consumer] = [await connection(), await connection()]
  const name = uniqueName('open')
  const orders = queue<number>(name, { maxDeliveries: 5, deadLetter: queue(`${name}:dead`) })
  const slot = await slotOf(keys.queue(name))
  // There and back once: what is made anew at the second move would be found older.
  for (let move = 0; move < 2; move++) {
    for (let n = 0; n < 100; n++) await producer.send(orders, n)
    const receiver = await consumer.receiver(orders, { credit: 20 })
    const held: Delivery<number>[] = []
    for (let n = 0; n < 20; n++) held.push((await receiver.receive({ timeoutMs: 5000 }))!)
    await slot.open()
    for (let n = 0; n < 4; n++) await slot.moveKey()
    let done = false
    const sends = Array.from({ length: 20 }, (_, n) => producer.send(orders, 100 + n))
    const works = [
      ...sends,
      producer.send(orders, 120, { delayMs: 10 }),
      ...held.slice(0, 5).map((delivery) => delivery.accept()),
      ...held.slice(5, 10).map((delivery) => delivery.release()),
      ...held.slice(10, 12).map((delivery) => delivery.reject('no')),
    ]
    const all = Promise.all(works).then(() => {
      done = true
    })
    while (await slot.moveKey()) await delay(5)
    expect(done).toBe(false)
    await slot.close()
    await all
    await receiver.close()
    const seen = await drain(consumer, orders)
    const dead = await drain(consumer, queue<number>(`${name}:dead`))
    const accepted = held.slice(0, 5).map(({ body }) => body)
    expect([...seen, ...dead, ...accepted].sort((one, other) => one - other)).toEqual(
      Array.from({ length: 121 }, (_, n) => n),
    )
    expect(dead).toHaveLength(2)
  }
}, 60_000)

async function drain(from: Connection, address: ReturnType<typeof queue<number>>): Promise<number[]> {
  await using receiver = await from.receiver(address)
  const seen: number[] = []
  for (;;) {
    const delivery = await receiver.receive({ timeoutMs: 500 })
    if (!delivery) return seen
    seen.push(delivery.body)
    await delivery.accept()
  }
}

it('a receiver that closes while the slot is open loses nothing of what it holds', async () => {
  const [producer, consumer] = [await connection(), await connection()]
  const orders = queue<number>(uniqueName('close'))
  const slot = await slotOf(keys.queue(orders.name))
  for (let n = 0; n < 100; n++) await producer.send(orders, n)
  const receiver = await consumer.receiver(orders, { credit: 20 })
  for (let n = 0; n < 20; n++) await receiver.receive({ timeoutMs: 5000 })
  await slot.open()
  await slot.moveKey()
  const closed = receiver.close()
  await slot.moveKey()
  while (await slot.moveKey());
  await slot.close()
  await closed
  expect((await drain(producer, orders)).sort((one, other) => one - other)).toEqual(
    Array.from({ length: 100 }, (_, n) => n),
  )
}, 30_000)

for (const how of ['key by key', 'by redis-cli'] as const) {
  it(`a busy family of queues and a topic that move there and back, ${how}: nothing is lost, no copy is unmarked`, async () => {
    const [producer, consumer] = [await connection(), await connection()]
    // redis-cli moves the first slots that a master has.
    const { name, slot } = how === 'key by key' ? await anySlot() : await firstSlot()
    const queues = [name, `${name}:dead`, `${name}:later`].map((each) => queue<number>(each))
    const news = topic<number>(name)
    const kept = news.matching('#').subscription('kept')
    const accepted = new Set<string>()
    const seen = new Map<string, number>()
    const unmarked: string[] = []
    const note = (place: string) => async (delivery: Delivery<number>) => {
      const id = `${place} ${delivery.body}`
      if (seen.has(id) && !delivery.redelivered) unmarked.push(id)
      seen.set(id, (seen.get(id) ?? 0) + 1)
      await delay(2)
    }
    for (const address of queues) await consumer.consume(address, note(address.name), { concurrency: 4 })
    await consumer.consume(kept, note('news'))
    let stop = false
    let n = 0
    const failures: unknown[] = []
    const producing = (async () => {
      while (!stop) {
        const body = n++
        const sends = [
          ...queues.map(
            (address) => [address.name, producer.send(address, body, { timeoutMs: 20_000 })] as const,
          ),
          ['news', producer.send(news, body, { timeoutMs: 20_000 })] as const,
        ]
        await Promise.all(
          sends.map(([place, sent]) =>
            sent.then(
              () => accepted.add(`${place} ${body}`),
              (error) => failures.push(error),
            ),
          ),
        )
        await delay(3)
      }
    })()
    for (let move = 0; move < 10; move++) {
      const before = accepted.size
      if (how === 'key by key') await slot.move(() => delay(5))
      else await slot.reshard('redis-cli')
      await eventually(() => accepted.size > before + 20, { timeoutMs: 20_000 })
    }
    stop = true
    await producing
    await eventually(() => [...accepted].every((id) => seen.has(id)), {
      timeoutMs: 20_000,
      what: 'all that was accepted arrives',
    })
    expect(failures).toEqual([])
    expect(losses).toEqual([])
    expect(unmarked).toEqual([])
  }, 120_000)
}

async function anySlot(): Promise<{ name: string; slot: ClusterSlot }> {
  const name = uniqueName('moved')
  return { name, slot: await slotOf(keys.queue(name)) }
}

/** A name whose slot is the first of its master: that is the one which `redis-cli --cluster reshard` takes. */
async function firstSlot(): Promise<{ name: string; slot: ClusterSlot }> {
  const probe = await slotOf('any')
  const firsts = (await probe.owner.cluster('SLOTS')).map(([first]) => first)
  for (;;) {
    const names = Array.from({ length: 2000 }, () => uniqueName('resharded'))
    const asking = probe.owner.pipeline()
    for (const name of names) asking.cluster('KEYSLOT', keys.queue(name))
    const slots = (await asking.exec())!.map(([, slot]) => Number(slot))
    const found = slots.findIndex((slot) => firsts.includes(slot))
    if (found >= 0) return { name: names[found]!, slot: await slotOf(keys.queue(names[found]!)) }
  }
}
