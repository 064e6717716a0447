/**
 * Messages of strangers on their way from AMQP to another broker and back: published and taken as raw bytes by bare clients, forwarded
 * twice by Sluice between, and compared natively with what the broker hands over of the original.
 */
import { deepStrictEqual } from 'node:assert/strict'
import amqp, { type Channel, type ChannelModel, type GetMessage } from 'amqplib'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeMessage } from '../../src/adapters/qpid/codec/codec.ts'
import { type RawProperties, tapHeaderFrames } from '../../src/adapters/rabbitmq/wire/native-properties.ts'
import { copyFrames } from '../../src/adapters/rabbitmq/wire/publish-frames.ts'
import { type Connection, connect, createHub, type Hub, queue } from '../../src/index.ts'
import { bodyBytes } from '../../src/model/body-codec.ts'
import { priorityInRange, timeInRange } from '../../src/model/ranges.ts'
import { brokerUrl } from '../support/brokers.ts'
import { uniqueName } from '../support/names.ts'
import { comparable } from './amqp10/comparable.ts'
import { brokerMessage } from './amqp10/messages.ts'
import { PeerLost, RawPeer } from './amqp10/raw-peer.ts'
import { foreignMessages } from './amqp091/messages.ts'
import { runs, timeoutOf } from './runs.ts'

const COUNT = 6
const RABBITMQ = brokerUrl('rabbitmq')
const QPID = brokerUrl('qpid')
const login = decodeURIComponent(new URL(RABBITMQ).username)

const node = queue<unknown>(uniqueName('bridged'))
const home = queue<unknown>(uniqueName('home'))
const away = ['memory', 'redis', 'zmq', 'qpid', 'rabbitmq'] as const
type Name = (typeof away)[number]

let hub: Hub
let bare: ChannelModel
let channel: Channel
let raw: RawPeer
const connections = new Map<Name, Connection>()

beforeAll(async () => {
  hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
  const urls: Record<Name, string> = {
    memory: `memory:${uniqueName('away')}`,
    redis: brokerUrl('redis'),
    zmq: hub.urls[0]!.replace('tcp:', 'zmq:'),
    qpid: QPID,
    rabbitmq: RABBITMQ,
  }
  for (const name of away) {
    const connection = await connect(urls[name])
    connections.set(name, connection)
    await connection.admin.declare(node)
    await connection.admin.declare(home)
  }
  bare = await amqp.connect(RABBITMQ.replace(/^rabbitmq/, 'amqp'))
  expect(tapHeaderFrames(bare)).toBe(true)
  channel = await bare.createChannel()
  raw = await RawPeer.open(QPID)
})

afterAll(async () => {
  await raw.close()
  await bare.close()
  for (const connection of connections.values()) {
    await connection.admin.delete(node)
    await connection.admin.delete(home)
    await connection.close()
  }
  await hub.close()
})

/** From `from` to `to` and back into {@link home}. */
async function thereAndBack(from: Name, to: Name): Promise<void> {
  await forwardOne(
    connections.get(from)!,
    node.name,
    connections.get(to)!,
    to === from ? home.name : node.name,
  )
  await forwardOne(connections.get(to)!, node.name, connections.get(from)!, home.name)
}

async function forwardOne(source: Connection, from: string, target: Connection, to: string): Promise<void> {
  const receiver = await source.receiver(queue(from, { create: 'never' }), { credit: 1 })
  const sender = await target.sender(queue(to, { create: 'never' }))
  const delivery = (await receiver.receive({ timeoutMs: 15_000 }))!
  await sender.forward(delivery)
  await delivery.accept()
  await Promise.all([receiver.close(), sender.close()])
}

async function emptyAll(): Promise<void> {
  for (const connection of connections.values())
    for (const each of [node, home]) await connection.admin.purge(each)
}

async function clean(run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (error) {
    await emptyAll()
    throw error
  }
}

async function publish(name: string, header: Buffer, body: Buffer): Promise<void> {
  const { ch, connection } = channel as unknown as {
    ch: number
    connection: { frameMax: number; sendBytes(bytes: Buffer): void }
  }
  connection.sendBytes(copyFrames(ch, '', name, body, { headerBytes: header }, connection.frameMax)!)
  await channel.checkQueue(name)
}

async function take(name: string): Promise<Taken> {
  let got: GetMessage | false = false
  await expect
    .poll(
      async () => {
        got = await channel.get(name, { noAck: true })
        return got !== false
      },
      { timeout: 15_000, interval: 5 },
    )
    .toBe(true)
  return got as unknown as Taken
}

interface Taken {
  readonly properties: RawProperties
  readonly content: Buffer
}

function isTime(seconds: number | undefined): boolean {
  return seconds !== undefined && timeInRange(seconds * 1000) === seconds * 1000
}

