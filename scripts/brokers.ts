/**
 * Real brokers for development and test: `npm run brokers -- up`. See docs/brokers.md.
 */
import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import {
  exportLines,
  givenByUser,
  mainUrl,
  probeGiven,
  testEnvironment,
  withoutPasswords,
} from './brokers/environment.ts'
import { defaultHome, readRecord, readRecords } from './brokers/home.ts'
import {
  BROKER_NAMES,
  type BrokerName,
  BrokerUnavailable,
  DEFAULT_BROKERS,
  isBrokerName,
  leftOut,
} from './brokers/kind.ts'
import { kindOf } from './brokers/kinds.ts'
import { isRunning, kill, pause, restart, resume, start, stop } from './brokers/lifecycle.ts'
import { chooseEdition, EDITIONS } from './brokers/software/editions.ts'
import { down, type UpFailure, up } from './brokers/up.ts'

const USAGE = `Usage: npm run brokers -- <command> [broker]… [options]

  up         start brokers (default: ${DEFAULT_BROKERS.join(' ')}), or reuse what runs
  down       end them and delete their data (default: all)
  status     what runs, with version and URL
  env        shell lines with the URLs:  eval "$(npm run -s brokers -- env)"
  exec       run a command with those variables; for the brokers named also those of their own tools:
             npm run brokers -- exec rabbitmq -- rabbitmqctl list_queues
  stop start restart kill pause resume    one broker, on the same ports and data

Brokers: ${BROKER_NAMES.join(' ')}
Editions: ${EDITIONS.map((each) => each.name).join(' ')}  (with \`up\`, in place of the system's package;
          SLUICE_BROKERS_EDITIONS=rabbitmq@4.3,valkey@9 npm test  runs the tests on them)

Options:
  --without NAME   leave a broker out (also SLUICE_BROKERS_WITHOUT=name,name)
  --json           print data as JSON
  --help

A broker given by its variable (SLUICE_TEST_RABBITMQ, SLUICE_TEST_QPID, SLUICE_TEST_REDIS, …) is used as it is.
SLUICE_BROKERS_INSTALL=0 forbids installing packages.
`

const home = defaultHome()
const progress = (line: string) => void process.stderr.write(`${line}\n`)

class UsageError extends Error {}

const LIFECYCLE = { start, stop, restart, kill, pause, resume } as const

async function main(argv: string[]): Promise<number> {
  const dashes = argv.indexOf('--')
  const { values, positionals } = parse(dashes < 0 ? argv : argv.slice(0, dashes))
  const [command, ...rest] = positionals
  if (values.help || command === undefined) {
    process.stdout.write(USAGE)
    return values.help ? 0 : 2
  }
  if (command === 'exec' && dashes < 0) return execute([], rest)
  const names = rest.map((name) => (command === 'up' && name.includes('@') ? edition(name) : checkName(name)))
  const json = values.json === true
  switch (command) {
    case 'up':
      return await bringUp(names, withoutNames(values.without), json)
    case 'down':
      return await takeDown(names, json)
    case 'status':
      return await showStatus(names, json)
    case 'env':
      return showEnvironment(json)
    case 'exec':
      return await execute(names, argv.slice(dashes + 1))
    default:
      if (!(command in LIFECYCLE)) throw new UsageError(`Unknown command ${command}`)
      if (names.length === 0) throw new UsageError(`${command} needs the name of a broker`)
      for (const name of names) await LIFECYCLE[command as keyof typeof LIFECYCLE](home, name)
      return 0
  }
}

