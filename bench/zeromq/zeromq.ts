/**
 * The hub against bare zeromq.js: queue throughput, live publish-subscribe, round trips. Every party is a process of its own; both
 * arms run in turns, several rounds, so that a busy machine is busy for both.
 *
 *   npx tsx bench/zeromq/zeromq.ts [--rounds 3] [--count 300000] [--size 200] [--only live] [--json FILE]
 */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import * as bareRoles from './bare-roles.ts'
import { play, type Role, RoleProcess, type RoleReport, type RoleSettings } from './child.ts'
import * as sluiceRoles from './sluice-roles.ts'

const ROLES = { ...sluiceRoles, ...bareRoles } as unknown as Record<string, Role>

/** One arm: who listens, then who connects to it. The figure is of those that work. */
interface Arm {
  readonly name: string
  readonly listener: string
  readonly others: readonly string[]
}

interface Comparison {
  readonly id: string
  readonly title: string
  readonly unit: 'msg/s' | 'µs p50'
  readonly ours: readonly Arm[]
  readonly bare: Arm
}

const COMPARISONS: readonly Comparison[] = [
  {
    id: 'queue',
    title: 'queue, confirmed and accepted, 1000 in flight',
    unit: 'msg/s',
    ours: [
      { name: 'hub, clients in one process', listener: 'hub', others: ['queueBoth'] },
      { name: 'hub, sender and receiver apart', listener: 'hub', others: ['queueReceiver', 'queueSender'] },
    ],
    bare: { name: 'PUSH/PULL, unconfirmed', listener: 'pull', others: ['push'] },
  },
  {
    id: 'live',
    title: 'live publish-subscribe',
    unit: 'msg/s',
    ours: [{ name: 'hub, topic', listener: 'hub', others: ['topicReceiver', 'topicSender'] }],
    bare: { name: 'PUB/SUB', listener: 'publisher', others: ['subscriber'] },
  },
  {
    id: 'request',
    title: 'round trip, one after the other',
    unit: 'µs p50',
    ours: [
      { name: 'hub, request/respond', listener: 'hub', others: ['responder', 'requester'] },
      { name: 'hub, responder of eight', listener: 'hub', others: ['responderOfEight', 'requester'] },
    ],
    bare: { name: 'DEALER/ROUTER', listener: 'router', others: ['dealer'] },
  },
]

interface Figure {
  readonly arm: string
  readonly value: number
  readonly cpuUs: Readonly<Record<string, number>>
}

async function measure(arm: Arm, unit: Comparison['unit'], settings: RoleSettings): Promise<Figure> {
  const processes: RoleProcess[] = []
  try {
    const listener = new RoleProcess(arm.listener, settings)
    processes.push(listener)
    const url = await listener.ready()
    for (const name of arm.others) {
      const other = new RoleProcess(name, { ...settings, url })
      processes.push(other)
      await other.ready()
    }
    const before = await Promise.all(processes.map((each) => each.cpu()))
    const reports = await Promise.all(processes.map((each) => each.run()))
    const after = await Promise.all(processes.map((each) => each.cpu()))
    const names = [arm.listener, ...arm.others]
    const cpuUs = names.map((name, at) => [name, ((after[at]! - before[at]!) / settings.count) * 1_000])
    return {
      arm: arm.name,
      value: figureOf(reports, unit, settings.count),
      cpuUs: Object.fromEntries(cpuUs),
    }
  } finally {
    await Promise.all(processes.map((each) => each.end()))
  }
}

function figureOf(reports: readonly RoleReport[], unit: Comparison['unit'], count: number): number {
  if (unit === 'µs p50') return Number(reports.find(({ values }) => values?.p50 !== undefined)!.values!.p50)
  const started = Math.min(...reports.map(({ startedAt }) => startedAt))
  const ended = Math.max(...reports.map(({ endedAt }) => endedAt))
  return (count / (ended - started)) * 1_000
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}

function show(figures: readonly Figure[], unit: Comparison['unit']): string {
  const values = figures.map(({ value }) => value)
  const text = (value: number): string =>
    unit === 'msg/s' ? Math.round(value).toLocaleString('en') : value.toFixed(1)
  const cpu = Object.entries(figures[0]!.cpuUs)
    .filter(([, us]) => us >= 0.05)
    .map(([name, us]) => `${name} ${us.toFixed(1)}`)
  return `${text(median(values))} ${unit} (${text(Math.min(...values))} … ${text(Math.max(...values))}), processor µs each: ${cpu.join(', ')}`
}

async function compare(comparison: Comparison, rounds: number, settings: RoleSettings): Promise<object> {
  const { title, unit, ours, bare } = comparison
  const arms = [bare, ...ours]
  const figures = new Map<Arm, Figure[]>(arms.map((arm) => [arm, []]))
  console.log(title)
  for (let round = 0; round < rounds; round++) {
    for (const arm of arms) {
      process.stderr.write(`  round ${round + 1} of ${rounds}: ${arm.name}\n`)
      figures.get(arm)!.push(await measure(arm, unit, settings))
    }
  }
  const base = median(figures.get(bare)!.map(({ value }) => value))
  const ratios: Record<string, number> = {}
  for (const arm of arms) {
    const ratio = median(figures.get(arm)!.map(({ value }) => value)) / base
    ratios[arm.name] = ratio
    console.log(`  ${arm.name}: ${show(figures.get(arm)!, unit)}; ${ratio.toFixed(2)} of bare`)
  }
  return {
    title,
    unit,
    ratios,
    figures: Object.fromEntries([...figures].map(([arm, all]) => [arm.name, all])),
  }
}

async function main(): Promise<void> {
  const { values: args } = parseArgs({
    options: {
      rounds: { type: 'string', default: '3' },
      count: { type: 'string', default: '300000' },
      size: { type: 'string', default: '200' },
      only: { type: 'string' },
      json: { type: 'string' },
    },
  })
  const settings = { url: '', count: Number(args.count), size: Number(args.size), open: 1_000 }
  const machine = `node ${process.version}, ${cpus()[0]?.model.trim()} × ${cpus().length}`
  console.log(`${machine}, bodies of ${settings.size} B`)
  const results: object[] = []
  for (const comparison of COMPARISONS) {
    if (args.only !== undefined && args.only !== comparison.id) continue
    const count = comparison.unit === 'msg/s' ? settings.count : Math.min(settings.count, 20_000)
    results.push(await compare(comparison, Number(args.rounds), { ...settings, count }))
  }
  if (args.json) writeFileSync(args.json, JSON.stringify({ machine, settings, results }, undefined, 2))
}

const script = process.argv[1] as string
const [flag, name, settings] = process.argv.slice(2)
if (script.endsWith('.ts')) {
  const { runCompiled } = await import('../run/compiled.ts')
  process.exitCode = await runCompiled(script, process.argv.slice(2))
} else if (flag === '--role') await play(ROLES[name as string] as Role, JSON.parse(settings as string))
else await main()
