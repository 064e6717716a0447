/**
 * How soon a program is at work, and how much there is to install: import of the library, of the adapter and of the bare client library;
 * the first message after the start of a process, confirmed; installed size with all that comes along.
 */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { connect, queue } from '../../src/index.ts'
import { type Given, type Part, type Several, several } from './part.ts'

const run = promisify(execFile)
const TURNS = 10
/** Where the compiled library is, with `node_modules` beside it. */
const COMPILED = resolve(import.meta.dirname, '..', '..')

export interface StartRow {
  readonly what: string
  /** Unit: ms. */
  readonly ms: Several
  readonly cpuMs: Several
}

export interface SizeRow {
  readonly name: string
  readonly packages: number
  readonly files: number
  readonly bytes: number
}

const CLIENTS: Readonly<Record<string, readonly string[]>> = {
  rabbitmq: ['amqplib', 'rabbitmq-client'],
  qpid: ['rhea'],
  redis: ['ioredis'],
  zeromq: ['zeromq'],
  memory: [],
  file: ['lmdb'],
}

export const start: Part = async (given) => {
  const { backend, url } = given
  const place = `sluice-bench-${randomUUID().slice(0, 8)}`
  const node = queue(place)
  const isShared = !['memory', 'file'].includes(backend)
  // Nobody makes the queue of a broker at each start.
  if (isShared) {
    await using connection = await connect(url)
    await connection.admin.declare(node)
  }
  const programs = programsOf(given, place)
  const times = new Map<string, { ms: number; cpuMs: number }[]>(
    Object.keys(programs).map((what) => [what, []]),
  )
  for (let turn = -1; turn < TURNS; turn++) {
    for (const [what, code] of Object.entries(programs)) {
      const time = await timed(code)
      if (turn >= 0) times.get(what)!.push(time)
    }
  }
  if (isShared) {
    await using connection = await connect(url)
    await connection.admin.delete(node)
  }
  const rows = [...times].map(([what, all]): StartRow => {
    const read = (key: 'ms' | 'cpuMs'): Several => several(all.map((one) => one[key]))
    return { what, ms: read('ms'), cpuMs: read('cpuMs') }
  })
  const sizes = CLIENTS[backend]!.map((name) => sizeOf(name, given.checkout))
  if (backend === 'memory') sizes.push(await packed(given.checkout))
  return { rows, sizes }
}

function programsOf({ backend, url, folder }: Given, place: string): Record<string, string> {
  const imports = (path: string): string => `await import(${JSON.stringify(path)})`
  const embedded = backend === 'memory' || backend === 'file'
  const clients = CLIENTS[backend]!
  const adapter = join(COMPILED, 'src', 'adapters', embedded ? 'memory' : backend, 'adapter.js')
  const ours = `const { connect, queue } = ${imports(join(COMPILED, 'src', 'index.js'))}
    const connection = await connect(${JSON.stringify(url)})
    await connection.send(queue(${JSON.stringify(place)}), Buffer.alloc(200))`
  const bare = FIRST_MESSAGE[clients[0] ?? '']
  return {
    'import sluice': imports(join(COMPILED, 'src', 'index.js')),
    'import the adapter': imports(adapter),
    ...Object.fromEntries(clients.map((name) => [`import ${name}`, imports(name)])),
    'first message, sluice': ours,
    ...(bare
      ? {
          [`first message, ${clients[0]}`]: bare(
            JSON.stringify(url),
            JSON.stringify(place),
            JSON.stringify(folder),
          ),
        }
      : {}),
  }
}

/** A first confirmed message as one writes it by hand. */
const FIRST_MESSAGE: Readonly<Record<string, (url: string, place: string, folder: string) => string>> = {
  amqplib: (url, place) => `const { default: amqp } = await import('amqplib')
    const connection = await amqp.connect(${url}.replace(/^rabbitmq/, 'amqp'))
    const channel = await connection.createConfirmChannel()
    await new Promise((done, failed) => channel.sendToQueue(${place}, Buffer.alloc(200), { persistent: true }, (error) => error ? failed(error) : done()))`,
  rhea: (url, place) => `const { default: rhea } = await import('rhea')
    const { hostname, port, username, password } = new URL(${url})
    const connection = rhea.create_container().connect({ host: hostname, port: Number(port), username, password, reconnect: false })
    const sender = connection.open_sender(${place})
    await new Promise((done) => {
      sender.once('sendable', () => sender.send({ durable: true, body: rhea.message.data_section(Buffer.alloc(200)) }))
      sender.once('accepted', done)
    })`,
  ioredis: (url, place) => `const { Redis } = await import('ioredis')
    await new Redis(${url}).xadd(${place} + '-bare', 'MAXLEN', '1', '*', 'body', Buffer.alloc(200))`,
  lmdb: (_url, _place, folder) => `const { open } = await import('lmdb')
    const store = open({ path: ${folder} + '/bare', encoding: 'binary', keyEncoding: 'uint32', overlappingSync: false })
    await store.put(Date.now() % 2 ** 32, Buffer.alloc(200))`,
}

/** Time of a process from its start until `code` is through. */
async function timed(code: string): Promise<{ ms: number; cpuMs: number }> {
  const told = `const { user, system } = process.cpuUsage()
    process.stdout.write(JSON.stringify({ ms: performance.now(), cpuMs: (user + system) / 1000 }), () => process.exit())`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', `${code}\n${told}`], {
    cwd: COMPILED,
  })
  return JSON.parse(stdout)
}

/** A package as it is installed, with the packages it needs. */
function sizeOf(name: string, checkout: string): SizeRow {
  const seen = new Map<string, { files: number; bytes: number }>()
  const visit = (one: string, from: string): void => {
    const folder = folderOf(one, from)
    if (folder === undefined || seen.has(folder)) return
    seen.set(folder, content(folder))
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    for (const next of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }))
      visit(next, folder)
  }
  visit(name, checkout)
  const all = [...seen.values()]
  const sum = (key: 'files' | 'bytes'): number => all.reduce((total, one) => total + one[key], 0)
  return { name, packages: all.length, files: sum('files'), bytes: sum('bytes') }
}

/** Where Node finds a package; `undefined`: it is not installed, as those for other machines. */
function folderOf(name: string, from: string): string | undefined {
  for (let at = from; ; at = dirname(at)) {
    const folder = join(at, 'node_modules', name)
    if (existsSync(join(folder, 'package.json'))) return folder
    if (at === dirname(at)) return undefined
  }
}

/** Without what is installed inside of it, which counts for itself. */
function content(folder: string): { files: number; bytes: number } {
  let [files, bytes] = [0, 0]
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules') continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      const inside = content(path)
      files += inside.files
      bytes += inside.bytes
    } else if (entry.isFile()) {
      files++
      bytes += statSync(path).size
    }
  }
  return { files, bytes }
}

/** This library as it is packed. */
async function packed(checkout: string): Promise<SizeRow> {
  if (!existsSync(join(checkout, 'dist', 'index.js'))) await run('npm', ['run', 'build'], { cwd: checkout })
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: checkout,
    maxBuffer: 1e8,
  })
  const [{ unpackedSize, entryCount }] = JSON.parse(stdout)
  const needed = sizeOf('@standard-schema/spec', checkout)
  return { name: 'sluice', packages: 2, files: entryCount + needed.files, bytes: unpackedSize + needed.bytes }
}
