/**
 * Messages of strangers on their way from AMQP to another broker and back: published and taken as raw bytes by bare clients, forwarded
 * twice by Sluice between, and compared natively with what the broker hands over of the original.
 */
import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { afterAll, beforeAll, test } from 'vitest'
import { decodeMessage } from '../../src/adapters/qpid/codec/codec.ts'
import { type Connection, connect, createHub, type Hub, queue } from '../../src/index.ts'
import { bodyBytes } from '../../src/model/body-codec.ts'
import { priorityInRange, timeInRange } from '../../src/model/ranges.ts'
import { brokerUrl } from '../support/brokers.ts'
import { uniqueName } from '../support/names.ts'
import { comparable } from './amqp10/comparable.ts'
import { brokerMessage } from './amqp10/messages.ts'
import { RawPeer } from './amqp10/raw-peer.ts'
import { runs, timeoutOf } from './runs.ts'

const COUNT = 6
const RABBITMQ = brokerUrl('rabbitmq')
const QPID = brokerUrl('qpid')

const node = queue<unknown>(uniqueName('bridged'))
const home = queue<unknown>(uniqueName('home'))
const away = ['memory', 'redis', 'zmq', 'qpid', 'rabbitmq'] as const
type Name = (typeof away)[number]

let hub: Hub
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
  raw = await RawPeer.open(QPID)
})

afterAll(async () => {
  await raw.close()
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

/** What the mapping promises of a message of AMQP 1.0: all fields, properties, annotations and the body. */
function promised10(bytes: Buffer, original: Buffer): unknown {
  const like = decodeMessage(original).message
  const { message } = decodeMessage(bytes)
  const { id, subject, contentType, replyTo, correlationId, durable, userId, groupId, createdAt } = message
  return {
    ...{ subject, replyTo, correlationId, durable, userId, groupId },
    // A body with types is marked as such where it is text.
    contentType: like.contentType === undefined ? undefined : contentType,
    id: like.id === '' ? '' : id,
    createdAt: timeInRange(like.createdAt) === undefined ? undefined : createdAt,
    priority: priorityInRange(message.priority),
    properties: comparable(message.properties),
    annotations: comparable(message.annotations),
    body: Buffer.from(bodyBytes(message.body)).toString(),
  }
}

for (const to of ['memory', 'redis', 'zmq'] as const) {
  test(`Broker-J, ${to}, Broker-J`, { timeout: timeoutOf(COUNT, 3_000) }, async () => {
    await fc.assert(
      fc.asyncProperty(brokerMessage, ({ bytes }) =>
        clean(async () => {
          await raw.send(home.name, bytes)
          const original = await raw.take(home.name)
          await raw.send(node.name, bytes)
          await thereAndBack('qpid', to)
          deepStrictEqual(promised10(await raw.take(home.name), original), promised10(original, original))
        }),
      ),
      { ...runs(COUNT), endOnFailure: true },
    )
  })
}
