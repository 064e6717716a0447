/** The spans and metrics of every pattern are the same on every adapter: one table. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Connection } from '../../src/index.ts'
import { ADAPTERS, type Broker, brokerOf, serverAttributes } from './support/places.ts'
import { Recording } from './support/recording.ts'
import { run } from './support/runs.ts'
import { expected, inWordsOfTheTable, PATTERNS } from './support/table.ts'

const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

describe.each(ADAPTERS)('%s', (adapter) => {
  let broker: Broker
  let connection: Connection
  let recording: Recording
  beforeAll(async () => {
    broker = await brokerOf(adapter)
    connection = await broker.connect()
  })
  afterAll(() => broker?.[Symbol.asyncDispose]())
  beforeEach(() => {
    recording = new Recording({ settleSpans: true })
  })
  afterEach(() => recording[Symbol.asyncDispose]())

  test.each(PATTERNS)('%s', async (pattern) => {
    const names = await run(pattern, connection, recording)
    const lines = inWordsOfTheTable(recording.lines(), names)
    expect(lines).toEqual(expected(pattern, serverAttributes(adapter, broker.url)))
  })

  test('metrics: fixed names, units and bounds, by destination and outcome', async () => {
    const names = await run('a throw, tried again, and the dead letter', connection, recording)
    const role = (attributes: Record<string, unknown>): string =>
      `${attributes['messaging.operation.name']} ${names.get(String(attributes['messaging.destination.name']))} ${attributes['error.type'] ?? 'ok'}`
    const metrics = await recording.metrics()
    const told = metrics.map(({ series, ...metric }) => ({
      ...metric,
      series: series.map(({ count, attributes }) => `${count} ${role(attributes)}`).sort(),
    }))
    expect(told).toEqual([
      {
        name: 'messaging.client.operation.duration',
        unit: 's',
        bounds: BOUNDS,
        series: ['1 receive dead ok', '1 reject orders ok', '1 release orders ok', '1 send orders ok'],
      },
      {
        name: 'messaging.process.duration',
        unit: 's',
        bounds: BOUNDS,
        series: ['2 process orders HANDLER_FAILED'],
      },
      {
        name: 'messaging.client.sent.messages',
        unit: '{message}',
        bounds: undefined,
        series: ['1 send orders ok'],
      },
      {
        name: 'messaging.client.consumed.messages',
        unit: '{message}',
        bounds: undefined,
        series: ['1 receive dead ok', '2 process orders HANDLER_FAILED'],
      },
    ])
    for (const { series } of metrics)
      for (const { attributes } of series)
        expect(attributes).toMatchObject(serverAttributes(adapter, broker.url))
  })
})
