/**
 * The second table of docs/mapping.md against a run: messages of Broker-J that have every field, as raw bytes, forwarded to each broker, and
 * where each field is found there: on RabbitMQ by another client, elsewhere by the API. A row that nobody looks for, and one that says
 * otherwise than the run, is an error.
 */
import amqp, { type Channel, type ChannelModel, type GetMessage } from 'amqplib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Connection, connect, type Delivery, queue } from '../../src/index.ts'
import { amqpType as a } from '../adapters/qpid/codec/amqp-values.ts'
import { brokerUrl } from '../support/brokers.ts'
import { eventually } from '../support/eventually.ts'
import { uniqueName } from '../support/names.ts'
import { RawPeer } from './amqp10/raw-peer.ts'
import { CopyTargets } from './copy-targets.ts'
import { mappingTable } from './mapping-table.ts'

const RABBITMQ = brokerUrl('rabbitmq')
const QPID = brokerUrl('qpid')
const LOGIN = decodeURIComponent(new URL(RABBITMQ).username)
const WRITTEN = 1_700_000_000_123
const UUID = Buffer.from('00112233445566778899aabbccddeeff', 'hex')
const NODE = queue<unknown>(uniqueName('mapping'))

const section = (code: number, value: Buffer): Buffer => Buffer.concat([Buffer.of(0x00, 0x53, code), value])
const symbols = (pairs: Record<string, Buffer>): Buffer =>
  a.map(Object.entries(pairs).map(([name, value]) => [a.symbol(name), value]))
const data = (text: string): Buffer => section(0x75, a.binary(Buffer.from(text)))
const value = (inside: Buffer): Buffer => section(0x77, inside)

/** Lists deeper than any decoder goes. */
const NO_DECODER = value(Array.from({ length: 1_500 }).reduce<Buffer>((inside) => a.list([inside]), a.null()))

/** What is published, by name. */
const MESSAGES = {
  full: [
    section(0x70, a.list([a.boolean(true), Buffer.of(0x50, 200), a.uint(600_000)])),
    section(0x71, symbols({ 'x-hop': a.int(1) })),
    section(0x72, symbols({ 'x-opt-shop': a.string('north'), traceparent: a.string('00-1-2-01') })),
    section(
      0x73,
      a.list([
        a.string('m-1'),
        a.binary(Buffer.from('somebody')),
        a.string('there'),
        a.string('eu.new'),
        a.string('answers'),
        a.string('c-1'),
        a.symbol('text/plain'),
        a.symbol('gzip'),
        a.timestamp(1_900_000_000_000n),
        a.timestamp(BigInt(WRITTEN)),
        a.string('group'),
        a.uint(7),
        a.string('back'),
      ]),
    ),
    section(
      0x74,
      a.map([
        [a.string('short'), Buffer.of(0x61, 0, 5)],
        [a.string('at'), a.timestamp(5n)],
      ]),
    ),
    data('body'),
    section(0x78, symbols({ 'x-foot': a.string('sum') })),
  ],
  other: [
    section(
      0x73,
      a.list([
        Buffer.concat([Buffer.of(0x98), UUID]),
        a.binary(Buffer.from(LOGIN)),
        a.null(),
        a.null(),
        a.string(''),
      ]),
    ),
    data('bo'),
    data('dy'),
  ],
  text: [
    section(0x73, a.list([a.null(), a.null(), a.null(), a.null(), a.string('news/eu')])),
    value(a.string('a text')),
  ],
  list: [value(a.list([a.int(1), a.string('two')]))],
  odd: [NO_DECODER],
} as const
type Sample = keyof typeof MESSAGES

/** The copies of all of them at one broker. */
type Copies = Readonly<Record<Sample, Delivery<unknown>>>
type Natives = Readonly<Record<Sample, GetMessage>>

interface Look {
  /** What a cell of RabbitMQ must say, word for word, where the copies are as they are. */
  readonly rabbitmq: (natives: Natives) => readonly (string | false)[]
  /** Where the API finds the field on another broker, or what has become of it. */
  readonly others: (copies: Copies, broker: string) => string
}

const natively = (is: boolean): string | false => is && 'natively'
/** A header of that name, as cells tell it. */
const header = (natives: Natives, name: string): string | false =>
  Object.values(natives).some(({ properties }) => name in (properties.headers ?? {})) && `header \`${name}\``
const field = (is: boolean): string => (is ? 'field' : 'not held')
const annotation = ({ full }: Copies, name: string, expected: unknown): string => {
  const found = full.annotations[name]
  const plain = found instanceof Date ? found.getTime() : found
  return plain === expected ? 'annotation' : 'not held'
}
const asText = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

