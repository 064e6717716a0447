/** Native extras of copies: with the message, whatever happens to it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Broker, type BrokerLease, fileBroker } from '../../../../src/broker/index.ts'
import type { IncomingMessage } from '../../../../src/model/message.ts'
import { Hand, message, sent } from '../harness.ts'

let directory: string
let lease: BrokerLease | undefined

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-annotations-'))
})
afterEach(async () => {
  await lease?.release()
  lease = undefined
  await rm(directory, { recursive: true, force: true })
})

async function store(): Promise<Broker> {
  await lease?.release()
  lease = await fileBroker(directory)
  return lease.broker
}

const ANNOTATIONS = {
  type: 'order.placed',
  contentEncoding: 'gzip',
  exchange: 'amq.topic',
  'x-death': [{ count: 3n, time: new Date(7), 'routing-keys': ['a'] }],
  trace: { __proto__: null, span: Uint8Array.of(1, 2), '@odd': null },
}
const CARRIED = { ...ANNOTATIONS } as Record<string, unknown>
delete CARRIED.exchange

const original = { annotations: ANNOTATIONS } as unknown as IncomingMessage

async function annotationsOf(hand: Hand, queue: string): Promise<unknown[]> {
  const taken = await hand.receive(queue)
  await taken.link.flush()
  const all = taken.deliveries.map(
    ({ message: { annotations } }) => annotations && structuredClone({ ...annotations }),
  )
  await taken.link.close()
  return all
}

describe.each([
  ['in memory', () => Broker.open()],
  ['on a store', () => store()],
])('%s', (_where, open) => {
  test('a copy shows them, each receiver its own; a fresh message has none', async () => {
    const hand = new Hand(await open())
    await hand.queue('q')
    await hand.send('q', 'copy', { original })
    await hand.send('q', 'fresh')
    expect(await annotationsOf(hand, 'q')).toEqual([CARRIED, undefined])
    const taken = await hand.receive('q')
    const [delivery] = await taken.first(1)
    const seen = delivery!.message.annotations as { 'x-death': unknown[] }
    seen['x-death'].length = 0
    await taken.link.close()
    expect((await annotationsOf(hand, 'q'))[0]).toEqual(CARRIED)
  })

  test('a dead letter, and a long queue in which messages are packed, keep them', async () => {
    const hand = new Hand(await open())
    await hand.queue('q', { deadLetter: { name: 'dead', type: 'queue' } })
    const sender = await hand.sender('q')
    await Promise.all(
      Array.from({ length: 2_000 }, (_, at) =>
        sent(sender, message(`${at}`, at % 2 === 0 ? { original } : {})),
      ),
    )
    const taken = await hand.receive('q', { credit: 2_000 })
    await taken.link.flush()
    const reject = { kind: 'reject', reason: 'no' } as const
    await Promise.all(taken.deliveries.map((delivery) => taken.link.settle(delivery, reject)))
    const dead = await hand.receive('dead', { credit: 2_000 })
    await dead.link.flush()
    expect(dead.deliveries).toHaveLength(2_000)
    for (const [at, delivery] of dead.deliveries.entries()) {
      const { annotations } = delivery.message
      expect(annotations?.type).toBe(at % 2 === 0 ? 'order.placed' : undefined)
    }
  })
})

test('they come back from the disk', async () => {
  const hand = new Hand(await store())
  await hand.queue('q')
  await hand.send('q', 'copy', { original })
  expect(await annotationsOf(new Hand(await store()), 'q')).toEqual([CARRIED])
})
