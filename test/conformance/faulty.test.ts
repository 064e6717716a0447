/** The suite can fail: a faulty adapter is caught by exactly the chapters that guard against its fault. */
import { describe, expect, it } from 'vitest'
import { memoryAdapter } from '../../src/adapters/memory/adapter.ts'
import { registerAdapter } from '../../src/index.ts'
import { collect } from './faulty/collector.ts'
import { faults } from './faulty/faults.ts'
import { withFault } from './faulty/faulty-adapter.ts'
import { memoryHarness } from './harness/memory.ts'

/** Quick ones, and all that a fault of messages, order, verdicts or subscriptions could reach. */
const CHAPTERS = [
  'send',
  'queue',
  'settle',
  'credit',
  'browse',
  'topic',
  'subscription',
  'broadcast',
  'multicast',
  'request',
  'dead-letter',
  'timing',
  'consume',
  'messages',
  'bodies',
]

async function failedChapters(scheme: string): Promise<{ failed: string[]; cases: string[] }> {
  const harness = { ...memoryHarness(scheme), target: () => ({ url: `${scheme}:${scheme}` }) }
  const { cases } = await collect(harness, CHAPTERS)
  const failed = cases.filter((one) => one.result === 'failed')
  return {
    failed: CHAPTERS.filter((chapter) => failed.some((one) => one.chapter === chapter)),
    cases: failed.map((one) => `${one.id}: ${one.reason?.split('\n')[0]}`),
  }
}

describe('a faulty adapter', () => {
  it('is no adapter without a fault: that one passes every chapter', async () => {
    registerAdapter(withFault(memoryAdapter, 'faulty-none', { name: 'none', what: 'nothing is wrong' }))
    expect(await failedChapters('faulty-none')).toEqual({ failed: [], cases: [] })
  }, 120_000)

  for (const fault of faults) {
    it.concurrent(`that ${fault.what} is caught by ${fault.caughtBy.join(', ')} and by no other chapter`, async () => {
      const scheme = `faulty-${fault.name}`
      registerAdapter(withFault(memoryAdapter, scheme, fault))
      const { failed, cases } = await failedChapters(scheme)
      expect(failed, cases.join('\n')).toEqual(fault.caughtBy)
    }, 120_000)
  }
})
