/**
 * The outbox under fire, large: transactions of which a third is rolled back, relays killed, PostgreSQL restarted, the broker killed, all at once.
 *
 *     npm run soak:outbox -- [rabbitmq|redis] [TRANSACTIONS] [RELAY KILLS] [POSTGRES RESTARTS] [BROKER KILLS]
 *
 * Default: both brokers, 100,000 transactions, 50, 5 and 10.
 */
import { Commands } from '../cli/commands.ts'
import { type TortureResult, torture } from '../outbox/torture.ts'

const [which, ...numbers] = process.argv.slice(2)
const [transactions = 100_000, relayKills = 50, postgresRestarts = 5, brokerKills = 10] = numbers.map(Number)
const brokers =
  which === 'rabbitmq' || which === 'redis' ? ([which] as const) : (['rabbitmq', 'redis'] as const)

using commands = new Commands()
for (const broker of brokers) {
  const say = (line: string): void => console.error(`${broker}: ${line}`)
  const result = await torture(commands, {
    broker,
    transactions,
    relayKills,
    postgresRestarts,
    brokerKills,
    say,
  })
  const bad = faultsOf(result)
  const { committed, rolledBack, cutOff, duplicates, seconds } = result
  console.log(
    `${broker}: ${committed} committed, ${rolledBack} rolled back, ${cutOff} cut off, ${duplicates} duplicates, ${seconds} s: ${bad.length === 0 ? 'nothing lost, invented, disordered or done twice' : bad.join('; ')}`,
  )
  if (bad.length > 0) process.exitCode = 1
}

function faultsOf(result: TortureResult): string[] {
  const { lost, neverCommitted, disordered, otherIds, notOnce } = result
  return Object.entries({ lost, neverCommitted, disordered, otherIds, notOnce })
    .filter(([, list]) => list.length > 0)
    .map(([name, list]) => `${name} ${list.length}: ${list.slice(0, 5).join(', ')}`)
}
