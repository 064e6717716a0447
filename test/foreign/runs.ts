/**
 * How many generated messages a test of `test/foreign` tries, and from which seed: a bounded share in `npm test`, as many as wanted by
 * `npm run soak:foreign`.
 *
 * `SLUICE_FOREIGN_RUNS` multiplies every test's usual count. `SLUICE_FOREIGN_SEED` (and `SLUICE_FOREIGN_PATH`) repeat a run: fast-check
 * prints both, with the smallest failing message, when a test fails.
 */
import type { Parameters } from 'fast-check'

const factor = positive(process.env.SLUICE_FOREIGN_RUNS) ?? 1
/** In `npm test` the messages are the same each time, so that a red test is a change of the code; whoever asks for more gets new ones. */
const USUAL_SEED = 20_261_130
const seed =
  positive(process.env.SLUICE_FOREIGN_SEED) ?? (factor === 1 ? USUAL_SEED : Date.now() % 0x7fff_ffff)
const path = process.env.SLUICE_FOREIGN_PATH

/** Parameters of `fc.assert` for a test that usually has `usual` runs. */
export function runs<T>(usual: number): Parameters<T> {
  const numRuns = Math.ceil(usual * factor)
  console.log(`seed ${seed}, ${numRuns} runs`)
  return path === undefined
    ? { seed, numRuns, endOnFailure: false }
    : { seed, path, numRuns, endOnFailure: true }
}

/** Messages of one run, in a test whose runs try several, at most `most`: it has `usual / batch(usual, most)` runs. */
export function batch(usual: number, most: number): number {
  return Math.min(Math.ceil(usual * factor), most)
}

/** Time-out of such a test, of which each run may take `perRunMs`. Unit: ms. */
export function timeoutOf(usual: number, perRunMs: number): number {
  return 60_000 + Math.ceil(usual * factor * perRunMs)
}

function positive(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  const number = Number(text)
  if (!(number > 0)) throw new RangeError(`'${text}' is no positive number`)
  return number
}
