/**
 * As many messages as go through a cluster whose nodes are killed, frozen, cut off, stopped and moved: what the cluster accepted must come, every
 * call must end, every link must come back, and nothing may be left at the brokers. Told are also how soon after a majority was there the last
 * lane had its first accepted send, and how long sends stood still.
 *
 *     npm run test:cluster -- rabbitmq-cluster|redis-cluster|redis-sentinel|qpid-ha|artemis-pair [SECONDS] [SEED] [--gap MS] [--rate MESSAGES]
 *
 * `--gap`: longest pause between two faults, 2,000 ms if nothing is said; `--rate`: sends a second over all lanes, as many as go through if
 * nothing is said; `--faults`: the run ends when there were as many; `--trace`: tells when what happened.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { amqp10Bare, type BareClient, rabbitmqBare, redisBare } from './cluster/bare.ts'
import { Figures } from './cluster/figures.ts'
import { leftovers } from './cluster/leftovers.ts'
import {
  artemisProbe,
  MajorityWatch,
  qpidProbe,
  rabbitmqProbe,
  redisClusterProbe,
  sentinelProbe,
} from './cluster/majority.ts'
import type { Pulse } from './cluster/pulse.ts'
import { Traffic } from './cluster/traffic.ts'
import { openCluster } from './random/cluster-places.ts'
import { Dice } from './random/dice.ts'
import { Watch } from './random/watch.ts'

/** All links must work again this long after a fault. Unit: ms. */
const BACK_MS = 60_000
/** All that was accepted must have come this long after the last fault: RabbitMQ 3.10 tries a dead letter again after three minutes. Unit: ms. */
const DRAIN_MS = 300_000
const TOLD_EVERY_MS = 30_000
const CLUSTERS = {
  'rabbitmq-cluster': { probe: rabbitmqProbe, bare: rabbitmqBare, tellsAgain: true },
  'redis-cluster': { probe: redisClusterProbe, bare: redisBare, tellsAgain: true },
  'redis-sentinel': { probe: sentinelProbe, bare: redisBare, tellsAgain: true },
  'qpid-ha': { probe: qpidProbe, bare: amqp10Bare, tellsAgain: true },
  // Artemis counts what was released, and nothing else.
  'artemis-pair': { probe: artemisProbe, bare: amqp10Bare, tellsAgain: false },
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    gap: { type: 'string', default: '2000' },
    rate: { type: 'string' },
    faults: { type: 'string', default: 'Infinity' },
    trace: { type: 'boolean', default: false },
  },
})
const [name = '', seconds = '60', seed = String(Date.now() % 1_000_000)] = positionals
if (!(name in CLUSTERS)) throw new Error(`cluster.ts ${Object.keys(CLUSTERS).join('|')} [SECONDS] [SEED]`)
const { probe, bare: openBare, tellsAgain } = CLUSTERS[name as keyof typeof CLUSTERS]

const watch = new Watch()
process.on('unhandledRejection', (error) => watch.problem(`unhandled: ${(error as Error).stack}`))

await using place = (await openCluster(name))!
const traffic = await Traffic.open(
  place,
  watch,
  Number(seed),
  values.rate === undefined ? undefined : Number(values.rate),
)
const figures = new Figures(traffic)
for (const [at, connection] of traffic.connections.entries()) {
  connection.on('disconnected', ({ cause }) => trace(`connection ${at + 1} disconnected: ${cause.message}`))
  connection.on('reconnecting', ({ attempt, cause }) =>
    trace(`connection ${at + 1} attempt ${attempt}, behind: ${cause.message}`),
  )
  connection.on('connected', () => trace(`connection ${at + 1} connected`))
  connection.on('reconnected', () => trace(`connection ${at + 1} and its links are back`))
}
console.log(`${name}: seed ${seed}`)
{
  await using bare = await openBare(place.own)
  await using majority = new MajorityWatch(probe(place.own), () => void back(majority, bare))
  await trouble(majority)
  await bare.clear()
}
await traffic.stopSending()
await drain()
await traffic.closeLinks()
const open = await leftovers(place.own, 'receivers')
await traffic.deleteNodes()
await traffic.close()
const left = await leftovers(place.own, 'connections')
watch.end()
if (open.receivers > 0) watch.problem(`${open.receivers} receivers are left at the broker`)
if (left.connections > 0) watch.problem(`${left.connections} connections are left at the broker`)
console.log(figures.report())
console.log(
  `left at the broker: ${left.connections} connections, ${open.receivers} receivers, ${left.nodes} nodes`,
)
console.log(
  `failed calls: ${[...watch.codes].map(([code, count]) => `${count} ${code}`).join(', ') || 'none'}`,
)
for (const problem of [...watch.problems, ...figures.problems(tellsAgain)]) {
  console.log(`PROBLEM ${problem}`)
  process.exitCode = 1
}

async function trouble(majority: MajorityWatch): Promise<void> {
  const dice = new Dice(Number(seed), 'faults')
  const end = performance.now() + Number(seconds) * 1000
  let told = performance.now()
  while (performance.now() < end && figures.faults < Number(values.faults)) {
    await delay(dice.between(Math.min(200, Number(values.gap)), Number(values.gap)))
    const fault = dice.of(place.faults)
    // The heaviest are taken whenever they are drawn.
    if (!dice.chance(fault.weight / 6)) continue
    for (const pulse of traffic.pulses) pulse.begin()
    const lost = majority.lost
    trace(`«${fault.name}»`)
    await fault.run(dice).catch((error: Error) => watch.problem(`${fault.name} failed: ${error.message}`))
    trace(`«${fault.name}» is over`)
    await everyPulse(traffic.pulses, `after «${fault.name}»`)
    figures.fault(fault.name, majority.lost > lost)
    if (performance.now() - told < TOLD_EVERY_MS) continue
    told = performance.now()
    console.log(figures.progress())
  }
}

/** A majority is there again. */
async function back(majority: MajorityWatch, bare: BareClient): Promise<void> {
  const { lost } = majority
  const since = performance.now()
  trace('a majority is there')
  const ended = new AbortController()
  const bareMs = bare.accepted(ended.signal).then((ok) => {
    trace(`the client without the library ${ok ? 'was accepted' : 'was not accepted'}`)
    return performance.now() - since
  })
  await everyPulse(traffic.sends, 'with a majority there')
  const ms = performance.now() - since
  ended.abort()
  if (majority.lost === lost) figures.firstOk(ms, await bareMs)
  else figures.cutShort()
}

async function everyPulse(pulses: readonly Pulse[], when: string): Promise<void> {
  await Promise.all(
    pulses.map(async (pulse) => {
      const there = await pulse.next(BACK_MS)
      trace(`${pulse.name} ${when}`)
      if (!there) watch.problem(`${pulse.name} did not come back ${when}`)
    }),
  )
}

async function drain(): Promise<void> {
  const end = performance.now() + DRAIN_MS
  while (performance.now() < end && figures.open > 0) await delay(100)
}

function trace(text: string): void {
  if (values.trace) console.log(`${new Date().toISOString()} ${text}`)
}
