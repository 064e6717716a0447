/**
 * Requests through this library and written by hand on the bare client, side by side: both keep their links open and take turns of a
 * few requests, one after the other, so that the mood of the machine and of the broker falls on both alike.
 *
 *   npx tsx bench/requests.ts URL [--seconds 20] [--json]
 *
 * Shows the time until the answer (median of all), and the difference of neighbouring turns: its median, and the range that holds
 * the true one with 95 %.
 */
import { parseArgs } from 'node:util'
import type { Arm, ArmRun } from '../src/compare/arm.ts'
import { armsFor } from '../src/compare/arms/index.ts'
import { workload } from '../src/compare/index.ts'
import { PayloadMaker, readPayload } from '../src/compare/load/payload.ts'
import { runCompiled } from './run/compiled.ts'

/** Requests of one turn. */
const TURN = 20
/** The compilers of both ends have done their work by then. Unit: ms. */
const WARM_UP_MS = 5_000
/** Half the width of a 95 % interval of the normal distribution, in standard deviations. */
const REACH = 1.96

const REQUESTS = workload({ pattern: 'request-response', inFlight: 1, durable: false })

/** One way to ask. */
class Side {
  readonly library: string
  readonly times: number[] = []
  /** Median of each turn. */
  readonly turns: number[] = []
  readonly #run: ArmRun
  readonly #seen: { sequence: number }
  readonly #payload = new PayloadMaker(REQUESTS.bytes)
  #sequence = 0

  private constructor(library: string, run: ArmRun, seen: { sequence: number }) {
    this.library = library
    this.#run = run
    this.#seen = seen
  }

  static async open(arm: Arm): Promise<Side> {
    const seen = { sequence: -1 }
    const plan = { workload: REQUESTS, name: `requests-${arm.kind}-${process.pid}`, role: 'both' } as const
    const run = await arm.open(plan, {
      arrived: (body) => {
        seen.sequence = readPayload(body)?.sequence ?? -1
      },
      failed: (error) => {
        throw error
      },
      noted: (what) => process.stderr.write(`${arm.library}: ${what}\n`),
    })
    return new Side(arm.library, run, seen)
  }

  async turn(): Promise<void> {
    const times: number[] = []
    while (times.length < TURN) {
      const sequence = this.#sequence++
      const begun = performance.now()
      await this.#run.send(sequence, this.#payload.make(0, sequence, begun), 0)
      times.push((performance.now() - begun) * 1000)
      if (this.#seen.sequence !== sequence) throw new Error(`${this.library}: not the answer to ${sequence}`)
    }
    this.times.push(...times)
    this.turns.push(medianOf(times))
  }

  forget(): void {
    this.times.length = 0
    this.turns.length = 0
  }

  close(): Promise<void> {
    return this.#run.close()
  }
}

/** By rank, which asks nothing of how the values are spread. */
function medianWithRange(values: readonly number[]): { median: number; low: number; high: number } {
  const sorted = values.toSorted((a, b) => a - b)
  const reach = (REACH * Math.sqrt(sorted.length)) / 2
  const at = (rank: number): number =>
    sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(rank)))] ?? Number.NaN
  const middle = (sorted.length - 1) / 2
  return { median: at(middle), low: at(middle - reach), high: at(middle + reach) }
}

function medianOf(values: readonly number[]): number {
  return medianWithRange(values).median
}

/** Resolves to the exit code. */
async function measure(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seconds: { type: 'string', default: '20' }, json: { type: 'boolean', default: false } },
  })
  const [url] = positionals
  if (url === undefined) return wrong('usage: npx tsx bench/requests.ts URL [--seconds N] [--json]')
  const arms = await armsFor(url)
  const able = arms.filter(({ patterns }) => patterns.includes('request-response'))
  if (able.length < 2) return wrong('There is no bare client that asks and answers here')
  const sides = [await Side.open(able[0]!), await Side.open(able[1]!)] as const
  const takeTurns = async (forMs: number): Promise<void> => {
    const until = performance.now() + forMs
    for (let round = 0; performance.now() < until; round++)
      for (const side of round % 2 === 0 ? sides : sides.toReversed()) await side.turn()
  }
  try {
    await takeTurns(WARM_UP_MS)
    for (const side of sides) side.forget()
    await takeTurns(Number(values.seconds) * 1000)
  } finally {
    await Promise.all(sides.map((side) => side.close()))
  }
  const [ours, bare] = sides
  const difference = medianWithRange(ours.turns.map((turn, at) => turn - bare.turns[at]!))
  const result = {
    requests: ours.times.length,
    us: Object.fromEntries(sides.map(({ library, times }) => [library, Math.round(medianOf(times))])),
    differenceUs: Math.round(difference.median),
    rangeUs: [Math.round(difference.low), Math.round(difference.high)],
  }
  if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`)
  else {
    const [low, high] = result.rangeUs
    for (const [library, us] of Object.entries(result.us)) process.stdout.write(`${library}: ${us} µs p50\n`)
    process.stdout.write(
      `difference: ${result.differenceUs} µs (${low} to ${high}), ${result.requests} requests each\n`,
    )
  }
  return 0
}

function wrong(text: string): number {
  process.stderr.write(`${text}\n`)
  return 2
}

const script = process.argv[1]!
if (script.endsWith('.ts')) process.exitCode = await runCompiled(script, process.argv.slice(2))
else process.exitCode = await measure()