const LOOKS: Readonly<Record<string, Look>> = {
  '`message-id`, `correlation-id`': {
    rabbitmq: ({ full, other }) => [
      natively(full.properties.messageId === 'm-1' && full.properties.correlationId === 'c-1'),
      /^00112233-/.test(String(other.properties.messageId)) && 'any type as text',
    ],
    others: ({ full }) => field(full.id === 'm-1' && full.correlationId === 'c-1'),
  },
  '`content-type`': {
    rabbitmq: ({ full }) => [natively(full.properties.contentType === 'text/plain')],
    others: ({ full }) => field(full.contentType === 'text/plain'),
  },
  '`content-encoding`': {
    rabbitmq: ({ full }) => [natively(full.properties.contentEncoding === 'gzip')],
    others: (copies) => annotation(copies, 'contentEncoding', 'gzip'),
  },
  '`subject`': {
    rabbitmq: (natives) => [header(natives, 'x-sluice-subject')],
    others: ({ full }) => field(full.subject === 'eu.new'),
  },
  '`user-id`': {
    rabbitmq: (natives) => [
      natively(natives.other.properties.userId === LOGIN),
      header(natives, 'x-sluice-user-id'),
    ],
    others: ({ full }) => field(full.userId === 'somebody'),
  },
  '`reply-to`': {
    rabbitmq: (natives) => [
      natively(natives.full.properties.replyTo === 'answers' && natives.other.properties.replyTo === ''),
      header(natives, 'x-sluice-reply-to'),
    ],
    others: ({ full, text }) => field(full.replyTo === 'answers' && text.replyTo === 'news/eu'),
  },
  '`to`': {
    rabbitmq: (natives) => [header(natives, 'x-sluice-to')],
    others: (copies) => annotation(copies, 'to', 'there'),
  },
  '`group-id`': {
    rabbitmq: (natives) => [header(natives, 'x-sluice-group-id')],
    others: ({ full }) => field(full.groupId === 'group'),
  },
  '`group-sequence`': {
    rabbitmq: (natives) => [header(natives, 'x-sluice-group-sequence')],
    others: (copies) => annotation(copies, 'groupSequence', 7),
  },
  '`reply-to-group-id`': {
    rabbitmq: (natives) => [header(natives, 'x-sluice-reply-to-group-id')],
    others: (copies) => annotation(copies, 'replyToGroupId', 'back'),
  },
  '`absolute-expiry-time`': {
    rabbitmq: (natives) => [header(natives, 'x-sluice-absolute-expiry-time')],
    others: (copies) => annotation(copies, 'absoluteExpiryTime', 1_900_000_000_000),
  },
  '`creation-time`': {
    rabbitmq: (natives) => [
      natively(natives.full.properties.timestamp === Math.floor(WRITTEN / 1_000)),
      header(natives, 'timestamp_in_ms'),
    ],
    others: ({ full }) => field(full.createdAt?.getTime() === WRITTEN),
  },
  'no `creation-time`': {
    rabbitmq: ({ other }) => [other.properties.timestamp === undefined && 'none'],
    others: ({ other }) => (other.createdAt === undefined ? 'none' : 'the time of the copy'),
  },
  '`durable`, `priority`, `ttl`': {
    rabbitmq: ({ full: { properties } }) => [
      natively(
        properties.deliveryMode === 2 &&
          properties.priority === 9 &&
          Number(properties.expiration) <= 600_000,
      ),
    ],
    others: ({ full }) =>
      field(full.durable && full.priority === 9 && full.ttlMs! > 0 && full.ttlMs! <= 600_000),
  },
  'application properties': {
    rabbitmq: ({ full: { properties } }) => [
      properties.headers!.short === 5 && 'headers',
      'x-sluice-types' in properties.headers! && '`x-sluice-types`',
    ],
    others: ({ full: { properties } }) => field(properties.short === 5 && properties.at instanceof Date),
  },
  'length of a number, uuid, char, symbol, decimal': {
    rabbitmq: ({ other }) => [
      typeof other.properties.messageId === 'string' && 'not held: number, text or bytes',
    ],
    others: ({ other }) => (typeof other.id === 'string' ? 'not held' : 'field'),
  },
  'message annotations (`x-opt-…`, `traceparent`)': {
    rabbitmq: ({ full: { properties } }) => [
      properties.headers!['x-opt-shop'] === 'north' &&
        properties.headers!.traceparent === '00-1-2-01' &&
        'headers of their names',
    ],
    others: (copies) => annotation(copies, 'x-opt-shop', 'north'),
  },
  footer: {
    rabbitmq: ({ full }) => [full.properties.headers!['x-foot'] === 'sum' && 'as message annotations'],
    others: (copies) =>
      annotation(copies, 'x-foot', 'sum') === 'annotation' ? 'as message annotations' : 'not held',
  },
  'delivery annotations': {
    rabbitmq: ({ full }) => [!('x-hop' in full.properties.headers!) && 'not held: they are of one hop'],
    others: ({ full }) => ('x-hop' in full.annotations ? 'annotation' : 'not held'),
  },
  'a body that is a text': {
    rabbitmq: ({ text }) => [text.content.toString() === 'a text' && 'its text'],
    others: ({ text }) => (text.body === 'a text' ? 'its text' : 'lost'),
  },
  'a body that is a list or map': {
    rabbitmq: ({ list }) => [list.properties.contentType === 'amqp/list' && '`amqp/list`'],
    others: ({ list }) => (JSON.stringify(list.body) === '[1,"two"]' ? 'the list' : 'lost'),
  },
  'several data sections': {
    rabbitmq: ({ other }) => [other.content.toString() === 'body' && 'one body'],
    others: ({ other }) => (asText(other.bytes) === 'body' ? 'one body' : 'lost'),
  },
  'a message that no decoder takes': {
    rabbitmq: ({ odd }) => [NO_DECODER.equals(odd.content) && 'its bytes are the body'],
    others: ({ odd }) => (NO_DECODER.equals(odd.bytes) ? 'its bytes are the body' : 'lost'),
  },
}

