/** `sluice compare` as its users run it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Report } from '../../src/compare/index.ts'
import { Commands } from '../cli/commands.ts'
import { isLeftOut, PrivateBroker } from '../support/brokers.ts'
import { browser, lookAt } from './browser.ts'

const FILE = `
workloads:
  - { pattern: point-to-point, count: 400, warmUp: 20 }
  - { pattern: request-response, count: 100, warmUp: 5, inFlight: 1 }
  - { pattern: point-to-point, name: curve, count: 500, warmUp: 0, loads: [0.3, 0.7, 0.9], durationMs: 100 }
`

let commands: Commands

beforeAll(() => {
  commands = new Commands()
  writeFileSync(join(commands.scratch, 'work.yaml'), FILE)
})

afterAll(() => commands[Symbol.dispose]())

function report(name: string): Report {
  return JSON.parse(readFileSync(join(commands.scratch, `${name}.json`), 'utf8')) as Report
}

describe('sluice compare', () => {
  it('writes a table, JSON, CSV, Markdown and a page', async () => {
    const ended = await commands.spawn(
      {},
      'sluice',
      'compare',
      '--workloads',
      'work.yaml',
      '--repeats',
      '2',
      '--out',
      'first',
      'memory:a',
      'memory:b',
    )
    expect(ended.err).toMatch(/12\/12 curve · memory/)
    expect(ended.text).toMatch(/^Results\n/)
    expect(ended.text).toContain('Broker against broker')
    expect(ended.code).toBe(0)
    const first = report('first')
    expect(first.schemaVersion).toBe(2)
    expect(first.environment).toMatchObject({ node: process.version, sluice: '0.1.0' })
    expect(first.brokers).toEqual([
      { name: 'memory', url: 'memory:a' },
      { name: 'memory 2', url: 'memory:b' },
    ])
    expect(first.cells).toHaveLength(6)
    for (const { tier, noLatencyClaim, workload, latencyP99 } of first.cells) {
      expect(tier).toMatch(/^T\d$/)
      // A full pipe only shows its own length.
      if (workload === 'point-to-point') expect(noLatencyClaim).toBe('at full load')
      else expect(latencyP99).toBeDefined()
    }
    const csv = readFileSync(join(commands.scratch, 'first.csv'), 'utf8').trim().split('\r\n')
    expect(csv).toHaveLength(1 + 6 * 2)
    expect(readFileSync(join(commands.scratch, 'first.md'), 'utf8')).toContain(
      '| curve | memory 2 | sluice | 90 % (no claim) |',
    )
  }, 60_000)

  it('shows a report again without measuring', async () => {
    const { text, code } = await commands.spawn({}, 'sluice', 'compare', '--render', 'first.json')
    expect(code).toBe(0)
    expect(text).toContain('Latency under load')
  })

  it.skipIf(browser === undefined)(
    'makes a page that a browser (Chromium, where it is installed) shows: dark, light, on a phone, without the network',
    async () => {
      const page = readFileSync(join(commands.scratch, 'first.html'), 'utf8')
      expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)|NaN|undefined/)
      const wide = await lookAt(page, 1200, [])
      expect(wide).toMatchObject({ overflow: false, background: 'rgb(255, 255, 255)' })
      expect(wide.charts).toBeGreaterThanOrEqual(5)
      const phone = await lookAt(page, 390, ['--force-dark-mode'])
      expect(phone).toEqual({ overflow: false, background: 'rgb(18, 22, 28)', charts: wide.charts })
    },
    60_000,
  )

  it('tells two reports apart by thresholds and exit code', async () => {
    const same = await commands.spawn({}, 'sluice', 'compare', '--diff', 'first.json', 'first.json')
    expect(same.code).toBe(0)
    const slower = report('first')
    const cells = slower.cells.map((cell, at) =>
      at > 0 ? cell : { ...cell, throughput: { typical: 0.1, median: 0.1, min: 0.09, max: 0.11 } },
    )
    writeFileSync(join(commands.scratch, 'slow.json'), JSON.stringify({ ...slower, cells }))
    const worse = await commands.spawn({}, 'sluice', 'compare', '--diff', 'first.json', 'slow.json')
    expect(worse.code).toBe(1)
    expect(worse.text).toMatch(/^WORSE {2}point-to-point · memory · sluice: throughput 0 %/)
    const lenient = ['--least-throughput', '0', '--most-latency', '100']
    expect(
      (await commands.spawn({}, 'sluice', 'compare', '--diff', ...lenient, 'first.json', 'slow.json')).code,
    ).toBe(0)
    writeFileSync(join(commands.scratch, 'other.json'), '{"schemaVersion":99}')
    const other = await commands.spawn({}, 'sluice', 'compare', '--diff', 'first.json', 'other.json')
    expect([other.code, other.err]).toEqual([1, expect.stringContaining('schema version 99')])
    writeFileSync(join(commands.scratch, 'half.json'), JSON.stringify({ ...slower, cells: [null] }))
    const half = await commands.spawn({}, 'sluice', 'compare', '--render', 'half.json')
    expect([half.code, half.err]).toEqual([
      1,
      expect.stringContaining('CONFIG_INVALID: The report is damaged'),
    ])
  }, 30_000)

  it('runs sender and receiver in separate processes', async () => {
    const hub = commands.start({}, 'sluice', 'hub', '--listen', 'tcp://127.0.0.1:*')
    await hub.printed(/listening: zmq:\S+/)
    const url = /listening: (\S+)/.exec(hub.text)![1]!
    const only = ['--only', 'point-to-point', '--repeats', '1']
    const { code, text } = await commands.spawn(
      {},
      'sluice',
      'compare',
      '--apart',
      ...only,
      '--workloads',
      'work.yaml',
      url,
    )
    await hub.kill('SIGINT')
    expect(text).toContain('processes sender and receiver apart')
    expect(code).toBe(0)
  }, 60_000)

  it.each([
    [['compare'], /URL is required/],
    [['compare', '--diff', 'first.json'], /two reports/],
    [['compare', '--repeats', '0', 'memory:'], /--repeats/],
    [['compare', '--quick', '--only', 'queue', 'memory:'], /point-to-point/],
  ])('refuses %j', async (args, message) => {
    const { code, err } = await commands.run('sluice', ...args)
    expect([code, err]).toEqual([2, expect.stringMatching(message)])
  })
})

describe.skipIf(isLeftOut('redis'))('an interrupted comparison', () => {
  it('leaves no node behind and writes a report of what was measured', async () => {
    await using broker = await PrivateBroker.start('redis')
    const running = commands.start(
      {},
      'sluice',
      'compare',
      '--quick',
      '--repeats',
      '50',
      '--out',
      'cut',
      broker.url,
    )
    await running.printed(/2\/\d+ point-to-point · redis · ioredis/)
    const { code } = await running.kill('SIGINT')
    const { interrupted, cells } = report('cut')
    expect(interrupted).toBe(true)
    expect(cells[0]).toMatchObject({ library: 'sluice', workload: 'point-to-point' })
    expect(cells[0]!.runs.length).toBeGreaterThan(0)
    expect(cells.some(({ reasons }) => reasons[0] === 'not run: interrupted')).toBe(true)
    expect(readFileSync(join(commands.scratch, 'cut.html'), 'utf8')).toContain('Interrupted')
    const lines = readFileSync(join(commands.scratch, 'cut.csv'), 'utf8').trim().split('\r\n')
    expect(lines.filter((line) => line.endsWith(',not run: interrupted')).length).toBe(
      cells.filter(({ runs }) => runs.length === 0).length,
    )
    expect(new Set(lines.map((line) => line.split(',').length)).size).toBe(1)
    expect(code).toBe(0)
    const witness = new Redis(broker.url)
    expect(await witness.keys('*sluice-compare*')).toEqual([])
    witness.disconnect()
  }, 60_000)
})
