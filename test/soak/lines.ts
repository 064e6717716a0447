/**
 * Bad lines: proxies before the broker that slow, split, hold, corrupt, cut and half-open each direction, while programs send, receive and
 * ask through them. What was accepted arrives, every call ends in its time, and the process never ends by itself.
 *
 *     npm run soak:lines -- redis|rabbitmq|qpid|zmq [SECONDS] [SEED] [FAULTS]      (default 60 seconds)
 *
 * The broker is its own. Every round prints its seed, with which it comes again; one that fails is tried with fewer faults. In every third
 * round bits are changed: then a message may be another one, and only the rest of the promises holds.
 */
import { playRound } from './lines/round.ts'
import { openPlace } from './random/place.ts'

const [name, seconds = '60', firstSeed = String(Date.now() % 1_000_000), faults = '1000'] =
  process.argv.slice(2)
if (name === undefined) throw new Error('lines.ts BROKER [SECONDS] [SEED] [FAULTS]')
/** What a round may leave behind. Unit: bytes. */
const MOST_MEMORY = 400 * 2 ** 20

const unhandled: unknown[] = []
process.on('unhandledRejection', (error) => unhandled.push(error))
process.on('uncaughtException', (error) => unhandled.push(error))

let rounds = 0
let failed = 0
{
  await using place = await openPlace(name)
  const round = async (seed: number, mostFaults: number) => {
    const result = await playRound({ place, seed, mostFaults, corrupting: seed % 3 === 0 })
    for (const error of unhandled.splice(0))
      result.problems.push(`unhandled: ${error instanceof Error ? error.stack : String(error)}`)
    const { rss } = process.memoryUsage()
    if (rss > MOST_MEMORY + baseline) result.problems.push(`${Math.round(rss / 2 ** 20)} MiB of memory`)
    return result
  }
  const baseline = process.memoryUsage().rss
  const end = performance.now() + Number(seconds) * 1000
  for (let seed = Number(firstSeed); rounds === 0 || performance.now() < end; seed++) {
    rounds++
    const { problems, summary, faults: played } = await round(seed, Number(faults))
    console.log(`${name} ${seed}: ${summary}`)
    for (const problem of problems) console.log(`  PROBLEM ${problem}`)
    if (problems.length === 0) continue
    failed++
    let fewest = played
    for (let fewer = 1; fewer < played; fewer *= 2) {
      if ((await round(seed, fewer)).problems.length === 0) continue
      fewest = fewer
      break
    }
    console.log(`  again: npm run soak:lines -- ${name} 0 ${seed} ${fewest}`)
  }
}
console.log(`${name}: ${rounds} rounds, ${failed} with problems`)
if (failed > 0) process.exitCode = 1
setTimeout(() => {
  console.log('PROBLEM the process does not end:', process.getActiveResourcesInfo().join(' '))
  process.exit(1)
}, 10_000).unref()