/** What a cell says of where a field is, by its beginning. */
function said(row: string, cell: string): string {
  if (row === 'a body that is a text') return 'its text'
  if (row === 'a body that is a list or map') return 'the list'
  if (cell.startsWith('natively') || cell.startsWith('header')) return 'field'
  return cell.startsWith('not held') ? 'not held' : cell
}

const { heads, rows } = mappingTable('Fields of AMQP 1.0')
const NAMES = { Redis: 'redis', hub: 'hub', '`memory:`, `file:`': 'memory' } as const
let targets: CopyTargets
let source: Connection
let peer: RawPeer
let bare: ChannelModel
let channel: Channel

beforeAll(async () => {
  targets = await CopyTargets.open(NODE, 'rabbitmq')
  source = await connect(QPID)
  await source.admin.declare(NODE)
  peer = await RawPeer.open(QPID)
  bare = await amqp.connect(RABBITMQ.replace(/^rabbitmq/, 'amqp'))
  channel = await bare.createChannel()
})

afterAll(async () => {
  await bare?.close()
  await peer?.close()
  await source?.admin.delete(NODE)
  await source?.close()
  await targets?.close()
})

/** Publishes each message, forwards it, and has its copy fetched. */
async function copiesAt<T>(target: Connection, fetched: () => Promise<T>): Promise<Record<Sample, T>> {
  await using receiver = await source.receiver(NODE, { credit: 1 })
  await using sender = await target.sender(NODE)
  const copies: Partial<Record<Sample, T>> = {}
  for (const [name, sections] of Object.entries(MESSAGES)) {
    await peer.send(NODE.name, Buffer.concat(sections))
    const delivery = (await receiver.receive({ timeoutMs: 15_000 }))!
    await sender.forward(delivery)
    await delivery.accept()
    copies[name as Sample] = await fetched()
  }
  return copies as Record<Sample, T>
}

test('every row is looked for, and every column is a broker', () => {
  expect(rows.map(([row]) => row)).toEqual(Object.keys(LOOKS))
  expect(heads).toEqual(['RabbitMQ', ...Object.keys(NAMES)])
})

test('RabbitMQ keeps each field as its column says, for another client', async () => {
  const natives = await copiesAt(targets.of('rabbitmq').connection, async () =>
    eventually(async () => (await channel.get(NODE.name, { noAck: true })) || undefined),
  )
  const found = rows.map(([row]) => [row, LOOKS[row!]!.rabbitmq(natives)] as const)
  for (const [at, [row, words]] of found.entries())
    for (const word of words) expect([row, word && rows[at]![1]!.includes(word)]).toEqual([row, true])
  // What the column names, somebody has found.
  const named = rows.flatMap(([row, cell]) =>
    (cell!.match(/header `[^`]+`/g) ?? []).map((name) => [row, name]),
  )
  const seen = new Set(found.flatMap(([row, words]) => words.map((word) => `${row} ${word}`)))
  expect(named.filter(([row, name]) => !seen.has(`${row} ${name}`))).toEqual([])
})

describe.each(Object.entries(NAMES))('%s', (head, name) => {
  test('keeps each field as its column says', async () => {
    const { connection: target, told } = targets.of(name)
    const copies = await copiesAt(target, async () => {
      await using receiver = await target.receiver(NODE, { credit: 1 })
      const copy = (await receiver.receive({ timeoutMs: 15_000 }))!
      await copy.accept()
      return copy
    })
    expect(told.sort()).toEqual(['ids that are no text', 'the length of numbers'])
    const column = 1 + heads.indexOf(head)
    const found = rows.map(([row]) => [row, LOOKS[row!]!.others(copies, name)])
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(rows.map((cells) => [cells[0], said(cells[0]!, cells[column]!)])),
    )
  })
})
