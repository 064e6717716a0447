/** Nothing of a message reaches the diagnostics channels of the libraries under an adapter, whoever listens there. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { leftOut } from '../../scripts/brokers/kind.ts'
import { type Connection, connect, queue, service, topic } from '../../src/index.ts'
import { brokerUrl } from '../support/brokers.ts'
import { uniqueName } from '../support/names.ts'

const CANARY = 'canary-4111-1111-1111-1111'

const PARTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error']
/** Those that the client libraries and Node publish while a message passes. */
const CHANNELS = [
  ...['ioredis:command', 'ioredis:batch', 'ioredis:connect'].flatMap((name) =>
    PARTS.map((part) => `tracing:${name}:${part}`),
  ),
  'undici:request:create',
  'undici:request:bodySent',
  'undici:request:headers',
  'http.client.request.start',
  'http.client.response.finish',
  'net.client.socket',
  'sluice:status',
]

let heard: string[]
const listen = (message: unknown, name: string | symbol): void => {
  heard.push(`${String(name)} ${told(message)}`)
}

beforeEach(() => {
  heard = []
  for (const name of CHANNELS) subscribe(name, listen)
})
afterEach(() => {
  for (const name of CHANNELS) unsubscribe(name, listen)
})

const brokers = (['rabbitmq', 'qpid', 'redis'] as const).filter((name) => !leftOut().has(name))

test.each([...brokers, 'memory'] as const)('%s: no body, property or reason is heard', async (name) => {
  await using connection = await connect(name === 'memory' ? `memory:${uniqueName()}` : brokerUrl(name))
  await everyWay(connection)
  const canaries = heard.filter((line) => line.includes(CANARY) || line.includes(base64(CANARY)))
  expect(canaries).toEqual([])
  // The listeners do hear: else nothing was looked at.
  if (name === 'redis') expect(heard.some((line) => line.includes('EVALSHA'))).toBe(true)
})

/** Messages that say the canary in every place, in every pattern and with every verdict. */
async function everyWay(connection: Connection): Promise<void> {
  const dead = queue(uniqueName())
  const jobs = queue<unknown>(uniqueName(), { deadLetter: dead })
  const fields = { properties: { [CANARY]: CANARY }, correlationId: CANARY, userId: CANARY }
  await using receiver = await connection.receiver(jobs)
  for (const body of [CANARY, { card: CANARY }, Buffer.from(CANARY)])
    await connection.send(jobs, body, fields)
  await (await receiver.receive())!.accept()
  await (await receiver.receive())!.release({ delayMs: 1 })
  await (await receiver.receive())!.reject(CANARY)
  for await (const message of connection.browse(dead))
    expect(message.properties['sluice-reason']).toBe(CANARY)
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

/** What a listener could make of it: its look, its JSON, and the text of everything in it. */
function told(message: unknown): string {
  const { args } = message as { args?: unknown[] }
  const texts = Array.isArray(args) ? args.map(String).join(' ') : ''
  return `${inspect(message, { depth: 6, maxStringLength: null })} ${texts}`
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
