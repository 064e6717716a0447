/** What grows: subscriptions, links, bodies and messages that wait. Each step is a workload and how many messages a round has. */
import { type Workload, workload } from '../../../src/compare/index.ts'

export interface Step {
  readonly size: number
  readonly workload: Workload
  /** Messages of a round, at most. */
  readonly count: number
}

const COUNT = 40_000
const LINKS = [1, 1_000]
const SUBSCRIPTIONS = [1, 100, 10_000]
const SIZES = [200, 64 * 1024, 1024 * 1024, 16 * 1024 * 1024, 64 * 1024 * 1024]
/** Bytes that are under way at once, and in a round, at most; one message always is. */
const MOST_OPEN = 32 * 1024 * 1024
const MOST_IN_ROUND = 128 * 1024 * 1024

export function subscriptionSteps(): Step[] {
  return SUBSCRIPTIONS.map((size) => ({
    size,
    workload: workload({ pattern: 'topic', durable: false, bystanders: size - 1 }),
    count: COUNT,
  }))
}

/** Half of the links send, half receive; all at one queue. */
export function linkSteps(): Step[] {
  return LINKS.map((size) => {
    const half = Math.ceil(size / 2)
    const credit = Math.max(2, Math.ceil(1_000 / half))
    return {
      size,
      workload: workload({
        pattern: 'point-to-point',
        durable: false,
        senders: half,
        receivers: half,
        credit,
      }),
      count: COUNT,
    }
  })
}

export function sizeSteps(): Step[] {
  return SIZES.map((bytes) => {
    const inFlight = Math.max(1, Math.min(1_000, Math.floor(MOST_OPEN / bytes)))
    return {
      size: bytes,
      workload: workload({ pattern: 'point-to-point', bytes, inFlight, credit: inFlight }),
      count: Math.max(2, Math.min(COUNT, Math.floor(MOST_IN_ROUND / bytes))),
    }
  })
}

/** Nothing is received until the receivers are attached. */
export function waitingWorkload(backend: string): Workload {
  // What waits on `file:` waits in its store: that is what grows there.
  return workload({ pattern: 'store-and-forward', bytes: 40, durable: backend === 'file' })
}

/** Messages that wait already, fewer than the deepest. */
export const WAITING = [1, 1_000]
/** Messages sent on top of them, and then taken from the head. */
export const ON_TOP = 10_000
