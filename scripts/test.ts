/**
 * `npm test`: builds, brings the real brokers up, runs everything, takes down what it started. Its last line
 * is `N passed, N failed, N skipped`, counted from the runner's own report. Arguments go to vitest, except
 * `--without NAME`, which leaves a broker and its tests out.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { givenByUser, probeGiven } from './brokers/environment.ts'
import { defaultHome } from './brokers/home.ts'
import { BROKER_NAMES, type BrokerName, BrokerUnavailable, CLUSTERS, leftOut } from './brokers/kind.ts'
import { sweepPrivateHomes } from './brokers/private-homes.ts'
import { down, up } from './brokers/up.ts'
import { installBrowser } from './test/browser.ts'
import { printConformance } from './test/conformance-summary.ts'
import { type Counts, countResults } from './test/counts.ts'
import { installForeignClients } from './test/foreign-clients.ts'

/** Tests in these folders need no broker. */
const BROKERLESS = ['test/unit', 'test/types', 'test/scripts', 'test/package']

const home = defaultHome()
const say = (line: string) => void process.stderr.write(`${line}\n`)
const scratch = mkdtempSync(join(tmpdir(), 'sluice-test-'))
const report = join(scratch, 'report.json')
let started: BrokerName[] = []
let running: ChildProcess | undefined
let interrupted = false

async function main(): Promise<Counts> {
  const { without, rest } = split(process.argv.slice(2))
  // Checked and passed on: the runner's configuration leaves out the tests by it.
  process.env.SLUICE_BROKERS_WITHOUT = [...leftOut([...without, ...leftOut()].join(','))].join(',')

  if ((await command('npm', ['run', '--silent', 'build'])) !== 0) throw new Error('The build failed')
  await bringUp(rest)
  const begun = Date.now()
  const code = await command('npx', [
    'vitest',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...rest,
  ])
  printConformance('reports/conformance', begun)
  const counts = countResults(report)
  if (code !== 0 && counts.failed === 0) {
    say(`vitest ended with ${code} although no test failed; counted as one failure`)
    counts.failed++
  }
  return counts
}

async function bringUp(filters: readonly string[]): Promise<void> {
  const out = leftOut()
  if (
    filters.length > 0 &&
    filters.every((filter) => BROKERLESS.some((folder) => filter.startsWith(folder)))
  ) {
    return
  }
  await installForeignClients(say)
  await installBrowser(say)
  const wanted = BROKER_NAMES.filter((name) => !out.has(name) && !CLUSTERS.includes(name))
  const given = wanted.filter((name) => givenByUser(home, name) !== undefined)
  for (const name of given) say(`${name}: ${await probeGiven(name)} at the address given by environment`)
  await sweepPrivateHomes(home)
  const { results, failures } = await up(
    home,
    wanted.filter((name) => !given.includes(name)),
    say,
  )
  started = results.filter((result) => result.started).map((result) => result.record.name)
  for (const { error } of failures) {
    say(`\n${error.message}`)
    if (error instanceof BrokerUnavailable) say(`  cure: ${error.cure}`)
  }
  if (failures.length > 0) {
    throw new Error(
      `No run without ${failures.map(({ name }) => name).join(', ')}; to leave it out: --without NAME`,
    )
  }
}

function command(program: string, args: string[]): Promise<number> {
  if (interrupted) throw new Error('Interrupted')
  return new Promise((resolve, reject) => {
    running = spawn(program, args, { stdio: 'inherit' })
    running.once('error', reject)
    running.once('close', (code) => {
      running = undefined
      if (interrupted) reject(new Error('Interrupted'))
      else resolve(code ?? 1)
    })
  })
}

async function cleanUp(): Promise<void> {
  rmSync(scratch, { recursive: true, force: true })
  await sweepPrivateHomes(home)
  if (started.length > 0) await down(home, started, say)
}

function split(args: readonly string[]): { without: string[]; rest: string[] } {
  const without: string[] = []
  const rest: string[] = []
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] as string
    if (arg === '--without') without.push(args[++at] ?? '')
    else if (arg.startsWith('--without=')) without.push(arg.slice('--without='.length))
    else rest.push(arg)
  }
  return { without, rest }
}

// The child gets Ctrl-C by itself, but not what is sent to this process alone; cleaning up follows its end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupted = true
    running?.kill('SIGTERM')
  })
}

let counts: Counts = { passed: 0, failed: 0, skipped: 0 }
let problem: unknown
try {
  counts = await main()
} catch (error) {
  problem = error
}
try {
  await cleanUp()
} catch (error) {
  problem ??= error
}
if (problem !== undefined) {
  say(`\n${problem instanceof Error ? problem.message : problem}`)
  // A run that broke off must not look like one without failures.
  counts.failed ||= 1
}
const without = [...leftOut()]
if (without.length > 0) process.stdout.write(`left out by choice: ${without.join(', ')}\n`)
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`)
const nothingRan = counts.passed + counts.failed === 0
process.exitCode = counts.failed > 0 || nothingRan ? 1 : 0
