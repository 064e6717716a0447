/**
 * `npm run test:editions [-- EDITION…]`: the conformance suite and the adapter tests on each version of a broker, one
 * after another, on brokers of their own. What came of it replaces the rows of those versions in docs/clusters.md.
 *
 * `--only NAME`: one suite of them, such as `redis-cluster`; rows of the others stay as they are.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { testEnvironment } from './brokers/environment.ts'
import { defaultHome } from './brokers/home.ts'
import type { BrokerName } from './brokers/kind.ts'
import { createPrivateHome } from './brokers/private-homes.ts'
import { EDITIONS } from './brokers/software/editions.ts'
import { down, up } from './brokers/up.ts'
import { countResults } from './test/counts.ts'
import { type Row, replaceRows } from './test/editions-table.ts'

interface Suite {
  readonly name: string
  readonly brokers: readonly BrokerName[]
  readonly tests: string
}

const conformance = (name: string, ...brokers: BrokerName[]): Suite => ({
  name,
  brokers,
  tests: `test/conformance/${name}.test.ts`,
})
const adapterTests = (name: string, ...brokers: BrokerName[]): Suite => ({
  name: 'adapter tests',
  brokers,
  tests: `test/adapters/${name}`,
})

const SUITES: Readonly<Record<string, readonly Suite[]>> = {
  rabbitmq: [
    conformance('rabbitmq', 'rabbitmq'),
    conformance('rabbitmq-amqp10', 'rabbitmq'),
    conformance('rabbitmq-cluster', 'rabbitmq-cluster'),
    adapterTests('rabbitmq', 'rabbitmq'),
  ],
  redis: [
    conformance('redis', 'redis'),
    conformance('redis-cluster', 'redis-cluster'),
    adapterTests('redis', 'redis', 'redis-tls', 'redis-sentinel'),
  ],
  qpid: [conformance('qpid', 'qpid')],
  artemis: [conformance('artemis', 'artemis')],
}
/** The system's own, then the editions. */
const TARGETS = [...Object.keys(SUITES), ...EDITIONS.map(({ name }) => name)]
const PAGE = 'docs/clusters.md'
/** Of the tests that failed, as many are named. */
const MOST_NAMED = 20

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' } },
})
const say = (line: string): void => void process.stderr.write(`${line}\n`)

for (const name of positionals)
  if (!TARGETS.includes(name)) throw new Error(`Unknown edition ${name}; there are ${TARGETS.join(' ')}`)
let failed = 0
for (const target of positionals.length > 0 ? positionals : TARGETS) {
  for (const suite of suitesOf(target)) {
    const row = await run(target, suite)
    if (row.failed > 0) failed++
    say(`${row.edition} ${row.suite}: ${JSON.stringify(row)}`)
    writeFileSync(PAGE, replaceRows(readFileSync(PAGE, 'utf8'), [row], TARGETS))
  }
}
process.exitCode = failed > 0 ? 1 : 0

function suitesOf(target: string): readonly Suite[] {
  const edition = EDITIONS.find(({ name }) => name === target)
  const suites = SUITES[edition?.brokers[0] ?? target]!
  return values.only === undefined ? suites : suites.filter(({ name }) => name === values.only)
}

/** On brokers that nobody else uses, gone afterwards. */
async function run(target: string, suite: Suite): Promise<Row> {
  if (target.includes('@')) process.env.SLUICE_BROKERS_EDITIONS = target
  else delete process.env.SLUICE_BROKERS_EDITIONS
  const scratch = mkdtempSync(join(tmpdir(), 'sluice-editions-'))
  const home = createPrivateHome(defaultHome())
  try {
    const { results, failures } = await up(home, suite.brokers, say)
    if (failures[0] !== undefined) throw failures[0].error
    const { product, version } = results[0]!.record
    const reports = join(scratch, 'reports')
    mkdirSync(reports)
    const report = join(scratch, 'vitest.json')
    await vitest([suite.tests, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`], {
      ...testEnvironment(home),
      SLUICE_CONFORMANCE_REPORTS: reports,
      SLUICE_CONFORMANCE_ALL: '1',
    })
    nameFailures(report)
    const head = { edition: target, broker: `${product} ${version}`, suite: suite.name }
    const conformed = outcomes(join(reports, `${suite.name}.json`))
    const counts = countResults(report)
    return conformed === undefined
      ? { ...head, ...counts }
      : { ...head, ...conformed, failed: Math.max(conformed.failed, counts.failed) }
  } finally {
    await down(home, [], say)
    rmSync(scratch, { recursive: true, force: true })
  }
}

function vitest(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('npx', ['vitest', 'run', ...args], {
      stdio: ['ignore', process.stderr, process.stderr],
      env: { ...process.env, ...environment },
    })
    child.once('error', reject)
    child.once('close', () => resolve())
  })
}

/** `undefined`: the tests were no conformance suite, or it did not reach its end. */
function outcomes(path: string): Pick<Row, 'passed' | 'inverted' | 'skipped' | 'failed'> | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
  const { cases } = JSON.parse(text) as { cases: readonly { readonly result: string }[] }
  const count = (result: string): number => cases.filter((one) => one.result === result).length
  return {
    passed: count('passed'),
    inverted: count('inverted'),
    skipped: count('skipped'),
    failed: count('failed'),
  }
}

interface VitestReport {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

function nameFailures(path: string): void {
  const { testResults } = JSON.parse(readFileSync(path, 'utf8')) as VitestReport
  const all = testResults.flatMap(({ assertionResults }) => assertionResults)
  for (const { fullName } of all.filter(({ status }) => status === 'failed').slice(0, MOST_NAMED))
    say(`FAILED ${fullName}`)
}
