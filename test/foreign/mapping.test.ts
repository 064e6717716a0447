/**
 * The first table of docs/mapping.md against a run: one message of RabbitMQ that has every field, forwarded to each broker, and where each
 * of its fields is found there. A row that nobody looks for, and one that says otherwise than the run, is an error.
 */
import amqp, { type Channel, type ChannelModel } from 'amqplib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { copyFrames } from '../../src/adapters/rabbitmq/wire/publish-frames.ts'
import { type Connection, connect, type Delivery, queue } from '../../src/index.ts'
import { brokerUrl } from '../support/brokers.ts'
import { uniqueName } from '../support/names.ts'
import { CopyTargets } from './copy-targets.ts'
import { mappingTable } from './mapping-table.ts'

const RABBITMQ = brokerUrl('rabbitmq')
const LOGIN = decodeURIComponent(new URL(RABBITMQ).username)
/** By the heads of the columns. */
const COLUMNS = { 'AMQP 1.0': 'qpid', Redis: 'redis', hub: 'hub', '`memory:`, `file:`': 'memory' } as const

/** A field of the API or a property; an annotation; nowhere, or changed. */
type Place = 'field' | 'annotation' | 'not held'

const WRITTEN = 1_700_000_000
const NO_TIME = 1_700_000_000_000_000
const NODE = queue<unknown>(uniqueName('mapping'))

/** Where the copy has what a row is about. `odd`: the copy of a message whose time no `Date` holds, and whose text is no UTF-8. */
const LOOKS: Readonly<Record<string, (copy: Delivery<unknown>, odd: Delivery<unknown>) => Place>> = {
  '`message-id`, `correlation-id`': ({ id, correlationId }) => field(id === 'm-1' && correlationId === 'c-1'),
  '`content-type`': ({ contentType }) => field(contentType === 'text/plain'),
  '`content-encoding`': (copy) => either(copy, 'contentEncoding', 'gzip'),
  '`type`': (copy) => either(copy, 'type', 'order'),
  '`app-id`': (copy) => either(copy, 'appId', 'shop'),
  '`cluster-id`': (_, odd) => either(odd, 'clusterId', 'east'),
  '`user-id`': ({ userId }) => field(userId === LOGIN),
  '`reply-to`': ({ replyTo }) => field(replyTo === 'answers'),
  '`expiration`': ({ ttlMs }) => field(ttlMs !== undefined && ttlMs > 0 && ttlMs <= 600_000),
  '`timestamp`': ({ createdAt }) => field(createdAt?.getTime() === WRITTEN * 1_000),
  '`timestamp` that no `Date` holds': (_, { createdAt }) => field(createdAt !== undefined),
  '`priority`': ({ priority }) => field(priority === 9),
  '`delivery-mode`': ({ durable }) => field(durable),
  'headers of one value (`traceparent`)': ({ properties }) => field(properties.traceparent === '00-1-2-01'),
  'headers that are tables and lists, `x-death`': (copy) =>
    hasAnnotation(copy, 'trace', { span: 'a' }) && hasAnnotation(copy, 'limits', [1, 'two'])
      ? 'annotation'
      : 'not held',
  '`CC`': (copy) => (hasAnnotation(copy, 'CC', ['nobody']) ? 'annotation' : 'not held'),
  'length of a number (`b`, `s`, `I` …)': ({ properties }) =>
    properties.short === 5 ? 'not held' : field(properties.short !== undefined),
  'decimals (`D`)': ({ properties }) => field(properties.decimal === 12.34),
  'text that is no UTF-8 (`S`)': (_, { properties }) => field(properties.s !== 'a\ufffd'),
  'exchange, routing key (but for a subject)': ({ annotations }) =>
    'exchange' in annotations || 'routingKey' in annotations ? 'annotation' : 'not held',
}

function field(is: boolean): Place {
  return is ? 'field' : 'not held'
}

function either(copy: Delivery<unknown>, name: string, value: unknown): Place {
  return hasAnnotation(copy, name, value) ? 'annotation' : 'not held'
}

/** Under its name, or that of another protocol. */
function hasAnnotation({ annotations }: Delivery<unknown>, name: string, value: unknown): boolean {
  const basic =
    name === 'appId' ? 'x-basic-app-id' : name === 'clusterId' ? 'x-basic-cluster-id' : `x-basic-${name}`
  return [name, basic, `x-opt-sluice-extra-${name}`, `x-${name}`].some(
    (key) => key in annotations && JSON.stringify(annotations[key]) === JSON.stringify(value),
  )
}

