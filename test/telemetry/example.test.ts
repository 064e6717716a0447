/** The example with the console: its spans are one trace, and its handlers have the baggage of whoever sent. */
import { afterAll, expect, test } from 'vitest'
import { Commands } from '../cli/commands.ts'
import { ADAPTERS, type AdapterName, brokerOf } from './support/places.ts'

const commands = new Commands()
afterAll(() => commands[Symbol.dispose]())

/** What a console exporter printed under that name. */
const printed = (text: string, field: string): string[] =>
  [...text.matchAll(new RegExp(`^ {2}${field}: '([^']+)'`, 'gm'))].map(([, value]) => value!)

const PLACES = ADAPTERS.filter((name): name is AdapterName => name !== 'file')

test.each(PLACES)('%s', async (name) => {
  await using broker = await brokerOf(name)
  const { code, err, text } = await commands.example('telemetry/orders', broker.url)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(printed(text, 'name').sort()).toEqual([
    'accept example-traced-orders',
    'checkout',
    'process example-traced-orders',
    'process example-traced-orders',
    'release example-traced-orders',
    'send example-traced-invoices',
    'send example-traced-orders',
  ])
  expect(new Set(printed(text, 'traceId')).size).toBe(1)
  expect(text).toContain("name: 'messaging.process.duration'")
  expect(text.match(/^an order of tier gold$/gm)).toHaveLength(2)
})
