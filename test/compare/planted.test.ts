/** The harness proves itself: what is planted is found, on every broker. `bench/proof/self-proof.ts` does it in a million messages. */
import { describe, expect, it } from 'vitest'
import { oneOfEach, PLANTED_ACCOUNT, type Planted, plantedArm } from '../../bench/proof/planted-arm.ts'
import { armsFor } from '../../src/compare/arms/index.ts'
import { compare, workload } from '../../src/compare/index.ts'
import { createHub } from '../../src/index.ts'
import { type BrokerName, brokerUrl, isLeftOut } from '../support/brokers.ts'

const COUNT = 2_000
const NOTHING: ReadonlyMap<number, Planted> = new Map()

async function measured(url: string, faults: ReadonlyMap<number, Planted>) {
  const report = await compare({
    urls: [url],
    workloads: [workload({ pattern: 'point-to-point', count: COUNT, warmUp: 50 })],
    repeats: 1,
    watchMachine: false,
    graceMs: 1_500,
    signal: new AbortController().signal,
    arms: async (each) => [plantedArm((await armsFor(each))[0]!, faults)],
  })
  return report.cells[0]!
}

async function findsAll(url: string): Promise<void> {
  expect((await measured(url, NOTHING)).verdict).toBe('VALID')
  const cell = await measured(url, oneOfEach(COUNT))
  expect(cell.verdict).toBe('INVALID')
  expect(cell.runs[0]!.account).toMatchObject({ ...PLANTED_ACCOUNT, sent: COUNT })
}

/** Where it must not be mistaken for another: each fault by itself. */
const FOUND: [Planted, string, object][] = [
  ['loss', 'INVALID', { lost: 1 }],
  ['duplicate', 'DEGRADED', { duplicatesUnmarked: 1 }],
  ['swap', 'DEGRADED', { reordered: 1 }],
  ['flipped bit', 'INVALID', { corrupt: 1, lost: 1 }],
]

describe('one loss, duplicate, swap and flipped bit are found', () => {
  it('on the embedded broker', () => findsAll('memory:'), 60_000)

  it.each(FOUND)(
    'one %s by itself',
    async (fault, verdict, found) => {
      const clean = { lost: 0, duplicatesMarked: 0, duplicatesUnmarked: 0, reordered: 0, corrupt: 0 }
      const cell = await measured('memory:', new Map([[COUNT / 2, fault]]))
      expect(cell.verdict).toBe(verdict)
      expect(cell.runs[0]!.account).toMatchObject({ ...clean, ...found })
    },
    60_000,
  )

  it.each(['rabbitmq', 'qpid', 'redis'] satisfies BrokerName[])(
    'on %s',
    async (name) => {
      // The user chose to do without it: the summary says so.
      if (!isLeftOut(name)) await findsAll(brokerUrl(name))
    },
    60_000,
  )

  it('on a hub', async () => {
    const hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
    try {
      await findsAll(hub.urls[0]!)
    } finally {
      await hub.close()
    }
  }, 60_000)
})