/** What a cell of the table says. The API has no field for an encoding: what is native on AMQP 1.0 is an annotation to a program. */
function said(row: string, cell: string): Place {
  if (row === '`content-encoding`') return 'annotation'
  if (cell.startsWith('not held')) return 'not held'
  return cell.startsWith('annotation') ? 'annotation' : 'field'
}

let targets: CopyTargets
let bare: ChannelModel
let channel: Channel
let source: Connection

beforeAll(async () => {
  targets = await CopyTargets.open(NODE, 'qpid')
  source = await connect(RABBITMQ)
  await source.admin.declare(NODE)
  bare = await amqp.connect(RABBITMQ.replace(/^rabbitmq/, 'amqp'))
  channel = await bare.createChannel()
})

afterAll(async () => {
  await bare?.close()
  await source?.admin.delete(NODE)
  await source?.close()
  await targets?.close()
})

function publishFull(): void {
  channel.sendToQueue(NODE.name, Buffer.from('body'), {
    messageId: 'm-1',
    correlationId: 'c-1',
    contentType: 'text/plain',
    contentEncoding: 'gzip',
    type: 'order',
    appId: 'shop',
    userId: LOGIN,
    replyTo: 'answers',
    expiration: '600000',
    timestamp: WRITTEN,
    priority: 200,
    deliveryMode: 2,
    CC: ['nobody'],
    headers: {
      traceparent: '00-1-2-01',
      trace: { span: 'a' },
      limits: [1, 'two'],
      short: { '!': 'short', value: 5 },
      decimal: { '!': 'decimal', value: { places: 2, digits: 1234 } },
    },
  } as amqp.Options.Publish)
}

/** Its header as bytes, since the library writes neither such a text nor a cluster id. */
function publishOdd(): void {
  const entry = Buffer.from([1, 0x73, 0x53, 0, 0, 0, 2, 0x61, 0xff])
  const headers = Buffer.concat([Buffer.from([0, 0, 0, entry.length]), entry])
  const timestamp = Buffer.alloc(8)
  timestamp.writeBigUInt64BE(BigInt(NO_TIME))
  const clusterId = Buffer.from('\x04east')
  const headerBytes = Buffer.concat([Buffer.from([0x20, 0x44]), headers, timestamp, clusterId])
  const { ch, connection } = channel as unknown as {
    ch: number
    connection: { frameMax: number; sendBytes(bytes: Buffer): void }
  }
  connection.sendBytes(copyFrames(ch, '', NODE.name, Buffer.from('x'), { headerBytes }, connection.frameMax)!)
}

/** Forwards the next message of RabbitMQ, and receives its copy. */
async function copied(target: Connection): Promise<Delivery<unknown>> {
  await using receiver = await source.receiver(NODE, { credit: 1 })
  await using sender = await target.sender(NODE)
  const delivery = (await receiver.receive({ timeoutMs: 15_000 }))!
  await sender.forward(delivery)
  await delivery.accept()
  await using copies = await target.receiver(NODE, { credit: 1 })
  const copy = (await copies.receive({ timeoutMs: 15_000 }))!
  await copy.accept()
  return copy
}

const { heads, rows } = mappingTable('Fields of AMQP 0-9-1')

test('every row is looked for, and every column is a broker', () => {
  expect(rows.map(([row]) => row)).toEqual(Object.keys(LOOKS))
  expect(heads).toEqual(Object.keys(COLUMNS))
})

describe.each(Object.entries(COLUMNS))('%s', (head, name) => {
  test('keeps each field as its column says', async () => {
    const { connection: target, told } = targets.of(name)
    publishFull()
    const copy = await copied(target)
    publishOdd()
    const odd = await copied(target)
    publishOdd()
    await copied(target)
    // Once for each kind, however many messages have it.
    expect(told.sort()).toEqual([
      'a timestamp that no Date holds',
      'decimals',
      'text that is no UTF-8',
      'the length of numbers',
    ])
    const column = 1 + heads.indexOf(head)
    const found = rows.map((row) => [row[0], LOOKS[row[0]!]!(copy, odd)])
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(rows.map((row) => [row[0], said(row[0]!, row[column]!)])),
    )
  })
})
