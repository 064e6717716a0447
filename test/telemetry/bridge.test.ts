/** A trace goes over every bridge: from each adapter to each, in both directions, and the context of the first sender stays. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Connection, queue, traceCarrierOf } from '../../src/index.ts'
import { Commands } from '../cli/commands.ts'
import { uniqueName } from '../support/names.ts'
import { ADAPTERS, type AdapterName, type Broker, brokerOf } from './support/places.ts'
import { Recording } from './support/recording.ts'

const commands = new Commands()
const brokers = new Map<AdapterName, Broker>()
const connections = new Map<AdapterName, Connection>()
let recording: Recording

beforeAll(async () => {
  for (const name of ADAPTERS) {
    const broker = await brokerOf(name)
    brokers.set(name, broker)
    connections.set(name, await broker.connect())
  }
})
afterAll(async () => {
  for (const broker of brokers.values()) await broker[Symbol.asyncDispose]()
  commands[Symbol.dispose]()
})
beforeEach(() => {
  recording = new Recording()
})
afterEach(() => recording[Symbol.asyncDispose]())

const pairs = ADAPTERS.flatMap((from) => ADAPTERS.map((to) => [from, to] as const))

test.each(pairs)('%s to %s', async (from, to) => {
  const [source, target] = [connections.get(from)!, connections.get(to)!]
  const [orders, next] = [queue(uniqueName('orders')), queue(uniqueName('next'))]
  await source.send(orders, 'body', { properties: { own: 'kept' } })
  const ends = [`${brokers.get(from)!.url}#${orders.name}`, `${brokers.get(to)!.url}#${next.name}`]
  const { code, err } = await commands.run('sluice', 'bridge', ...ends, '--create', '-t', '0')
  expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' })
  await using receiver = await target.receiver(next)
  const delivery = (await receiver.receive({ timeoutMs: 5_000 }))!
  await delivery.accept()
  const spans = recording.finished()
  const [sent, forwarded] = spans.filter(
    ({ attributes }) => attributes['messaging.operation.name'] === 'send',
  )
  const { traceId, spanId } = sent!.spanContext()
  expect(traceCarrierOf(delivery)?.traceparent).toBe(`00-${traceId}-${spanId}-01`)
  expect(delivery.properties.own).toBe('kept')
  expect(forwarded!.spanContext().traceId).toBe(traceId)
  expect(forwarded!.parentSpanContext?.spanId).toBe(spanId)
  expect(forwarded!.attributes['messaging.destination.name']).toBe(next.name)
  await source.admin.delete(orders)
  await target.admin.delete(next)
})
