/** The tools over messages of strangers: printed in every way, dumped, restored, moved. No message is lost and none ends a tool. */
import { deepStrictEqual } from 'node:assert/strict'
import amqp, { type Channel, type ChannelModel, type GetMessage } from 'amqplib'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RawProperties, tapHeaderFrames } from '../../src/adapters/rabbitmq/wire/native-properties.ts'
import { copyFrames } from '../../src/adapters/rabbitmq/wire/publish-frames.ts'
import { Commands, type Ended } from '../cli/commands.ts'
import { brokerUrl } from '../support/brokers.ts'
import { uniqueName } from '../support/names.ts'
import { foreignMessages } from './amqp091/messages.ts'
import { runs, timeoutOf } from './runs.ts'

/** Runs for each broker, and messages in the queue of each. */
const COUNT = 2
const EACH = 12

const RABBITMQ = brokerUrl('rabbitmq')
const QPID = brokerUrl('qpid')
const login = decodeURIComponent(new URL(RABBITMQ).username)
const ALL_FIELDS = [
  ...['id', 'subject', 'user_id', 'reply_to', 'correlation_id', 'durable', 'priority', 'ttl', 'properties'],
  ...['content_type', 'content', 'group_id', 'created_at', 'delivery_count', 'annotations'],
]
const FORMATS = [
  [],
  ['-p', ALL_FIELDS.map((name) => `%(M.${name})s %(M.${name})r %(M.${name})j`).join(' ')],
  ['--json'],
  ['--dump'],
  ['--content-only'],
]

const commands = new Commands()
const queues = [uniqueName('tools'), uniqueName('restored'), uniqueName('probe')] as const
const [from, to, probe] = queues
let bare: ChannelModel
let channel: Channel

beforeAll(async () => {
  bare = await amqp.connect(RABBITMQ.replace(/^rabbitmq/, 'amqp'))
  expect(tapHeaderFrames(bare)).toBe(true)
  channel = await bare.createChannel()
  for (const broker of [RABBITMQ, QPID])
    for (const queue of queues) ok(await commands.run('sluice', 'declare', '-b', broker, queue))
})

afterAll(async () => {
  for (const broker of [RABBITMQ, QPID])
    for (const queue of queues) ok(await commands.run('sluice', 'delete', '-b', broker, queue))
  await bare.close()
  commands[Symbol.dispose]()
})

function ok(ended: Ended): string {
  expect(ended.err).not.toMatch(/^\s+at /m)
  expect(ended.code, ended.err).toBe(0)
  return ended.text
}

function publish(queue: string, header: Buffer, body: Buffer): void {
  const { ch, connection } = channel as unknown as {
    ch: number
    connection: { frameMax: number; sendBytes(bytes: Buffer): void }
  }
  connection.sendBytes(copyFrames(ch, '', queue, body, { headerBytes: header }, connection.frameMax)!)
}

/** As they stand on the wire, but for the id that a message without one is given. */
async function takeAll091(queue: string, count: number): Promise<unknown[]> {
  const all: unknown[] = []
  while (all.length < count) {
    const got = (await channel.get(queue, { noAck: true })) as GetMessage | false
    if (!got) continue
    const { properties, content } = got as unknown as { properties: RawProperties; content: Buffer }
    const fields = { ...properties.parsed() }
    all.push({ ...fields, headerBytes: fields.headerBytes.toString('hex'), content: content.toString('hex') })
  }
  return all
}

function withoutIds(copies: unknown[], originals: unknown[]): unknown[] {
  return copies.map((copy, index) => {
    const { messageId } = originals[index] as { messageId?: string }
    return messageId ? copy : { ...(copy as object), messageId }
  })
}

/** Prints all of a queue in every way, moves it to a file and back, and over a bridge to another queue. */
async function useAllTools(broker: string, count: number): Promise<void> {
  for (const format of FORMATS)
    expect(ok(await commands.run('sluice', 'browse', '-b', broker, from, ...format))).not.toBe('')
  const dump = ok(await commands.run('drain', '-b', broker, '--dump', from, '-t', '1'))
  expect(dump.trimEnd().split('\n')).toHaveLength(count)
  ok(await commands.runWith({ input: dump }, 'spout', '-b', broker, to, '--restore'))
}

test('RabbitMQ: printed, dumped and restored', { timeout: timeoutOf(COUNT, 60_000) }, async () => {
  const several = fc.array(foreignMessages(login), { minLength: EACH, maxLength: EACH })
  await fc.assert(
    fc.asyncProperty(several, async (messages) => {
      for (const queue of queues) await channel.purgeQueue(queue)
      for (const { header, body } of messages) {
        publish(from, header, body)
        publish(probe, header, body)
      }
      await channel.checkQueue(from)
      await useAllTools(RABBITMQ, messages.length)
      const originals = await takeAll091(probe, messages.length)
      const restored = await takeAll091(to, messages.length)
      deepStrictEqual(withoutIds(restored, originals), originals)
    }),
    { ...runs(COUNT), endOnFailure: true },
  )
})

test('what no date, no number and no decoder holds is printed, moved and kept', {
  timeout: 60_000,
}, async () => {
  const odd: [amqp.Options.Publish, string][] = [
    [{ timestamp: 1_700_000_000_000_000 }, '{}'],
    [{ timestamp: 1_700_000_000_000, headers: { at: { '!': 'timestamp', value: 1.7e15 } } }, '{}'],
    [{ priority: 200 }, 'x'],
    [{ contentType: 'application/json' }, '{broken'],
    [{ contentType: 'amqp/map' }, '{"at":{"@date":"never"}}'],
    [{ contentType: 'amqp/list' }, 'no list'],
    [{ contentType: 'text/plain' }, '\xff\xfe'],
    [{ expiration: '60000', timestamp: Math.floor(Date.now() / 1000) - 120 }, 'late clock'],
    [{ headers: { at: 9e15, 'x-sluice-types': { at: 'date' } } }, 'a note that is no date'],
  ]
  for (const queue of queues) {
    await channel.purgeQueue(queue)
    ok(await commands.run('sluice', 'purge', '-b', QPID, queue))
  }
  for (const [options, body] of odd)
    for (const queue of [from, probe])
      channel.sendToQueue(queue, Buffer.from(body, 'latin1'), { messageId: uniqueName('odd'), ...options })
  await channel.checkQueue(from)
  await useAllTools(RABBITMQ, odd.length)
  const originals = await takeAll091(probe, odd.length)
  const bodyOf = (message: unknown) => (message as { content: string }).content
  const away = `${RABBITMQ}#${from}`
  ok(await commands.run('sluice', 'bridge', '-t', '1', `${RABBITMQ}#${to}`, away))
  const ended = await commands.run('sluice', 'bridge', '--json', '-t', '1', away, `${QPID}#${to}`)
  expect(JSON.parse(ok(ended))).toMatchObject({ moved: odd.length, expired: 0 })
  const back = await commands.run('sluice', 'bridge', '--on-loop', 'ignore', '-t', '1', `${QPID}#${to}`, away)
  ok(back)
  const moved = await takeAll091(from, odd.length)
  deepStrictEqual(moved.map(bodyOf).sort(), originals.map(bodyOf).sort())
})
