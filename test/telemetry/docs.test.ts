/** The tables of docs/telemetry.md say what is emitted, no more and no less. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { brokerOf } from './support/places.ts'
import { type MetricLine, Recording, type SpanLine } from './support/recording.ts'
import { run } from './support/runs.ts'
import { PATTERNS } from './support/table.ts'

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/telemetry.md'), 'utf8')
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

const spans: SpanLine[] = []
const metrics: MetricLine[] = []

/** Every pattern of the table, over the hub: a broker with host and port. */
beforeAll(async () => {
  const broker = await brokerOf('zeromq')
  const connection = await broker.connect()
  for (const pattern of PATTERNS) {
    const recording = new Recording({ settleSpans: true })
    await run(pattern, connection, recording)
    spans.push(...recording.lines().filter(({ attributes }) => 'messaging.system' in attributes))
    metrics.push(...(await recording.metrics()))
    await recording[Symbol.asyncDispose]()
  }
  afterAll(() => broker[Symbol.asyncDispose]())
})

/** Rows of the table under that heading, cells without their code marks. */
function table(heading: string): string[][] {
  const [section] = PAGE.slice(PAGE.indexOf(`## ${heading}\n`) + 4).split('\n## ')
  const rows = section!.split('\n').filter((line) => line.startsWith('| '))
  return rows.slice(2).map((row) =>
    row
      .slice(2, -2)
      .split(' | ')
      .map((cell) => cell.trim()),
  )
}

const names = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!)
const sorted = (all: Iterable<string>): string[] => [...new Set(all)].sort()

test('spans: operation, kind and type', () => {
  const written = table('Spans').map(([, span, kind, type]) => {
    const [operation] = names(span!)[0]!.split(' ')
    return `${operation} ${kind} ${names(type!)[0]}`
  })
  const emitted = spans.map(
    ({ kind, attributes: of }) =>
      `${of['messaging.operation.name']} ${kind} ${of['messaging.operation.type']}`,
  )
  expect(sorted(written)).toEqual(sorted(emitted))
})

test('attributes', () => {
  const written = table('Attributes').flatMap(([attribute]) => names(attribute!))
  expect(sorted(written)).toEqual(sorted(spans.flatMap(({ attributes }) => Object.keys(attributes))))
  const operations = table('Attributes').find(
    ([attribute]) => attribute === '`messaging.operation.name`',
  )![2]!
  expect(sorted(names(operations))).toEqual(
    sorted(spans.map(({ attributes }) => String(attributes['messaging.operation.name']))),
  )
})

test('metrics: instrument, unit and bounds', () => {
  const written = table('Metrics').map(
    ([metric, instrument, unit]) => `${names(metric!)[0]} ${instrument} ${names(unit!)[0]}`,
  )
  const emitted = metrics.map(
    ({ name, unit, bounds }) => `${name} ${bounds ? 'histogram' : 'counter'} ${unit}`,
  )
  expect(sorted(written)).toEqual(sorted(emitted))
  const [sentence] = /The bounds of both histograms[^:]*: [^.]*?(?= s\.)|bounds of both.* s\./.exec(PAGE)!
  expect([...sentence.matchAll(/[\d.]+\d|\d+/g)].map(([number]) => Number(number))).toEqual(BOUNDS)
  for (const { bounds } of metrics) if (bounds) expect(bounds).toEqual(BOUNDS)
})
