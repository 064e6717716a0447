/**
 * As many messages as go through a cluster whose nodes are killed, frozen, cut off, stopped and moved: what the cluster accepted must come, every
 * call must end, every link must come back, and nothing may be left at the brokers. Told are also how soon after a majority was there the last
 * lane had its first accepted send, and how long sends stood still.
 *
 *     npm run test:cluster -- rabbitmq-cluster|redis-cluster|redis-sentinel [SECONDS] [SEED]
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Figures } from './cluster/figures.ts'
import { leftovers } from './cluster/leftovers.ts'
import { MajorityWatch, rabbitmqProbe, redisClusterProbe, sentinelProbe } from './cluster/majority.ts'
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
const PROBES = {
  'rabbitmq-cluster': rabbitmqProbe,
  'redis-cluster': redisClusterProbe,
  'redis-sentinel': sentinelProbe,
}

const [name = '', seconds = '60', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2)
if (!(name in PROBES)) throw new Error(`cluster.ts ${Object.keys(PROBES).join('|')} [SECONDS] [SEED]`)

const watch = new Watch()
process.on('unhandledRejection', (error) => watch.problem(`unhandled: ${(error as Error).stack}`))

await using place = (await openCluster(name))!
const traffic = await Traffic.open(place, watch, Number(seed))
const figures = new Figures(traffic)
console.log(`${name}: seed ${seed}`)
{
  await using majority = new MajorityWatch(PROBES[name as keyof typeof PROBES](place.own), () => void back())
  await trouble(majority)
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
for (const problem of [...watch.problems, ...figures.problems()]) {
  console.log(`PROBLEM ${problem}`)
  process.exitCode = 1
}

async function trouble(majority: MajorityWatch): Promise<void> {
  const dice = new Dice(Number(seed), 'faults')
  const end = performance.now() + Number(seconds) * 1000
  let told = performance.now()
  while (performance.now() < end) {
    await delay(dice.between(200, 2_000))
    const fault = dice.of(place.faults)
    // The heaviest are taken whenever they are drawn.
    if (!dice.chance(fault.weight / 6)) continue
    for (const pulse of traffic.pulses) pulse.begin()
    const lost = majority.lost
    await fault.run(dice).catch((error: Error) => watch.problem(`${fault.name} failed: ${error.message}`))
    await everyPulse(traffic.pulses, `after «${fault.name}»`)
    figures.fault(fault.name, majority.lost > lost)
    if (performance.now() - told < TOLD_EVERY_MS) continue
    told = performance.now()
    console.log(figures.progress())
  }
}

/** A majority is there again. */
async function back(): Promise<void> {
  const since = performance.now()
  await everyPulse(traffic.sends, 'with a majority there')
  figures.firstOk(performance.now() - since)
}

async function everyPulse(pulses: readonly Pulse[], when: string): Promise<void> {
  await Promise.all(
    pulses.map(async (pulse) => {
      if (!(await pulse.next(BACK_MS))) watch.problem(`${pulse.name} did not come back ${when}`)
    }),
  )
}

async function drain(): Promise<void> {
  const end = performance.now() + DRAIN_MS
  while (performance.now() < end && figures.open > 0) await delay(100)
}
