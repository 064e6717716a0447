/** The rules of `npm run check:imports`, each shown by an import that breaks it. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const CHECKOUT = resolve(import.meta.dirname, '../..')
const run = promisify(execFile)

/** What others import; empty files. */
const HOUSE = [
  'src/index.ts',
  'src/model/errors.ts',
  'src/model/message.ts',
  'src/contract/adapter.ts',
  'src/core/time/backoff.ts',
  'src/api/send/sender.ts',
  'src/broker/queue/queue.ts',
  'src/adapters/redis/adapter.ts',
]

/** A file, its one line, and the rule that refuses it; `undefined`: it follows the arrows. */
const CASES: readonly (readonly [file: string, line: string, rule: string | undefined])[] = [
  ['src/core/a.ts', `import '../model/errors.ts'`, undefined],
  ['src/contract/a.ts', `import '../model/message.ts'`, undefined],
  ['src/api/receive/a.ts', `import '../send/sender.ts'`, undefined],
  ['src/adapters/rabbitmq/a.ts', `import type { X } from 'amqplib'; await import('amqplib')`, undefined],
  ['src/adapters/memory/a.ts', `import '../../broker/queue/queue.ts'`, undefined],
  ['examples/a.ts', `import '../src/index.ts'`, undefined],
  ['src/model/a.ts', `import '../core/time/backoff.ts'`, 'model'],
  ['src/core/b.ts', `import '../model/message.ts'`, 'core'],
  ['src/core/c.ts', `import type { X } from '../contract/adapter.ts'`, 'core'],
  ['src/contract/b.ts', `import '../core/time/backoff.ts'`, 'contract'],
  ['src/api/link/a.ts', `import '../../adapters/redis/adapter.ts'`, 'api'],
  ['src/broker/queue/a.ts', `await import('../../adapters/redis/adapter.ts')`, 'broker'],
  ['src/adapters/rabbitmq/b.ts', `import '../redis/adapter.ts'`, 'adapter-rabbitmq'],
  ['src/adapters/qpid/a.ts', `import '../../broker/queue/queue.ts'`, 'adapter-qpid'],
  ['src/adapters/redis/a.ts', `import '../../api/send/sender.ts'`, 'adapter-redis'],
  ['src/tools/a.ts', `import '../index.ts'`, undefined],
  ['src/cli/c.ts', `import '../tools/a.ts'`, undefined],
  ['src/console/a.ts', `import '../tools/a.ts'; import 'hono'`, undefined],
  ['src/tools/b.ts', `import '../cli/a.ts'`, 'tools'],
  ['src/console/b.ts', `import '../api/send/sender.ts'`, 'console'],
  ['src/cli/a.ts', `import '../model/errors.ts'`, 'cli'],
  ['examples/b.ts', `import '../src/model/errors.ts'`, 'examples'],
  ['src/adapters/rabbitmq/c.ts', `import { connect } from 'amqplib'`, 'amqplib-at-the-time-of-need'],
  ['src/api/send/a.ts', `type X = import('ioredis').Redis`, 'ioredis-in-its-rooms'],
  ['src/cli/b.ts', `import 'zod'`, 'no-development-package'],
  ['src/utils/a.ts', `import '../index.ts'`, 'no-other-room'],
  ['src/core/d.ts', `import './e.ts'`, 'no-missing-file'],
]

let folder: string
let output: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-imports-'))
  for (const name of ['node_modules', 'package.json', 'tsconfig.json', '.dependency-cruiser.mjs'])
    symlinkSync(join(CHECKOUT, name), join(folder, name))
  for (const file of HOUSE) write(file, 'export {}')
  for (const [file, line] of CASES) write(file, `${line}\nexport {}`)
  write('src/api/x.ts', `import './y.ts'\nexport {}`)
  write('src/api/y.ts', `import './x.ts'\nexport {}`)
  const args = ['depcruise', 'src', 'examples', '--config', '.dependency-cruiser.mjs', '--output-type', 'err']
  output = await run('npx', ['--no-install', ...args], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1' },
  }).then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  )
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.each(CASES)('%s with %s: %s', (file, _, rule) => {
  const said = output.split('\n').filter((line) => line.includes(` ${file} `))
  if (rule === undefined) expect(said).toEqual([])
  else expect(said.join('\n')).toContain(`${rule}: ${file}`)
})

test('files that import each other are refused', () => {
  expect(output).toContain('no-circle: src/api/x.ts')
})

function write(file: string, text: string): void {
  const path = join(folder, file)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${text}\n`)
}