async function bringUp(chosen: BrokerName[], without: Set<BrokerName>, json: boolean): Promise<number> {
  const wanted = (chosen.length > 0 ? chosen : DEFAULT_BROKERS).filter((name) => !without.has(name))
  const given = wanted.filter((name) => givenByUser(home, name) !== undefined)
  const failures: UpFailure[] = []
  const lines: Line[] = []
  for (const name of given) {
    const { product, variable } = kindOf(name)
    try {
      const version = await probeGiven(name)
      lines.push({
        name,
        product,
        version,
        url: withoutPasswords(process.env[variable] ?? ''),
        state: 'given',
      })
    } catch (error) {
      failures.push({ name, error: unreachable(name, variable, error as Error) })
    }
  }
  const own = wanted.filter((name) => !given.includes(name))
  if (own.length > 0) {
    const outcome = await up(home, own, progress)
    failures.push(...outcome.failures)
    for (const { record, started } of outcome.results) {
      const { name, product, version } = record
      const url = withoutPasswords(mainUrl(record))
      lines.push({ name, product, version, url, state: started ? 'started' : 'running' })
    }
  }
  for (const name of without) lines.push({ name, product: '', version: '', url: '', state: 'left out' })
  if (lines.length > 0 || json) print(lines, json)
  for (const { name, error } of failures) {
    progress(`\n${name} cannot be had: ${error.message}`)
    if (error instanceof BrokerUnavailable) progress(`  cure: ${error.cure}`)
  }
  return failures.length > 0 ? 1 : 0
}

function unreachable(name: BrokerName, variable: string, cause: Error): BrokerUnavailable {
  const cure = `correct ${variable}, or unset it to have a broker started`
  return new BrokerUnavailable(name, `nobody serves at the address in ${variable}: ${cause.message}`, cure, {
    cause,
  })
}

async function takeDown(names: BrokerName[], json: boolean): Promise<number> {
  const gone = await down(home, names, progress)
  if (json) process.stdout.write(`${JSON.stringify(gone)}\n`)
  else process.stdout.write(gone.length === 0 ? 'nothing was up\n' : `down: ${gone.join(' ')}\n`)
  return 0
}

async function showStatus(names: BrokerName[], json: boolean): Promise<number> {
  const lines: Line[] = []
  for (const record of readRecords(home)) {
    if (names.length > 0 && !names.includes(record.name)) continue
    const { name, product, version } = record
    lines.push({ name, product, version, url: withoutPasswords(mainUrl(record)), state: await stateOf(name) })
  }
  print(lines, json)
  return 0
}

async function stateOf(name: BrokerName): Promise<string> {
  const record = readRecord(home, name)
  if (record === undefined || !(await isRunning(record))) return 'ended'
  return kindOf(name)
    .probe(record.environment)
    .then(
      () => 'running',
      () => 'not answering',
    )
}

function showEnvironment(json: boolean): number {
  const variables = testEnvironment(home)
  process.stdout.write(json ? `${JSON.stringify(variables, undefined, 2)}\n` : exportLines(variables))
  return 0
}

function execute(names: BrokerName[], command: string[]): Promise<number> {
  const [program, ...args] = command
  if (program === undefined) throw new UsageError('exec needs a command')
  const tools = names.map((name) => readRecord(home, name)?.toolEnvironment ?? {})
  const env = Object.assign({}, process.env, testEnvironment(home), ...tools) as NodeJS.ProcessEnv
  const child = spawn(program, args, { stdio: 'inherit', env })
  // Ctrl-C reaches the command by itself; this process only waits for it.
  process.on('SIGINT', () => {})
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
}

interface Line {
  readonly name: string
  readonly product: string
  readonly version: string
  readonly url: string
  readonly state: string
}

function print(lines: readonly Line[], json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(lines, undefined, 2)}\n`)
    return
  }
  if (lines.length === 0) process.stdout.write('nothing is up\n')
  for (const { name, product, version, url, state } of lines) {
    process.stdout.write(
      `${name.padEnd(15)} ${state.padEnd(9)} ${`${product} ${version}`.padEnd(28)} ${url}\n`,
    )
  }
}

function withoutNames(options: readonly string[] = []): Set<BrokerName> {
  const chosen = options.flatMap((text) => text.split(',')).map(checkName)
  return new Set([...chosen, ...leftOut()])
}

function edition(name: string): BrokerName {
  try {
    return chooseEdition(name)
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function checkName(text: string): BrokerName {
  if (isBrokerName(text)) return text
  throw new UsageError(`Unknown broker ${text}; there are ${BROKER_NAMES.join(' ')}`)
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        json: { type: 'boolean' },
        without: { type: 'string', multiple: true },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code
  },
  (error: Error) => {
    progress(error instanceof UsageError ? `${error.message}\n\n${USAGE}` : (error.stack ?? error.message))
    process.exitCode = error instanceof UsageError ? 2 : 1
  },
)
