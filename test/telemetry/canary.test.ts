/**
 * Nothing of a message is read by anybody beside its receiver: with every diagnostics channel of the client libraries, of Node and of this
 * library listened to, the official instrumentations of amqplib and ioredis loaded, and our own telemetry on, all at once.
 */
import diagnostics, { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { AmqplibInstrumentation } from '@opentelemetry/instrumentation-amqplib'
import { IORedisInstrumentation } from '@opentelemetry/instrumentation-ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Connection, queue, service, topic } from '../../src/index.ts'
import { uniqueName } from '../support/names.ts'
import { everythingIn } from './support/canary.ts'
import { ADAPTERS, type AdapterName, brokerOf } from './support/places.ts'
import { Recording } from './support/recording.ts'

const CANARY = 'canary-4111-1111-1111-1111'

const PARTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error']
const tracing = (name: string): string[] => PARTS.map((part) => `tracing:${name}:${part}`)
/** Those that the client libraries, Node and this library publish while a message passes. */
const CHANNELS = [
  ...['ioredis:command', 'ioredis:batch', 'ioredis:connect'].flatMap(tracing),
  ...['send', 'receive', 'process', 'settle', 'request', 'respond'].flatMap((name) =>
    tracing(`sluice:${name}`),
  ),
  ...[
    'undici:request:create',
    'undici:request:bodySent',
    'undici:request:headers',
    'undici:client:sendHeaders',
  ],
  ...['http.client.request.start', 'http.client.request.error', 'http.client.response.finish'],
  ...['http.server.request.start', 'http.server.response.finish'],
  ...['net.client.socket', 'net.server.socket', 'udp.socket', 'worker_threads', 'child_process'],
  ...tracing('net.server.listen'),
  'sluice:status',
]

/** Names of channels that anybody in this process has asked for since its modules were loaded. */
const asked = new Set<string>()
const { channel, tracingChannel } = diagnostics
const require = createRequire(import.meta.url)
const instrumentations = [
  new AmqplibInstrumentation(),
  new IORedisInstrumentation({ requireParentSpan: false }),
]

beforeAll(() => {
  Object.assign(diagnostics, {
    channel(name: string) {
      asked.add(String(name))
      return channel(name)
    },
    tracingChannel(name: string) {
      for (const part of tracing(name)) asked.add(part)
      return tracingChannel(name)
    },
  })
  syncBuiltinESMExports()
  for (const instrumentation of instrumentations) instrumentation.enable()
  // They wrap what is required; what this library imports later is the same.
  for (const library of ['amqplib', 'ioredis', 'rhea', 'zeromq']) require(library)
  // What amqplib itself requires goes past them in a test runner.
  require(require.resolve('amqplib').replace('channel_api.js', 'lib/channel_model.js'))
})
afterAll(() => {
  Object.assign(diagnostics, { channel, tracingChannel })
  syncBuiltinESMExports()
  for (const instrumentation of instrumentations) instrumentation.disable()
})

let heard: string[]
let recording: Recording
const listen = (message: unknown, name: string | symbol): void => {
  heard.push(`${String(name)} ${everythingIn(message)}`)
}
beforeEach(() => {
  heard = []
  recording = new Recording({ settleSpans: true })
  for (const instrumentation of instrumentations) {
    instrumentation.setTracerProvider(recording.tracerProvider)
    instrumentation.setMeterProvider(recording.meterProvider)
  }
  for (const name of CHANNELS) subscribe(name, listen)
})
afterEach(async () => {
  for (const name of CHANNELS) unsubscribe(name, listen)
  await recording[Symbol.asyncDispose]()
})

/** Spans of that instrumentation; those of amqplib may stay open, because this library accepts past what they wrap. */
function spansBy(library: string): number {
  return recording.begun.filter(({ instrumentationScope: { name } }) => name.includes(library)).length
}

test.each(ADAPTERS)('%s: no body, property or reason is heard, and everything works', async (name) => {
  const url = await onBroker(name)
  expect(heard.filter(tells)).toEqual([])
  expect(recording.begun.map(everythingIn).filter(tells)).toEqual([])
  expect((await recording.metrics()).map(everythingIn).filter(tells)).toEqual([])
  const secret = decodeURIComponent(new URL(url.replace(/^(memory|file):/, '$1://')).password)
  if (secret !== '') expect(heard.filter((line) => line.includes(secret))).toEqual([])
  // The listeners do hear: else nothing was looked at.
  expect(heard.some((line) => line.startsWith('tracing:sluice:process:start'))).toBe(true)
  expect(spansBy('sluice')).toBeGreaterThan(10)
  if (name === 'redis') {
    expect(heard.some((line) => line.startsWith('tracing:ioredis:command:asyncEnd'))).toBe(true)
    expect(spansBy('instrumentation-ioredis')).toBeGreaterThan(10)
  }
  if (name === 'rabbitmq') expect(spansBy('instrumentation-amqplib')).toBeGreaterThan(1)
  // A channel that a new version of a client library adds must be listened to above.
  expect([...asked].filter((one) => !CHANNELS.includes(one))).toEqual([])
})

/** Resolves to the broker's URL once its connection is closed: spans that others keep open have ended then. */
async function onBroker(name: AdapterName): Promise<string> {
  await using broker = await brokerOf(name)
  await everyWay(await broker.connect())
  return broker.url
}

/** Messages that say the canary in every place, in every pattern and with every verdict. */
async function everyWay(connection: Connection): Promise<void> {
  const dead = queue(uniqueName())
  const jobs = queue<unknown>(uniqueName(), { deadLetter: dead })
  // Told on purpose, by the conventions: the id of a message, and its correlation id.
  const fields = { properties: { [CANARY]: CANARY }, userId: CANARY, correlationId: 'c-1' }
  await using receiver = await connection.receiver(jobs)
  for (const body of [CANARY, { card: CANARY }, Buffer.from(CANARY)])
    await connection.send(jobs, body, fields)
  await (await receiver.receive())!.accept()
  await (await receiver.receive())!.release({ delayMs: 1 })
  await (await receiver.receive())!.reject(CANARY)
  for await (const message of connection.browse(dead))
    expect(message.properties['sluice-reason']).toBe(CANARY)
  await receiver.close()
  await handled(connection)
  const news = topic<string>(uniqueName())
  await using kept = await connection.receiver(news.matching('#').subscription('s'))
  await using live = await connection.receiver(news.matching('#'))
  await connection.send(news, CANARY, { subject: 'a', ...fields })
  expect((await kept.receive())!.body).toBe(CANARY)
  expect((await live.receive())!.body).toBe(CANARY)
  const asked = service<string, string>(uniqueName())
  await using _ = await connection.respond(asked, (request) => request.body)
  expect((await connection.request(asked, CANARY, fields)).body).toBe(CANARY)
}

/** Handlers that throw the canary, and one that returns it. */
async function handled(connection: Connection): Promise<void> {
  const dead = queue(uniqueName())
  const work = queue<string>(uniqueName(), { maxDeliveries: 1, deadLetter: dead })
  await using letters = await connection.receiver(dead)
  await using consumer = await connection.consume(
    work,
    () => {
      throw new Error(CANARY)
    },
    { onError: () => {} },
  )
  await connection.send(work, CANARY)
  expect((await letters.receive())!.properties['sluice-reason']).toBe(CANARY)
  await consumer.close()
  const answers = service<string, string>(uniqueName())
  await using _ = await connection.respond(answers, () => {
    throw new Error(CANARY)
  })
  await expect(connection.request(answers, CANARY)).rejects.toMatchObject({ code: 'REQUEST_FAILED' })
}

const SPELLINGS = ['utf8', 'base64', 'hex'] as const

function tells(text: string): boolean {
  return SPELLINGS.some((spelling) => text.includes(Buffer.from(CANARY).toString(spelling)))
}
