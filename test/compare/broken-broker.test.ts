/** A broker that is absent, silent, full, paused or dying gives a cell with its reason: never a hang, never a missing row. */
import { createServer, type Server } from 'node:net'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CompareOptions, compare, type Workload, workload } from '../../src/compare/index.ts'
import { isLeftOut, PrivateBroker } from '../support/brokers.ts'

const SMALL = workload({ pattern: 'point-to-point', count: 500, warmUp: 0 })

function run(url: string, workloads: readonly Workload[], options: Partial<CompareOptions> = {}) {
  const { signal } = new AbortController()
  return compare({
    urls: [url],
    workloads,
    repeats: 1,
    watchMachine: false,
    signal,
    graceMs: 1_500,
    timeoutMs: 15_000,
    ...options,
  })
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as { port: number }).port
}

describe('a broker that is not there', () => {
  it('is told as that in every row, beside one that is', async () => {
    const server = createServer()
    const port = await listening(server)
    server.close()
    const report = await compare({
      urls: [`redis://127.0.0.1:${port}`, 'memory:'],
      workloads: [SMALL, workload({ pattern: 'browse', count: 100 })],
      repeats: 1,
      watchMachine: false,
      signal: new AbortController().signal,
    })
    const rows = report.cells.map(({ broker, library, verdict }) => `${broker} ${library} ${verdict}`)
    expect(rows).toEqual([
      'redis sluice INVALID',
      'redis ioredis INVALID',
      'memory sluice VALID',
      'redis sluice INVALID',
      'memory sluice VALID',
    ])
    expect(report.cells[0]!.reasons[0]).toMatch(/CONNECT_FAILED/)
    // Nothing was made there that could have been left behind.
    expect(report.cells[1]!.reasons).toEqual([expect.stringMatching(/ECONNREFUSED/)])
    expect(report.cells[3]!.reasons[0]).toMatch(/^not tried again: CONNECT_FAILED/)
  }, 30_000)

  it('takes connections and says nothing: each arm is stopped in time', async () => {
    const server = createServer((socket) => socket.on('error', () => {}))
    const port = await listening(server)
    const began = performance.now()
    const report = await run(`rabbitmq://user:secret@127.0.0.1:${port}`, [SMALL], { timeoutMs: 1_000 })
    expect(report.cells.map(({ verdict }) => verdict)).toEqual(['INVALID', 'INVALID'])
    for (const { reasons } of report.cells) expect(reasons[0]).toMatch(/^stopped after 1 s/)
    expect(JSON.stringify(report)).not.toContain('secret')
    expect(performance.now() - began).toBeLessThan(40_000)
    server.close()
  }, 60_000)
})

describe.skipIf(isLeftOut('redis'))('a broker in trouble', () => {
  let broker: PrivateBroker
  let admin: Redis

  beforeAll(async () => {
    broker = await PrivateBroker.start('redis')
    admin = new Redis(broker.url)
    admin.on('error', () => {})
  })

  afterAll(async () => {
    admin.disconnect()
    await broker[Symbol.asyncDispose]()
  })

  it('that is full refuses, and the cells say so', async () => {
    await admin.config('SET', 'maxmemory', '1')
    const report = await run(broker.url, [SMALL])
    await admin.config('SET', 'maxmemory', '0')
    for (const { verdict, reasons } of report.cells) {
      expect(verdict).toBe('INVALID')
      expect(reasons.join()).toMatch(/OOM|memory|CAPACITY_EXCEEDED|SEND_REJECTED/i)
    }
  }, 60_000)

  it('that pauses for 2 s shows it in p99 and maximum as arithmetic says, and on the time line', async () => {
    const pid = /process_id:(\d+)/.exec(await admin.info('server'))![1]
    const pause = {
      name: 'paused',
      atMs: 1_000,
      forMs: 2_000,
      begin: `kill -STOP ${pid}`,
      end: `kill -CONT ${pid}`,
    }
    const paused = workload({
      pattern: 'point-to-point',
      rate: 200,
      count: 1_000,
      warmUp: 50,
      faults: [pause],
    })
    const report = await run(broker.url, [paused], { withoutBare: true })
    const { latency, marks, timeline, account, knee } = report.cells[0]!.runs[0]!
    expect(account).toMatchObject({ sent: 1_000, lost: 0, corrupt: 0 })
    // 5 s of schedule, 2 of them paused: 40 % wait, evenly from 2 s down to nothing. One in a hundred waits longer than 1.95 s.
    expect(latency!.max).toBeGreaterThan(1_950)
    expect(latency!.max).toBeLessThan(3_000)
    expect(latency!.p99).toBeGreaterThan(1_850)
    expect(latency!.p90).toBeGreaterThan(1_400)
    expect(latency!.p50).toBeLessThan(1_000)
    expect(marks).toContainEqual(expect.objectContaining({ what: 'paused' }))
    expect(timeline.slice(13, 28).every((count) => count === 0)).toBe(true)
    expect(knee).toBeUndefined()
  }, 60_000)

  it('that dies in the middle ends both cells with a reason', async () => {
    const killed = (after: number) => setTimeout(() => void broker.kill(), after)
    const slow = workload({ pattern: 'point-to-point', rate: 200, count: 2_000, warmUp: 0 })
    const timer = killed(1_500)
    const report = await run(broker.url, [slow], { timeoutMs: 4_000 })
    clearTimeout(timer)
    expect(report.cells).toHaveLength(2)
    expect(report.cells.map(({ verdict }) => verdict)).toEqual(['INVALID', 'INVALID'])
    const [ours, bare] = report.cells.map(({ reasons }) => reasons[0])
    expect(ours).toBe('stopped after 4 s: the connection was lost and did not come back')
    expect(bare).toMatch(/ECONN|closed|lost/i)
  }, 90_000)
})
