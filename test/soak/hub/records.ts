/**
 * Random records of the hub's protocol, a million of them, against a hub on a file store with an innocent client beside it.
 *
 * By hand; every round prints its seed, with which it comes again:
 *
 *     npx tsx test/soak/hub/records.ts [RECORDS] [SEED]      (default 1,000,000)
 */
import { fuzzHub } from '../../adapters/zeromq/strangers/fuzz.ts'

const ROUND = 100_000
const [records = '1000000', first = String(Date.now() % 1_000_000)] = process.argv.slice(2)
let failed = 0
let done = 0
for (let seed = Number(first); done < Number(records); seed++) {
  const result = await fuzzHub(Math.min(ROUND, Number(records) - done), seed)
  done += result.records
  const megabytes = Math.round(result.hubBytes / 2 ** 20)
  console.log(
    `seed ${seed}: ${result.records} records of ${result.clients} clients, ${JSON.stringify(result.answers)}; ` +
      `${result.innocentMessages} innocent messages; the hub took ${megabytes} MiB`,
  )
  for (const problem of result.problems) console.log(`  PROBLEM ${problem}`)
  if (result.problems.length > 0) failed++
}
console.log(`${done} records, ${failed} rounds with problems`)
if (failed > 0) process.exitCode = 1
