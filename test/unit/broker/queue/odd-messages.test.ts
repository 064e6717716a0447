/** What foreign clients may say: the engine's own door, whatever the API and the transports check before it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Broker, type BrokerLease, fileBroker } from '../../../../src/broker/index.ts'
import type { OutgoingMessage } from '../../../../src/model/message.ts'
import { Hand, message, sent } from '../harness.ts'

let directory: string
let leases: BrokerLease[]

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-odd-'))
  leases = []
})

afterEach(async () => {
  for (const lease of leases) await lease.release()
  await rm(directory, { recursive: true, force: true })
})

async function opened(): Promise<Broker> {
  const lease = await fileBroker(directory)
  leases.push(lease)
  return lease.broker
}

async function reopened(): Promise<Hand> {
  for (const lease of leases.splice(0)) await lease.release()
  return new Hand(await opened())
}

describe('a message that no record can hold', () => {
  const odd = { n: { a: 1 } } as unknown as OutgoingMessage['properties']

  test('is refused to its sender alone; what others send before, with and after it is kept', async () => {
    const hand = new Hand(await opened())
    await hand.queue('q', { maxLength: 10 })
    const sender = await hand.sender('q')
    const outcomes = await Promise.allSettled([
      sent(sender, message('before')),
      ...Array.from({ length: 20 }, () => sent(sender, message('odd', { properties: odd }))),
      sent(sender, message('with')),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      ...Array(20).fill('rejected'),
      'fulfilled',
    ])
    expect(outcomes[1]).toMatchObject({ reason: { code: 'ENCODE_FAILED', context: { address: 'q' } } })
    await sent(sender, message('after'))
    expect(await (await reopened()).browse('q')).toEqual(['before', 'with', 'after'])
  })

  test('is in none of the subscriptions it was for', async () => {
    const hand = new Hand(await opened())
    await hand.topic('t')
    const subscription = (name: string) => ({ subscription: { name, durable: true } })
    for (const name of ['a', 'b']) await (await hand.receive('t', subscription(name))).link.close()
    await expect(hand.send('t', 'odd', { properties: odd })).rejects.toMatchObject({ code: 'ENCODE_FAILED' })
    await hand.send('t', 'fine')
    const again = await reopened()
    for (const name of ['a', 'b'])
      expect(await (await again.receive('t', subscription(name))).drain()).toEqual(['fine'])
  })

  test('goes to the dead letters of a store all the same, as long as the process lives', async () => {
    const hand = new Hand(await opened())
    await hand.queue('passing', { durable: false, deadLetter: { name: 'dead', type: 'queue' } })
    await hand.queue('dead')
    await hand.send('passing', 'odd', { properties: odd })
    const taken = await hand.receive('passing')
    const [delivery] = await taken.first(1)
    await taken.link.settle(delivery!, { kind: 'reject', reason: 'no' })
    expect(hand.warnings).toMatchObject([{ code: 'ENCODE_FAILED' }])
    expect(await (await hand.receive('dead')).drain()).toEqual(['odd'])
    await hand.send('dead', 'next')
    expect(await (await reopened()).browse('dead')).toEqual(['next'])
  })
})

describe.each([
  ['in memory', () => Broker.open()],
  ['on a store', () => opened()],
])('numbers that no queue has a place for, %s', (_where, open) => {
  const ODD = [-1, -1e9, 0.5, 10, 31, 32, 33, 200, 255, 2 ** 31, 2 ** 53, 1e300, -0, Number.NaN].concat(
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  )

  async function all(fields: (value: number) => Partial<OutgoingMessage>): Promise<Hand> {
    const hand = new Hand(await open())
    await hand.queue('q')
    const sender = await hand.sender('q')
    await Promise.all(ODD.map((value) => sent(sender, message(`${value}`, fields(value)))))
    return hand
  }

  test('a priority becomes the nearest there is: seen by browse, delivered, larger first', async () => {
    const hand = await all((priority) => ({ priority }))
    expect((await hand.browse('q')).length).toBe(ODD.length)
    const taken = await hand.receive('q')
    await taken.link.flush()
    const priorities = taken.deliveries.map(({ message: { priority } }) => priority ?? 4)
    expect(priorities).toEqual(priorities.toSorted((a, b) => b - a))
    expect(new Set(priorities)).toEqual(new Set([9, 4, 0]))
    expect(await taken.drain()).toHaveLength(ODD.length)
    expect(await hand.depth('q')).toBe(0)
  })

  test('times and counts neither lose a message nor stop the clock of others', async () => {
    const hand = await all((value) => ({ createdAt: value, deliveriesBefore: value }))
    expect(await hand.depth('q')).toBe(ODD.length)
    const counted = await hand.receive('q')
    expect(await counted.drain()).toHaveLength(ODD.length)
    await counted.link.close()
    const lives = await all((ttlMs) => ({ ttlMs }))
    // What lives up to 255 ms may be gone; the rest is there.
    const living = await lives.receive('q')
    expect((await living.drain()).length).toBeGreaterThanOrEqual(5)
    await living.link.close()
    const delays = await all((delayMs) => ({ delayMs }))
    await delays.queue('clock')
    await delays.send('clock', 'due', { delayMs: 20 })
    const clock = await delays.receive('clock')
    await clock.first(1)
    const { depth, details } = (await delays.session.inspect({ name: 'q', type: 'queue' }))!
    expect(depth! + Number(details.delayed)).toBe(ODD.length)
    expect(Number(details.delayed)).toBeGreaterThanOrEqual(5)
  })

  test('a resend of a message without a moment is known', async () => {
    const hand = new Hand(await open())
    await hand.queue('q')
    const sender = await hand.sender('q')
    const odd = message('once', { createdAt: Number.NaN })
    await sent(sender, odd)
    await sent(sender, odd, true)
    expect(await hand.depth('q')).toBe(1)
  })

  test('a delayed release by any number comes back or waits, and settles', async () => {
    const hand = await all(() => ({}))
    const taken = await hand.receive('q')
    const deliveries = await taken.first(ODD.length)
    await taken.link.flow(0)
    for (const [at, delayMs] of ODD.entries())
      await taken.link.settle(deliveries[at]!, { kind: 'release', delayMs, unseen: false })
    const { depth, details } = (await hand.session.inspect({ name: 'q', type: 'queue' }))!
    expect(depth! + Number(details.delayed)).toBe(ODD.length)
  })
})

test('a store that holds a priority of old gives the message all the same', async () => {
  // As a version wrote it that took any: the byte in the record, past the door.
  const { openLmdbStore } = await import('../../../../src/broker/index.ts')
  const hand = new Hand(await opened())
  await hand.queue('q')
  for (const lease of leases.splice(0)) await lease.release()
  const store = await openLmdbStore(directory)
  store.insert(1, 1, message('old', { priority: 200 }), { priority: 200, expiresAt: 0, dueAt: 0 }, undefined)
  await store.close()
  const again = await reopened()
  expect(await again.browse('q')).toEqual(['old'])
  const [delivery] = await (await again.receive('q')).first(1)
  expect(delivery!.message.priority).toBe(9)
})