function isAscii(text: string | undefined): boolean {
  return text === undefined || /^[\x20-\x7e]*$/.test(text)
}

/** A time of 64 bits without sign, which no other type of AMQP 0-9-1 holds, comes back as its text. */
function asText(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (Array.isArray(value)) return value.map(asText)
  return value instanceof Map ? new Map([...value].map(([name, item]) => [name, asText(item)])) : value
}

/** What was left of a time to live on its way. Unit: ms. */
function isWithin(left: string | undefined, all: string | undefined): boolean {
  if (left === undefined || all === undefined) return left === all
  return Number(left) <= Number(all) && Number(left) > Number(all) - 60_000
}

/** What the mapping promises of a message of AMQP 0-9-1: every property; headers by value. */
function promised091({ properties, content }: Taken, original: Taken): unknown {
  const like = original.properties.parsed()
  const { headers, headerBytes, ...fields } = { ...properties.parsed(), headers: properties.parsed().headers }
  const strangers = Object.fromEntries(
    Object.entries(headers).filter(([name]) => !name.startsWith('x-sluice-') && name !== 'timestamp_in_ms'),
  )
  return {
    ...fields,
    // A message without id is given one on its way; a time that is missing or understood by nobody becomes that of the copy.
    messageId: like.messageId ? fields.messageId : undefined,
    timestamp: isTime(like.timestamp) ? fields.timestamp : undefined,
    // No mode and 1 mean the same, no priority and 4, and what is above 9 and 9.
    deliveryMode: fields.deliveryMode === 2,
    expiration: isWithin(fields.expiration, like.expiration),
    priority: priorityInRange(fields.priority) ?? 4,
    // An empty address is none.
    replyTo: fields.replyTo || undefined,
    // Symbols of AMQP 1.0 are ASCII.
    contentType: isAscii(like.contentType) ? fields.contentType : undefined,
    headers: asText(comparable(strangers)),
    body: content.toString('hex'),
  }
}

for (const to of ['memory', 'redis', 'zmq', 'qpid'] as const) {
  test(`RabbitMQ, ${to}, RabbitMQ`, { timeout: timeoutOf(COUNT, 3_000) }, async () => {
    await fc.assert(
      fc.asyncProperty(foreignMessages(login), ({ header, body }) =>
        clean(async () => {
          await publish(home.name, header, body)
          const original = await take(home.name)
          await publish(node.name, header, body)
          await thereAndBack('rabbitmq', to)
          deepStrictEqual(promised091(await take(home.name), original), promised091(original, original))
        }),
      ),
      { ...runs(COUNT), endOnFailure: true },
    )
  })
}

/** The message as Broker-J hands it over; what it does not decode from a bare client, and ends its connection for, is left out. */
async function asBrokerHasIt(bytes: Buffer): Promise<Buffer> {
  try {
    await raw.send(home.name, bytes)
    return await raw.take(home.name)
  } catch (error) {
    if (!(error instanceof PeerLost)) throw error
    raw = await RawPeer.open(QPID)
    await emptyAll()
    return fc.pre(false) as never
  }
}

/** What the mapping promises of a message of AMQP 1.0: all fields, properties, annotations and the body. */
function promised10(bytes: Buffer, original: Buffer): unknown {
  const like = decodeMessage(original).message
  const { message } = decodeMessage(bytes)
  const { id, subject, contentType, replyTo, correlationId, durable, userId, groupId, createdAt } = message
  return {
    ...{ subject, correlationId, durable, userId, groupId },
    // An empty address is none on AMQP 0-9-1.
    replyTo: replyTo === "''" ? undefined : replyTo,
    // A body with types is marked as such where it is text.
    contentType: like.contentType === undefined ? undefined : contentType,
    id: like.id === '' ? '' : id,
    createdAt: timeInRange(like.createdAt) === undefined ? undefined : createdAt,
    priority: priorityInRange(message.priority),
    properties: comparable(message.properties),
    annotations: comparable({ ...message.annotations, timestamp_in_ms: undefined }),
    body: Buffer.from(bodyBytes(message.body)).toString(),
  }
}

for (const to of ['memory', 'redis', 'zmq', 'rabbitmq'] as const) {
  test(`Broker-J, ${to}, Broker-J`, { timeout: timeoutOf(COUNT, 3_000) }, async () => {
    await fc.assert(
      fc.asyncProperty(brokerMessage, ({ bytes }) =>
        clean(async () => {
          const original = await asBrokerHasIt(bytes)
          await raw.send(node.name, bytes)
          await thereAndBack('qpid', to)
          deepStrictEqual(promised10(await raw.take(home.name), original), promised10(original, original))
        }),
      ),
      { ...runs(COUNT), endOnFailure: true },
    )
  })
}
