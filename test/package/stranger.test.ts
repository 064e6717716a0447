/** The package as a stranger gets it: packed, installed elsewhere, type-checked and run, without any client library. */
import { execFile } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const CHECKOUT = resolve(import.meta.dirname, '../..')
const SHIPPED = [
  'package.json',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
  'tsconfig.json',
  'tsconfig.build.json',
  'tsconfig.suite.json',
  'src',
  'test/conformance/suite',
]
/** What a compiler must be told in any case. */
const DEFAULTS = ['--module', 'nodenext', '--target', 'es2022']
const WITH_NODE = [...DEFAULTS, '--lib', 'es2023,esnext.disposable', '--types', 'node']
const run = promisify(execFile)

interface Manifest {
  readonly bin: Record<string, string>
  readonly exports: Record<string, unknown>
  readonly dependencies: Record<string, string>
  readonly peerDependencies: Record<string, string>
}

const manifest = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')) as Manifest
let scratch: string
/** The stranger's project. */
let project: string
let packed: string[]
/** The program that connects to its argument; compiled once. */
let missing: Promise<string> | undefined

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'sluice-stranger-'))
  const copy = join(scratch, 'copy')
  // Built from a copy: the checkout's dist may be old, or be rebuilt by somebody at this moment.
  mkdirSync(copy)
  for (const name of SHIPPED) cpSync(join(CHECKOUT, name), join(copy, name), { recursive: true })
  symlinkSync(join(CHECKOUT, 'node_modules'), join(copy, 'node_modules'))
  for (const config of ['tsconfig.build.json', 'tsconfig.suite.json']) await tsc(copy, '-p', config)
  const bundle = join(CHECKOUT, 'scripts', 'bundle-commands.ts')
  await run(process.execPath, ['--import', 'tsx', bundle, copy], { cwd: CHECKOUT })
  const tarball = await pack(copy)
  packed = await filesOf(tarball)

  project = join(scratch, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }')
  // The dependencies come from this checkout: the installation needs no network.
  const dependencies = Object.keys(manifest.dependencies).map((name) => join(CHECKOUT, 'node_modules', name))
  const tarballs = [tarball, ...(await Promise.all(dependencies.map(pack)))]
  const args = ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', ...tarballs]
  await run('npm', args, { cwd: project })
  // A stranger has TypeScript and Node's types already.
  for (const name of ['typescript', '@types/node', 'undici-types']) {
    mkdirSync(join(project, 'node_modules', name, '..'), { recursive: true })
    symlinkSync(join(CHECKOUT, 'node_modules', name), join(project, 'node_modules', name))
  }
}, 180_000)

afterAll(() => rmSync(scratch, { recursive: true, force: true }))

