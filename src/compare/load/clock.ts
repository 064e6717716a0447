/** One clock for every process of this machine: a send time stamped in one can be read in another. */
import { performance } from 'node:perf_hooks'

/** Where this process's own clock stands on the machine's. Unit: ms. */
const OFFSET = Number(process.hrtime.bigint()) / 1e6 - performance.now()

/** Monotonic, never set back. Unit: ms. */
export function clock(): number {
  return performance.now() + OFFSET
}
