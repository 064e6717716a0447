/**
 * `npm run test:newest`: adapters and conformance over the newest client libraries, in a scratch copy of the checkout.
 *
 *     npm run brokers -- up rabbitmq qpid redis
 *     npm run test:newest -- [--only redis,rabbitmq] [--tag latest]
 *
 * What is built otherwise in a newer library shows as a failed `reaches.test.ts` («nothing is warned of»); what does not flow then, as any other.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'

const CHECKOUT = join(import.meta.dirname, '..')
/** Client libraries by the adapter that stands on them. */
const LIBRARIES: Readonly<Record<string, string>> = {
  rabbitmq: 'amqplib',
  qpid: 'rhea',
  redis: 'ioredis',
  zeromq: 'zeromq',
  file: 'lmdb',
}

const { values } = parseArgs({
  options: { only: { type: 'string' }, tag: { type: 'string', default: 'latest' } },
})
const adapters = values.only?.split(',') ?? Object.keys(LIBRARIES)
for (const name of adapters)
  if (!LIBRARIES[name]) throw new Error(`--only: ${name} is no adapter with a client library`)

const scratch = mkdtempSync(join(tmpdir(), 'sluice-newest-'))
try {
  copyCheckout()
  installNewest(adapters.map((name) => LIBRARIES[name]!))
  process.exitCode = runTests()
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

/** The files of the checkout that git knows, and its packages by links. */
function copyCheckout(): void {
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: CHECKOUT, encoding: 'utf8' }).split('\0')
  for (const file of files.filter((name) => name !== '' && existsSync(join(CHECKOUT, name))))
    cpSync(join(CHECKOUT, file), join(scratch, file), { recursive: true })
  linkPackages(join(CHECKOUT, 'node_modules'))
}

/** Newer libraries stand beside, with their own dependencies, and take the place of the old ones. */
function installNewest(libraries: readonly string[]): void {
  const beside = join(scratch, 'newest')
  mkdirSync(beside)
  const wanted = libraries.map((name) => `${name}@${values.tag}`)
  execFileSync('npm', ['install', '--prefix', beside, '--no-audit', '--no-fund', ...wanted], {
    stdio: 'inherit',
  })
  for (const name of libraries) {
    const place = join(scratch, 'node_modules', name)
    const found = join(beside, 'node_modules', name)
    const { version } = JSON.parse(readFileSync(join(found, 'package.json'), 'utf8')) as { version: string }
    const { version: before } = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8')) as {
      version: string
    }
    console.log(`${name}: ${before} → ${version}`)
    rmSync(place)
    symlinkSync(found, place)
  }
}

function linkPackages(modules: string): void {
  for (const entry of readdirSync(modules)) {
    if (entry.startsWith('.')) continue
    const names = entry.startsWith('@')
      ? readdirSync(join(modules, entry)).map((name) => join(entry, name))
      : [entry]
    for (const name of names) {
      const place = join(scratch, 'node_modules', name)
      mkdirSync(dirname(place), { recursive: true })
      symlinkSync(join(modules, name), place)
    }
  }
}

/** With the brokers of the checkout. */
function runTests(): number {
  const paths = adapters.flatMap((name) => [
    ...(name === 'file'
      ? ['test/unit/broker/store/store.test.ts', 'test/unit/broker/store/store-reaches.test.ts']
      : [`test/adapters/${name}`]),
    `test/conformance/${name}.test.ts`,
  ])
  const brokers = adapters.filter((name) => name !== 'file' && name !== 'zeromq')
  const command = ['npx', 'vitest', 'run', '--root', scratch, ...paths]
  const tool = [join(CHECKOUT, 'scripts/brokers.ts'), 'exec', ...brokers, '--', ...command]
  const node = ['--import', 'tsx', ...tool]
  const { status } = spawnSync(process.execPath, node, { cwd: CHECKOUT, stdio: 'inherit' })
  return status ?? 1
}
