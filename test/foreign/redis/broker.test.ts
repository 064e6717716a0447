/**
 * Payloads and envelopes of strangers in a queue of a real server: pushed by a bare client, released, delayed, rejected, forwarded, dumped
 * and restored by Sluice, and compared natively with the original where a copy of them ends.
 */
import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Keys } from '../../../src/adapters/redis/nodes/keys.ts'
import {
  adapterFor,
  type Connection,
  connect,
  type Delivery,
  messageExtras,
  queue,
  type Receiver,
  restoredMessage,
  type Sender,
} from '../../../src/index.ts'
import { brokerUrl } from '../../support/brokers.ts'
import { uniqueName } from '../../support/names.ts'
import { runs, timeoutOf } from '../runs.ts'
import { type ForeignMessage, foreignMessage, type Json, parsed } from './messages.ts'

const COUNT = 2
const EACH = 500
const url = brokerUrl('redis')
const keys = new Keys('sluice')
const dead = queue<unknown>(uniqueName('dead'))
const home = queue<unknown>(uniqueName('home'))
const from = queue<unknown>(uniqueName('from'), { deadLetter: dead.name })
let bare: Redis
let redis: Awaited<ReturnType<typeof adapterFor>>
let connection: Connection
let receiver: Receiver<unknown>
let sender: Sender<unknown>
const losses: unknown[] = []

beforeAll(async () => {
  redis = await adapterFor('redis:')
  bare = new Redis(url, { protocol: 2 })
  // order: nobody is woken by a bare push.
  connection = await connect({ url, native: { pollMs: 10 } })
  connection.on('disconnected', ({ cause }) => losses.push(cause))
  connection.on('warning', ({ error }) => losses.push(error))
  await connection.admin.declare(home)
  await connection.admin.declare(dead)
  receiver = await connection.receiver(from, { credit: 2 * EACH })
  sender = await connection.sender(home)
})
afterAll(async () => {
  await receiver.close()
  for (const node of [from, home, dead]) await connection.admin.delete(node)
  await connection.close()
  bare.disconnect()
})

/** What becomes of all of them first. */
const FIRST = ['taken', 'released', 'delayed'] as const
/** What becomes of each then. */
const WAYS = ['forwarded', 'rejected', 'restored'] as const
type Way = (typeof WAYS)[number]

/** A header as a copy has it; `life` apart, which goes on. */
function withoutLife({ ttlMs, ...header }: Json): { header: Json; ttlMs: Json } {
  return { header, ttlMs }
}

function expected({ header }: ForeignMessage, contentType: string | undefined): Json {
  if (header === undefined) return { contentType }
  // A copy begins to be counted anew.
  const { deliveries: _, durable, ...rest } = header
  if (rest.properties !== undefined && Object.keys(rest.properties).length === 0) delete rest.properties
  return { ...rest, ...(durable === false && { durable }) }
}

async function settle(delivery: Delivery<unknown>, way: Way): Promise<void> {
  if (way === 'rejected') await delivery.reject('no use')
  else if (way === 'restored') {
    const { id, subject, contentType, properties, correlationId, replyTo, ttlMs, durable } = delivery
    const { priority, userId, groupId, createdAt } = delivery
    const fields = { id, subject, contentType, properties, correlationId, replyTo, ttlMs, durable }
    const extras = JSON.parse(JSON.stringify(messageExtras(delivery, 'redis') ?? {}))
    const all = { ...fields, priority, userId, groupId, createdAt }
    await sender.forward(restoredMessage(delivery.bytes, all, extras, redis))
    await delivery.accept()
  } else {
    await sender.forward(delivery)
    await delivery.accept()
  }
}

async function takeAll(name: string): Promise<Buffer[]> {
  const base = keys.queue(name)
  const ranks = await bare.zrange(`${base}#ready`, '0', '-1')
  const payloads = ranks.length === 0 ? [] : await bare.hmgetBuffer(`${base}#msg`, ...ranks)
  await connection.admin.purge(queue(name))
  return payloads as Buffer[]
}

async function receive(): Promise<Delivery<unknown>[]> {
  const all: Delivery<unknown>[] = []
  while (all.length < EACH) all.push((await receiver.receive({ timeoutMs: 10_000 }))!)
  return all
}

test(`${EACH} messages at a time come whole, and their copies are they`, {
  timeout: timeoutOf(COUNT, 30_000),
}, async () => {
  const one = fc.tuple(foreignMessage, fc.constantFrom(...WAYS))
  const batch = fc.tuple(fc.constantFrom(...FIRST), fc.array(one, { minLength: EACH, maxLength: EACH }))
  await fc.assert(
    fc.asyncProperty(batch, async ([first, messages]) => {
      await bare.rpush(`${keys.queue(from.name)}#in`, ...messages.map(([{ payload }]) => payload))
      let deliveries = await receive()
      if (first !== 'taken') {
        const delayMs = first === 'delayed' ? 5 : 0
        await Promise.all(deliveries.reverse().map((delivery) => delivery.release({ delayMs })))
        deliveries = await receive()
      }
      const before = first === 'taken' ? 1 : 2
      const sorted = [...messages].sort(([a], [b]) => (b.header?.priority ?? 4) - (a.header?.priority ?? 4))
      const settled = sorted.map(([original, way], at) => {
        const delivery = deliveries[at]!
        deepStrictEqual(Buffer.from(delivery.bytes), original.body)
        expect(delivery.deliveryCount).toBe((original.header?.deliveries ?? 0) + before)
        return settle(delivery, way)
      })
      await Promise.all(settled)
      const copies = await takeAll(home.name)
      const letters = await takeAll(dead.name)
      for (const [at, [original, way]] of sorted.entries()) {
        const copy = parsed((way === 'rejected' ? letters : copies).shift()!)
        deepStrictEqual(copy.body, original.body)
        const { header, ttlMs } = withoutLife(copy.header)
        const wanted = withoutLife(expected(original, deliveries[at]!.contentType))
        // A dead letter lives for ever, and says why it is one.
        if (way === 'rejected') takeReason(header)
        else if (wanted.ttlMs !== undefined) {
          expect(ttlMs).toBeLessThanOrEqual(wanted.ttlMs)
          expect(ttlMs).toBeGreaterThan(wanted.ttlMs - 3_600_000)
        } else expect(ttlMs).toBeUndefined()
        // One without an id is given one on its way.
        if (!wanted.header.id) for (const each of [header, wanted.header]) delete each.id
        // A dump tells the priority that counts.
        if (way === 'restored') for (const each of [header, wanted.header]) each.priority ??= 4
        deepStrictEqual(header, wanted.header)
      }
      expect(losses).toEqual([])
    }),
    { ...runs(COUNT), endOnFailure: true },
  )
})

function takeReason(header: Json): void {
  const {
    'sluice-reason': reason,
    'sluice-deliveries': _,
    'sluice-origin': origin,
    ...own
  } = header.properties
  expect([reason, origin]).toEqual(['no use', from.name])
  if (Object.keys(own).length === 0) delete header.properties
  else header.properties = own
}
