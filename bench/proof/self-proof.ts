/**
 * The harness proves itself on a real broker, by hand:
 *
 *   npx tsx bench/proof/self-proof.ts [--count 1000000] [--alike 20] [--slower 5] URL...     zmq: a hub of its own
 *
 * One loss, one duplicate, one swap and one flipped bit among `count` messages must be found, and nothing else. The broker held
 * against itself `alike` times must show a difference at most once in twenty; with 30 % taken from it, four times of five.
 */
import { parseArgs } from 'node:util'
import type { Arm } from '../../src/compare/arm.ts'
import { armsFor } from '../../src/compare/arms/index.ts'
import { type CompareOptions, compare, type Report, workload } from '../../src/compare/index.ts'
import { HubProcess } from '../run/hub-process.ts'
import { oneOfEach, PLANTED_ACCOUNT, plantedArm } from './planted-arm.ts'
import { slowedArm } from './slowed-arm.ts'

const { values, positionals: urls } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string', default: '1000000' },
    alike: { type: 'string', default: '20' },
    slower: { type: 'string', default: '5' },
  },
})
const [count, alike, slower] = [Number(values.count), Number(values.alike), Number(values.slower)]
/** What is left of the speed of the slowed arm. */
const SHARE = 0.7
const SMALL = workload({ pattern: 'point-to-point', count: 200_000, durationMs: 300, warmUp: 500 })

for (const given of urls) {
  await using hub = given === 'zmq:' ? await HubProcess.start() : undefined
  const url = hub?.url ?? given
  if (count > 0) await prove(url)
  if (alike > 0) await compareAlike(url)
  if (slower > 0) await compareSlower(url)
}

function measured(url: string, times: number, options: Partial<CompareOptions>): Promise<Report> {
  const { signal } = new AbortController()
  return compare({
    urls: Array.from({ length: times }, () => url),
    workloads: [SMALL],
    repeats: 5,
    signal,
    withoutBare: true,
    timeoutMs: 600_000,
    ...options,
  })
}

async function prove(url: string): Promise<void> {
  const report = await measured(url, 1, {
    workloads: [workload({ pattern: 'point-to-point', count, warmUp: 100 })],
    repeats: 1,
    arms: async (each) => [plantedArm((await armsFor(each))[0]!, oneOfEach(count))],
  })
  const { adapter, verdict, reasons, runs, throughput } = report.cells[0]!
  const { account } = runs[0]!
  const facts = Object.entries(account).map(([name, value]) => `${name} ${value}`)
  console.log(
    `${adapter}, one loss, one duplicate, one swap, one flipped bit: ${verdict}, ${reasons.join(', ')} (${facts.join(', ')}; ${Math.round(throughput.typical)}/s)`,
  )
  const exact = Object.entries(PLANTED_ACCOUNT).every(
    ([name, value]) => account[name as keyof typeof account] === value,
  )
  if (verdict !== 'INVALID' || account.sent !== count || !exact) fail('not exactly what was planted')
}

async function compareAlike(url: string): Promise<void> {
  let found = 0
  for (let time = 0; time < alike; time++) found += differences(await measured(url, 2, {}))
  console.log(`${url.split(':')[0]} against itself: a difference in ${found} of ${alike}`)
  if (found > alike / 20) fail('too many differences')
}

async function compareSlower(url: string): Promise<void> {
  let found = 0
  const ratios: string[] = []
  for (let time = 0; time < slower; time++) {
    let opened = 0
    const arms = async (each: string): Promise<Arm[]> => {
      const arm = (await armsFor(each))[0]!
      return [opened++ === 0 ? arm : await slowedArm(arm, SHARE, SMALL)]
    }
    const report = await measured(url, 2, { arms })
    found += differences(report)
    ratios.push((report.comparisons[0]?.throughput?.typical ?? Number.NaN).toFixed(2))
  }
  console.log(
    `${url.split(':')[0]} against itself with 30 % taken: a difference in ${found} of ${slower} (${ratios.join(', ')})`,
  )
  if (found < 0.8 * slower) fail('a difference was missed')
}

function differences({ comparisons }: Report): number {
  return comparisons.some(({ significant }) => significant) ? 1 : 0
}

function fail(reason: string): void {
  console.error(`FAILED: ${reason}`)
  process.exitCode = 1
}
