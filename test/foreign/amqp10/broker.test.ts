/**
 * Messages of strangers through Broker-J: sent as raw bytes, received, copied in every way, and what comes out compared as raw bytes
 * with what the broker hands over of the original.
 */
import { deepStrictEqual, equal } from 'node:assert/strict'
import fc from 'fast-check'
import { afterAll, beforeAll, test } from 'vitest'
import { decodeMessage, encodeMessage } from '../../../src/adapters/qpid/codec/codec.ts'
import { holdsNullArray } from '../../../src/adapters/qpid/codec/null-arrays.ts'
import { sectionsOf } from '../../../src/adapters/qpid/codec/sections.ts'
import { type Connection, connect } from '../../../src/index.ts'
import { copyOf } from '../../../src/model/copy.ts'
import { url } from '../../adapters/qpid/fixture.ts'
import { batch, runs, timeoutOf } from '../runs.ts'
import { comparable } from './comparable.ts'
import { byLanes, Lane, messagesOf } from './lane.ts'
import { brokerMessage } from './messages.ts'

const COUNT = 16
const DELAYED = 2
/** Messages of one run. */
const MOST = 128
/** Each needs queues of its own: few messages are not worth many. */
const LANES = batch(COUNT, MOST) === MOST ? 8 : 2
const HEADER = 0x70
const ANNOTATIONS = 0x72
const PROPERTIES = 0x73

/** Broker-J ends itself over arrays of nulls. */
const survived = brokerMessage.filter(({ bytes }) => !holdsNullArray(bytes))

let connection: Connection
let lanes: Lane[]
let leftOut = 0
const lost: unknown[] = []

beforeAll(async () => {
  connection = await connect(url)
  connection.on('disconnected', (event) => void lost.push(event))
  lanes = await Promise.all(Array.from({ length: LANES }, () => Lane.open(connection, url)))
})

afterAll(async () => {
  if (leftOut > 0) console.log(`${leftOut} messages, which the broker takes from nobody, are left out`)
  for (const lane of lanes) await lane.close()
  await connection.close()
})

test('what comes out of a forward, a release or a dead letter is the message', {
  timeout: timeoutOf(COUNT, 5_000),
}, async () => {
  const size = batch(COUNT, MOST)
  await fc.assert(
    fc.asyncProperty(messagesOf(survived, size), (messages) =>
      byLanes(lanes, messages, async (lane, bytes) => {
        const original = await originalOf(lane, bytes)
        if (!original) return
        const { from, to, dead, raw, receiver, sender } = lane
        await raw.send(from.name, bytes)
        const delivery = (await receiver.receive({ timeoutMs: 10_000 }))!
        equal(decodeMessage(original).message.damage, undefined)
        await delivery.release()
        const again = (await receiver.receive({ timeoutMs: 10_000 }))!
        equal(again.redelivered, true)
        await sender.forward(again)
        sameButId(await raw.take(to.name), original)
        await again.reject('bad')
        sameDeadLetter(await raw.take(dead.name), original, from.name)
        deepStrictEqual(lost, [])
      }),
    ),
    // The failure has the bytes: looking for fewer messages that fail would take hours.
    { ...runs(COUNT / size), endOnFailure: true },
  )
})

test('a delayed release keeps all of the message', {
  timeout: timeoutOf(DELAYED, 120_000),
}, async () => {
  const size = batch(DELAYED, MOST)
  await fc.assert(
    fc.asyncProperty(messagesOf(survived, size), (messages) =>
      byLanes(lanes, messages, async (lane, bytes) => {
        const original = await originalOf(lane, bytes)
        if (!original) return
        const { from, to, raw, receiver, sender } = lane
        await raw.send(from.name, bytes)
        const delivery = (await receiver.receive({ timeoutMs: 10_000 }))!
        await delivery.release({ delayMs: 10 })
        const again = (await receiver.receive({ timeoutMs: 60_000 }))!
        equal(again.deliveryCount, 2)
        await sender.forward(again)
        await again.accept()
        sameButId(await raw.take(to.name), addressed(original, from.name))
      }),
    ),
    { ...runs(DELAYED / size), endOnFailure: true },
  )
})

/** Broker-J ends the connection of whoever sends it some legal messages ("Cannot decode section"): these are left out. */
async function originalOf(lane: Lane, bytes: Buffer): Promise<Buffer | undefined> {
  const original = await lane.original(bytes)
  if (!original) leftOut++
  return original
}

/** A copy to the queue that it came from is addressed to it. */
function addressed(original: Buffer, to: string): Buffer {
  const { message } = decodeMessage(original)
  return encodeMessage({ ...copyOf(message), to })
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

function sameDeadLetter(letter: Buffer, original: Buffer, from: string): void {
  const was = decodeMessage(original).message
  const is = decodeMessage(letter).message
  const {
    'sluice-reason': reason,
    'sluice-deliveries': deliveries,
    'sluice-origin': origin,
    ...rest
  } = is.properties
  deepStrictEqual([reason, deliveries, origin], ['bad', 2, from])
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
