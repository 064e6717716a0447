/** An arm that is slower by a known share, for proving that a difference which is there is found. */
import type { Arm } from '../../src/compare/arm.ts'
import { runCell } from '../../src/compare/cell.ts'
import type { Workload } from '../../src/compare/load/workload.ts'

/** Messages between two waits: one wait for each would be shorter than the clock can tell. */
const BATCH = 50

/** `arm`, with `share` (0 to 1) of its speed left: it keeps the process busy for the rest of the time. */
export async function slowedArm(arm: Arm, share: number, workload: Workload): Promise<Arm> {
  const { signal } = new AbortController()
  const options = { signal, graceMs: 5_000, timeoutMs: 60_000, apart: false, watchMachine: true }
  // The first runs warm the compiler up.
  let throughput = 0
  for (let run = 0; run < 4; run++) throughput = (await runCell(arm, workload, options)).throughput
  const pauseMs = (1000 / throughput) * (1 / share - 1) * BATCH
  return {
    ...arm,
    async open(plan, events) {
      const run = await arm.open(plan, events)
      let sent = 0
      return {
        settings: run.settings,
        tier: run.tier,
        send(sequence, body, sender) {
          if (++sent % BATCH === 0) beBusy(pauseMs)
          return run.send(sequence, body, sender)
        },
        attachReceivers: () => run.attachReceivers(),
        close: () => run.close(),
      }
    },
  }
}

function beBusy(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}
