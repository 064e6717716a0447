/** The harness proves itself: what is planted is found, on every broker. `bench/self-proof.ts` does it in a million messages. */
import { describe, expect, it } from 'vitest'
import { PLANTED, plantedArm } from '../../bench/planted-arm.ts'
import { armsFor } from '../../src/compare/arms/index.ts'
import { compare, workload } from '../../src/compare/index.ts'
import { createHub } from '../../src/index.ts'
import { type BrokerName, brokerUrl, isLeftOut } from '../support/brokers.ts'

const FOUND = {
  loss: { lost: 1 },
  duplicate: { duplicatesUnmarked: 1 },
  swap: { reordered: 1 },
  'flipped bit': { corrupt: 1, lost: 1 },
}

async function measured(url: string, planted?: (typeof PLANTED)[number]) {
  const report = await compare({
    urls: [url],
    workloads: [workload({ pattern: 'point-to-point', count: 2_000, warmUp: 50 })],
    repeats: 1,
    graceMs: 1_500,
    signal: new AbortController().signal,
    arms: async (each) => {
      const [arm] = await armsFor(each)
      return [planted ? plantedArm(arm!, planted, 1_000) : arm!]
    },
  })
  return report.cells[0]!
}

async function findsAll(url: string): Promise<void> {
  expect((await measured(url)).verdict).toBe('VALID')
  for (const planted of PLANTED) {
    const cell = await measured(url, planted)
    expect(cell.verdict, planted).not.toBe('VALID')
    const clean = { lost: 0, duplicatesMarked: 0, duplicatesUnmarked: 0, reordered: 0, corrupt: 0 }
    expect(cell.runs[0]!.account, planted).toMatchObject({ ...clean, ...FOUND[planted] })
  }
}

describe('one loss, duplicate, swap and flipped bit are found', () => {
  it('on the embedded broker', () => findsAll('memory:'), 60_000)

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
