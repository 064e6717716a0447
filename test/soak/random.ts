/**
 * Random programs against one broker: senders, receivers, subscribers, requests and looks come and go, connections are closed, cut and
 * silenced, the broker is stopped, killed and treated badly. What the library promises must hold in every round, and each round says
 * with which seed it comes again.
 *
 * By hand; brokers are its own:
 *
 *     npx tsx test/soak/random.ts memory|file|rabbitmq|qpid|redis|zmq|rabbitmq-cluster|redis-cluster|redis-sentinel [SECONDS] [SEED] [calm|hasty|faulty]
 */
import { openPlace } from './random/place.ts'
import { playRound, type Style } from './random/round.ts'

const [name, seconds = '60', firstSeed = String(Date.now() % 1_000_000), style] = process.argv.slice(2)
if (name === undefined) throw new Error('random.ts BROKER [SECONDS] [SEED] [STYLE]')

const unhandled: unknown[] = []
process.on('unhandledRejection', (error) => unhandled.push(error))
process.on('uncaughtException', (error) => unhandled.push(error))

let failed = 0
let rounds = 0
{
  await using place = await openPlace(name)
  const end = performance.now() + Number(seconds) * 1000
  for (let seed = Number(firstSeed); rounds === 0 || performance.now() < end; seed++) {
    rounds++
    const styles: Style[] =
      place.faults.length > 0 ? ['calm', 'faulty', 'hasty', 'faulty'] : ['calm', 'hasty']
    const chosen = (style as Style) ?? styles[seed % styles.length]!
    const { problems, summary } = await playRound(place, seed, chosen)
    for (const error of unhandled.splice(0))
      problems.push(`unhandled: ${error instanceof Error ? error.stack : String(error)}`)
    globalThis.gc?.()
    const heap = Math.round(process.memoryUsage().heapUsed / 2 ** 20)
    console.log(`${name} ${seed} ${chosen}: ${summary}; ${heap} MiB`)
    for (const problem of problems) console.log(`  PROBLEM ${problem}`)
    if (problems.length > 0) failed++
  }
}
console.log(`${name}: ${rounds} rounds, ${failed} with problems`)
if (failed > 0) process.exitCode = 1
setTimeout(() => {
  console.log('PROBLEM the process does not end:', process.getActiveResourcesInfo().join(' '))
  process.exit(1)
}, 10_000).unref()
