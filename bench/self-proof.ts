/**
 * The harness proves itself on a real broker, by hand:
 *
 *   npx tsx bench/self-proof.ts [--count 1000000] [--alike 20] URL...
 *
 * One loss, one duplicate, one swap and one flipped bit among `count` messages must be found; the broker held against itself
 * `alike` times must show a difference at most once in twenty.
 */
import { parseArgs } from 'node:util'
import { armsFor } from '../src/compare/arms/index.ts'
import { compare, workload } from '../src/compare/index.ts'
import { PLANTED, plantedArm } from './planted-arm.ts'

const { values, positionals: urls } = parseArgs({
  allowPositionals: true,
  options: { count: { type: 'string', default: '1000000' }, alike: { type: 'string', default: '20' } },
})
const count = Number(values.count)
const { signal } = new AbortController()

for (const url of urls) {
  if (count > 0) for (const planted of PLANTED) await prove(url, planted)
  if (Number(values.alike) > 0) await alike(url)
}

async function prove(url: string, planted: (typeof PLANTED)[number]): Promise<void> {
  const report = await compare({
    urls: [url],
    workloads: [workload({ pattern: 'point-to-point', count, warmUp: 100 })],
    repeats: 1,
    signal,
    timeoutMs: 600_000,
    arms: async (each) => [plantedArm((await armsFor(each))[0]!, planted, Math.floor(count / 2))],
  })
  const { adapter, verdict, reasons, runs } = report.cells[0]!
  const { lost, duplicatesUnmarked, reordered, corrupt } = runs[0]!.account
  console.log(
    `${adapter}, ${count} messages, one ${planted}: ${verdict}, ${reasons.join(', ')} (lost ${lost}, duplicated ${duplicatesUnmarked}, reordered ${reordered}, corrupt ${corrupt})`,
  )
  if (verdict === 'VALID') process.exitCode = 1
}

async function alike(url: string): Promise<void> {
  const times = Number(values.alike)
  let found = 0
  for (let time = 0; time < times; time++) {
    const report = await compare({
      urls: [url, url],
      workloads: [workload({ pattern: 'point-to-point', count: 5_000, warmUp: 500 })],
      repeats: 5,
      signal,
      withoutBare: true,
    })
    if (report.comparisons.some(({ significant }) => significant)) found++
  }
  console.log(`against itself: a difference in ${found} of ${times}`)
  if (found > times / 20) process.exitCode = 1
}
