/** Every arm does every pattern it names, loses nothing and leaves nothing behind. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compare, workload } from '../../src/compare/index.ts'
import { PATTERNS } from '../../src/compare/load/workload.ts'
import { createHub } from '../../src/index.ts'
import { type BrokerName, brokerUrl, isLeftOut } from '../support/brokers.ts'

const SIZES = { count: 300, warmUp: 20, receivers: 2, inFlight: 50, headers: 3 }
const BACKLOG = { receivers: 1, warmUp: 0 }
const WORKLOADS = PATTERNS.map((pattern) =>
  workload({
    ...SIZES,
    pattern,
    bystanders: pattern === 'topic' ? 3 : 0,
    ...(pattern === 'store-and-forward' || pattern === 'browse' ? BACKLOG : {}),
  }),
)

async function doesAll(url: string, bare: Readonly<Record<string, number>>): Promise<void> {
  const report = await compare({
    urls: [url],
    workloads: WORKLOADS,
    repeats: 1,
    watchMachine: false,
    signal: new AbortController().signal,
  })
  const count: Record<string, number> = {}
  for (const { workload: name, library, verdict, reasons } of report.cells) {
    expect([name, library, verdict, reasons]).toEqual([name, library, 'VALID', []])
    count[library] = (count[library] ?? 0) + 1
  }
  expect(count).toEqual({ sluice: PATTERNS.length, ...bare })
}

describe('every arm does what it says', () => {
  it('in memory', () => doesAll('memory:arms', {}), 60_000)

  it('on the embedded store', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-arms-'))
    await doesAll(`file:${join(folder, 'data')}`, { lmdb: 1 })
    expect(readdirSync(folder)).toEqual(['data'])
    rmSync(folder, { recursive: true })
  }, 60_000)

  it.each([
    ['rabbitmq', { amqplib: 5 }],
    ['qpid', { rhea: 5 }],
    ['redis', { ioredis: 5 }],
  ] satisfies [BrokerName, Record<string, number>][])(
    'on %s',
    async (name, bare) => {
      if (!isLeftOut(name)) await doesAll(brokerUrl(name), bare)
    },
    60_000,
  )

  it('on a hub', async () => {
    const hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
    try {
      await doesAll(hub.urls[0]!, { zeromq: 4 })
    } finally {
      await hub.close()
    }
  }, 60_000)
})
