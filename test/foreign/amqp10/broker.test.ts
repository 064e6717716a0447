/**
 * Messages of strangers through Broker-J: sent as raw bytes, received, copied in every way, and what comes out compared as raw bytes
 * with what the broker hands over of the original.
 */
import { deepStrictEqual, equal } from 'node:assert/strict'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeMessage, encodeMessage } from '../../../src/adapters/qpid/codec/codec.ts'
import { holdsNullArray } from '../../../src/adapters/qpid/codec/null-arrays.ts'
import { sectionsOf } from '../../../src/adapters/qpid/codec/sections.ts'
import { type Connection, connect, queue, type Receiver, type Sender } from '../../../src/index.ts'
import { copyOf } from '../../../src/model/copy.ts'
import { url } from '../../adapters/qpid/fixture.ts'
import { uniqueName } from '../../support/names.ts'
import { runs, timeoutOf } from '../runs.ts'
import { comparable } from './comparable.ts'
import { brokerMessage } from './messages.ts'
import { PeerLost, RawPeer } from './raw-peer.ts'

const COUNT = 15
const HEADER = 0x70
const ANNOTATIONS = 0x72
const PROPERTIES = 0x73

const dead = queue(uniqueName('dead'))
const from = queue<unknown>(uniqueName('from'), { deadLetter: dead })
const to = queue<unknown>(uniqueName('to'))
const plain = queue(uniqueName('plain'))

let connection: Connection
let raw: RawPeer
let receiver: Receiver<unknown>
let sender: Sender<unknown>
const lost: unknown[] = []

beforeAll(async () => {
  connection = await connect(url)
  connection.on('disconnected', (event) => void lost.push(event))
  for (const node of [dead, from, to, plain]) await connection.admin.declare(node)
  receiver = await connection.receiver(from, { credit: 1 })
  sender = await connection.sender(to)
  raw = await RawPeer.open(url)
})

afterAll(async () => {
  await raw.close()
  await receiver.close()
  for (const node of [from, to, dead, plain]) await connection.admin.delete(node)
  await connection.close()
})

test('what comes out of a forward, a release or a dead letter is the message', {
  timeout: timeoutOf(COUNT, 5_000),
}, async () => {
  await fc.assert(
    fc.asyncProperty(brokerMessage, ({ bytes }) =>
      cleanAfter(async () => {
        const original = await asBrokerHasIt(bytes)

        await raw.send(from.name, bytes)
        const delivery = (await receiver.receive({ timeoutMs: 10_000 }))!
        equal(decodeMessage(original).message.damage, undefined)
        await delivery.release()
        const again = (await receiver.receive({ timeoutMs: 10_000 }))!
        equal(again.redelivered, true)
        await sender.forward(again)
        sameButId(await raw.take(to.name), original)
        await again.reject('bad')
        sameDeadLetter(await raw.take(dead.name), original)
        deepStrictEqual(lost, [])
      }),
    ),
    runs(COUNT),
  )
})

test('a delayed release keeps all of the message', { timeout: timeoutOf(2, 120_000) }, async () => {
  await fc.assert(
    fc.asyncProperty(brokerMessage, ({ bytes }) =>
      cleanAfter(async () => {
        const original = await asBrokerHasIt(bytes)
        await raw.send(from.name, bytes)
        const delivery = (await receiver.receive({ timeoutMs: 10_000 }))!
        await delivery.release({ delayMs: 10 })
        const again = (await receiver.receive({ timeoutMs: 60_000 }))!
        equal(again.deliveryCount, 2)
        await sender.forward(again)
        await again.accept()
        sameButId(await raw.take(to.name), addressed(original))
      }),
    ),
    runs(2),
  )
})

/**
 * The message as Broker-J hands it over. It ends the connection of whoever sends it some legal messages ("Cannot decode section"), and
 * itself over arrays of nulls: what it does not take from a bare client either is left out.
 */
async function asBrokerHasIt(bytes: Buffer): Promise<Buffer> {
  fc.pre(!holdsNullArray(bytes))
  try {
    await raw.send(plain.name, bytes)
    return await raw.take(plain.name)
  } catch (error) {
    if (!(error instanceof PeerLost)) throw error
    raw = await RawPeer.open(url)
    await connection.admin.purge(plain)
    return fc.pre(false) as never
  }
}

/** A run that failed leaves its messages where they are: the next, smaller one begins with empty queues. */
async function cleanAfter(run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (error) {
    await receiver.close()
    for (const node of [from, to, dead, plain]) await connection.admin.purge(node)
    receiver = await connection.receiver(from, { credit: 1 })
    throw error
  }
}

/** A copy to the queue that it came from is addressed to it. */
function addressed(original: Buffer): Buffer {
  const { message } = decodeMessage(original)
  return encodeMessage({ ...copyOf(message), to: from.name })
}

/**
 * A message without id is given one on its way to another node, the header counts deliveries, and annotations without any in them say
 * what none say.
 */
function sameButId(copy: Buffer, original: Buffer): void {
  const was = decodeMessage(original).message
  const is = decodeMessage(copy).message
  const without = was.id === '' ? [HEADER, ANNOTATIONS, PROPERTIES] : [HEADER, ANNOTATIONS]
  deepStrictEqual(sections(copy, ...without), sections(original, ...without))
  deepStrictEqual(comparable(is.annotations), comparable(was.annotations))
  deepStrictEqual([is.durable, is.priority, is.ttlMs], [was.durable, was.priority, was.ttlMs])
}

function sameDeadLetter(letter: Buffer, original: Buffer): void {
  const was = decodeMessage(original).message
  const is = decodeMessage(letter).message
  const {
    'sluice-reason': reason,
    'sluice-deliveries': deliveries,
    'sluice-origin': origin,
    ...rest
  } = is.properties
  expect([reason, deliveries, origin]).toEqual(['bad', 2, from.name])
  deepStrictEqual(comparable(rest), comparable(was.properties))
  // Its time to live is over, whichever way it was said.
  deepStrictEqual(
    comparable({ ...is.annotations, absoluteExpiryTime: undefined }),
    comparable({ ...was.annotations, absoluteExpiryTime: undefined }),
  )
  deepStrictEqual(sections(letter, HEADER, PROPERTIES, 0x74), sections(original, HEADER, PROPERTIES, 0x74))
  equal(is.correlationId, was.correlationId)
}

/** All sections but some, as hexadecimal text. */
function sections(bytes: Buffer, ...without: number[]): string[] {
  return sectionsOf(bytes)
    .filter(({ code }) => !without.includes(code!))
    .map((section) => bytes.toString('hex', section.from, section.to))
}
