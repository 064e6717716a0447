/** The suite can fail: a faulty adapter is caught by exactly the chapters that guard against its fault. */
import { describe, expect, it } from 'vitest'
import { memoryAdapter } from '../../../src/adapters/memory/adapter.ts'
import { registerAdapter } from '../../../src/index.ts'
import { memoryHarness } from '../harness/memory.ts'
import { collect } from './faulty/collector.ts'
import { faults, THAT_MOVE_MESSAGES } from './faulty/faults.ts'
import { withFault } from './faulty/faulty-adapter.ts'

/** Quick ones, and all that a fault of messages, order, verdicts or subscriptions could reach. */
const CHAPTERS = [...THAT_MOVE_MESSAGES, 'messages', 'bodies']

interface Caught {
  readonly failed: string[]
  readonly cases: string[]
}

/** The chapters that fail, which are the expected ones if all goes well. */
async function failedChapters(scheme: string, expected: readonly string[]): Promise<Caught> {
  const first = await failures(scheme, CHAPTERS)
  const doubtful = CHAPTERS.filter((chapter) => expected.includes(chapter) !== first.failed.includes(chapter))
  if (doubtful.length === 0) return first
  // A fault is there every time. On a machine without a moment's time a chapter may fail without one, or meet it in another order.
  const again = await failures(scheme, doubtful)
  return {
    failed: CHAPTERS.filter((chapter) =>
      doubtful.includes(chapter) ? again.failed.includes(chapter) : first.failed.includes(chapter),
    ),
    cases: [...first.cases, ...again.cases],
  }
}

async function failures(scheme: string, chapters: readonly string[]): Promise<Caught> {
  const harness = { ...memoryHarness(scheme), target: () => ({ url: `${scheme}:${scheme}` }) }
  const { cases } = await collect(harness, chapters)
  const failed = cases.filter((one) => one.result === 'failed')
  return {
    failed: chapters.filter((chapter) => failed.some((one) => one.chapter === chapter)),
    cases: failed.map((one) => `${one.id}: ${one.reason?.split('\n')[0]}`),
  }
}

describe('a faulty adapter', () => {
  it('is no adapter without a fault: that one passes every chapter', async () => {
    registerAdapter(withFault(memoryAdapter, 'faulty-none', { name: 'none', what: 'nothing is wrong' }))
    const { failed, cases } = await failedChapters('faulty-none', [])
    expect(failed, cases.join('\n')).toEqual([])
  }, 120_000)

  for (const fault of faults) {
    it.concurrent(`that ${fault.what} is caught by ${fault.caughtBy.join(', ')} and by no other chapter`, async () => {
      const scheme = `faulty-${fault.name}`
      registerAdapter(withFault(memoryAdapter, scheme, fault))
      const { failed, cases } = await failedChapters(scheme, fault.caughtBy)
      expect(failed, cases.join('\n')).toEqual(fault.caughtBy)
    }, 120_000)
  }
})