test('what is packed is the built library, its entry points and the papers, and nothing else', () => {
  expect(packed).toEqual(
    expect.arrayContaining([
      'package.json',
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
      'dist/index.js',
      'dist/index.d.ts',
    ]),
  )
  expect(packed).toEqual(
    expect.arrayContaining(Object.values(manifest.bin).map((path) => path.replace('./', ''))),
  )
  const foreign = packed.filter(
    (path) =>
      !/^(dist\/.*\.(js|d\.ts)|dist\/cli\/[a-z]+\.cjs|dist\/console\/(LICENSES|page\/(index\.html|app\.css))|package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(
        path,
      ),
  )
  expect(foreign).toEqual([])
})

test('the console takes less than 400 KB of what is installed, and holds the licences of what is in it', () => {
  const folder = join(project, 'node_modules/sluice/dist/console')
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  const size = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)
  expect(size).toBeLessThan(400 * 1024)
  const licences = readFileSync(join(folder, 'LICENSES'), 'utf8')
  for (const name of ['hono', '@hono/node-server', 'preact', '@preact/signals', 'uplot'])
    expect(licences).toMatch(new RegExp(`^${name} \\d`, 'm'))
  // Its own types need no other package.
  for (const file of ['index.d.ts', 'options.d.ts'])
    expect(readFileSync(join(folder, file), 'utf8')).not.toMatch(/^(import|export)\b.* from '(?!\.)/m)
})

test('a console of the installed package serves its page', async () => {
  writeFileSync(
    join(project, 'console.mjs'),
    `import { createConsole } from 'sluice/console'
    const running = await createConsole({ connections: { it: 'memory:' }, log() {} })
    const { origin } = new URL(running.url)
    for (const path of ['/', '/app.js', '/app.css']) {
      const answer = await fetch(origin + path)
      console.log(path, answer.status, answer.headers.get('content-type'), (await answer.text()).length > 100)
    }
    await running.close()
    `,
  )
  expect(await runProgram('console.mjs')).toBe(
    '/ 200 text/html; charset=utf-8 true\n/app.js 200 text/javascript; charset=utf-8 true\n/app.css 200 text/css; charset=utf-8 true\n',
  )
})

/** An optional peer in the stranger's project for the time of one test. */
function linked(name: string): Disposable {
  const place = join(project, 'node_modules', name)
  mkdirSync(dirname(place), { recursive: true })
  symlinkSync(join(CHECKOUT, 'node_modules', name), place)
  return { [Symbol.dispose]: () => rmSync(place) }
}

test('no client library comes along', () => {
  const installed = readdirSync(join(project, 'node_modules'))
  for (const name of Object.keys(manifest.peerDependencies)) expect(installed).not.toContain(name)
})

test('every entry point has types that hold up without skipLibCheck, and can be imported', async () => {
  const entries = Object.keys(manifest.exports).filter((entry) => entry !== './package.json')
  const specifiers = entries.map((entry) => `sluice${entry.slice(1)}`)
  // Whoever imports sluice/opentelemetry has its API.
  using _api = linked('@opentelemetry/api')
  const program = specifiers.map(
    (specifier, at) =>
      `import * as entry${at} from '${specifier}'\nconsole.log('${specifier}', typeof entry${at})\n`,
  )
  const output = await compileAndRun('entries', program.join(''))
  expect(output).toBe(specifiers.map((specifier) => `${specifier} object\n`).join(''))
}, 60_000)

test('the types need no setting of the compiler beyond its own defaults', async () => {
  await compile('defaults', "import { connect } from 'sluice'\nvoid connect\n", DEFAULTS)
}, 60_000)

test('a CommonJS program can require it', async () => {
  writeFileSync(join(project, 'common.cjs'), "console.log(typeof require('sluice').connect)\n")
  expect(await runProgram('common.cjs')).toBe('function\n')
})

test('a typed program sends and receives on memory:, and ends by itself', async () => {
  const output = await compileAndRun(
    'program',
    `import { connect, queue } from 'sluice'

    interface Order {
      id: number
    }
    const orders = queue<Order>('orders')
    const connection = await connect('memory:')
    await connection.send(orders, { id: 7 }, { priority: 5, properties: { from: 'stranger' } })
    // @ts-expect-error an order has a number
    void (() => connection.send(orders, { id: 'seven' }))
    const receiver = await connection.receiver(orders)
    for await (const delivery of receiver) {
      const id: number = delivery.body.id
      console.log(id, delivery.properties.from)
      await delivery.accept()
      break
    }
    await connection.close()
    `,
  )
  expect(output).toBe('7 stranger\n')
}, 60_000)

test.each([
  ['rabbitmq://127.0.0.1', 'amqplib'],
  ['qpid://127.0.0.1', 'rhea'],
  ['redis://127.0.0.1', 'ioredis'],
  ['zmq:tcp://127.0.0.1:5555', 'zeromq'],
  ['file:./data', 'lmdb'],
])(
  '%s without its client library says what to install',
  async (url, library) => {
    missing ??= compile(
      'missing',
      `import { connect, isMessagingError } from 'sluice'
    try {
      await connect(process.argv[2])
    } catch (error) {
      if (!isMessagingError(error)) throw error
      console.log(error.code, error.hint)
    }
    `,
    )
    const output = await runProgram(await missing, url)
    expect(output).toBe(`CLIENT_LIBRARY_MISSING Install it: npm install ${library}\n`)
  },
  60_000,
)

test.each(Object.keys(manifest.bin))(
  'the command %s is installed and explains itself',
  async (name) => {
    const { stdout } = await run(join(project, 'node_modules', '.bin', name), ['--help'], { cwd: project })
    expect(stdout).toMatch(new RegExp(`usage: ${name}`, 'i'))
  },
  60_000,
)

test('options take undefined as «not said» under exactOptionalPropertyTypes', async () => {
  const source = readFileSync(join(CHECKOUT, 'test/types/optional.test-d.ts'), 'utf8')
  await compile('optional', source.replace('../../src/index.ts', 'sluice'), [
    ...WITH_NODE,
    '--exactOptionalPropertyTypes',
  ])
}, 60_000)

test.each(['esm', 'cjs'] as const)(
  'a program that uses memory: is bundled (%s) where no client library is, runs, and says what is missing elsewhere',
  async (format) => {
    const { build } = await import('esbuild')
    const entry = join(project, 'bundled.ts')
    writeFileSync(
      entry,
      `import { connect, queue } from 'sluice'
       async function main() {
         const connection = await connect('memory:')
         await connection.send(queue('q'), 'bundled')
         const delivery = await (await connection.receiver(queue('q'))).receive({ timeoutMs: 1000 })
         await connection.close()
         const codes = []
         for (const url of ['file:./data', 'rabbitmq://localhost', 'qpid://localhost', 'redis://localhost', 'zmq://localhost'])
           codes.push(await connect(url).then(() => 'connected', (error) => error.code))
         console.log(delivery?.body, ...new Set(codes))
       }
       void main()`,
    )
    const name = format === 'esm' ? 'bundled.mjs' : 'bundled.cjs'
    const { errors } = await build({
      entryPoints: [entry],
      outfile: join(project, name),
      bundle: true,
      platform: 'node',
      format,
      logLevel: 'silent',
    })
    expect(errors).toEqual([])
    expect((await runProgram(name)).trim()).toBe('bundled CLIENT_LIBRARY_MISSING')
  },
  60_000,
)

async function compileAndRun(name: string, source: string): Promise<string> {
  return runProgram(await compile(name, source))
}

/** Resolves to the name of the program. */
async function compile(name: string, source: string, settings = WITH_NODE): Promise<string> {
  writeFileSync(join(project, `${name}.ts`), source)
  await tsc(project, '--strict', '--skipLibCheck', 'false', ...settings, `${name}.ts`)
  return `${name}.js`
}

async function runProgram(program: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [program, ...args], { cwd: project, timeout: 20_000 })
  return stdout
}

async function tsc(cwd: string, ...args: string[]): Promise<void> {
  const compiler = join(CHECKOUT, 'node_modules', 'typescript', 'bin', 'tsc')
  await run(process.execPath, [compiler, ...args], { cwd }).catch((error: { stdout: string }) => {
    throw new Error(`The types do not hold up:\n${error.stdout}`)
  })
}

/** Resolves to the path of the tarball. */
async function pack(folder: string): Promise<string> {
  const args = ['pack', folder, '--json', '--ignore-scripts', '--pack-destination', scratch]
  const { stdout } = await run('npm', args, { cwd: scratch })
  return join(scratch, JSON.parse(stdout)[0].filename)
}

async function filesOf(tarball: string): Promise<string[]> {
  const { stdout } = await run('tar', ['-tzf', tarball])
  return stdout
    .trim()
    .split('\n')
    .map((path) => path.replace(/^package\//, ''))
    .sort()
}
