/**
 * A `file:` store under fire: processes killed at any instruction while they send, settle, clear, open and close; two openers at once; a disk
 * that is full or read-only; bodies around every threshold up to 64 MiB; clocks that are wrong and jump. After each life an auditor, a
 * process of its own, looks at everything: what was accepted is there or was taken, nothing is invented, changed or out of order.
 *
 *     npm run soak:store -- [SECONDS] [SEED] [STEPS]      (default 60 seconds)
 *
 * Every round prints its seed, with which it comes again; one that fails is tried with fewer steps. A small disk needs root.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { playRound } from './store/round.ts'

const [seconds = '60', firstSeed = String(Date.now() % 1_000_000), steps = '1000'] = process.argv.slice(2)
const checkout = fileURLToPath(new URL('../..', import.meta.url))
// Inside the checkout, so that it finds its packages; one file, since a life begins every second.
const folder = await mkdtemp(join(checkout, 'node_modules', '.soak-store-'))
let rounds = 0
let failed = 0
try {
  const program = join(folder, 'life.mjs')
  await build({
    entryPoints: [join(checkout, 'test/soak/store/life.ts')],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'error',
  })
  const end = performance.now() + Number(seconds) * 1000
  for (let seed = Number(firstSeed); rounds === 0 || performance.now() < end; seed++) {
    rounds++
    const result = await playRound(program, seed, Number(steps))
    console.log(`seed ${seed}: ${result.summary}`)
    for (const problem of result.problems) console.log(`  PROBLEM ${problem}`)
    if (result.problems.length === 0) continue
    failed++
    console.log(`  again: npm run soak:store -- 0 ${seed} ${await fewest(program, seed, result.steps)}`)
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
console.log(`${rounds} rounds, ${failed} with problems`)
if (failed > 0) process.exitCode = 1

/** Fewest steps with which the round still fails; instants differ, so each number has three tries. */
async function fewest(program: string, seed: number, steps: number): Promise<number> {
  for (let fewer = 1; fewer < steps; fewer++)
    for (let attempt = 0; attempt < 3; attempt++)
      if ((await playRound(program, seed, fewer)).problems.length > 0) return fewer
  return steps
}
