/** Every TypeScript sample of the README and the docs compiles as shown, and the README's first one prints what it says. */
import { execFile } from 'node:child_process'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import ts from 'typescript'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ENTRIES } from '../../scripts/docs/entries.ts'

interface Sample {
  /** Page and line. */
  readonly place: string
  readonly text: string
}

const CHECKOUT = resolve(import.meta.dirname, '../..')
const PAGES = [
  'README.md',
  ...readdirSync(join(CHECKOUT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  // The examples of public classes and functions.
  ...readdirSync(join(CHECKOUT, 'docs/api')).map((name) => `docs/api/${name}`),
  ...readdirSync(join(CHECKOUT, 'src/adapters'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `src/adapters/${name}/README.md`)
    .filter((page) => existsSync(join(CHECKOUT, page))),
]
const samples = PAGES.flatMap(samplesOf)
/** A project of its own, with the packages of this checkout. */
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-samples-'))
  symlinkSync(join(CHECKOUT, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('there are samples to compile', () => {
  expect(samples.map(({ place }) => place)).toContain('README.md:6')
})

test('samples compile as shown', () => {
  const files = samples.map(({ text }, at) => {
    const file = join(folder, `sample-${at}.ts`)
    writeFileSync(file, `${prelude(text)}\n${text}\nexport {}\n`)
    return file
  })
  writeFileSync(join(folder, 'my-adapter.ts'), MY_ADAPTER)
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(CHECKOUT, 'tsconfig.json'), ts.sys.readFile).config,
    ts.sys,
    CHECKOUT,
  )
  const program = ts.createProgram(files, {
    ...options,
    noUnusedLocals: false,
    // A type may be imported by name alone.
    verbatimModuleSyntax: false,
    isolatedModules: false,
    // The sources, by the names a user imports.
    paths: Object.fromEntries([...ENTRIES].map(([file, name]) => [name, [join(CHECKOUT, file)]])),
  })
  const complaints = files.flatMap((file, at) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(file))
      .map((one) => `${samples[at]!.place} ${ts.flattenDiagnosticMessageText(one.messageText, ' ')}`),
  )
  expect(complaints).toEqual([])
}, 180_000)

test('the first sample of the README prints the body it sent', async () => {
  const file = join(folder, 'first.ts')
  const first = samples.find(({ place }) => place.startsWith('README.md'))!
  writeFileSync(file, first.text.replace("'sluice'", `'${join(CHECKOUT, 'src/index.ts')}'`))
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', file], { cwd: CHECKOUT })
  expect(stdout).toBe('7\n')
}, 60_000)

function samplesOf(page: string): Sample[] {
  const lines = readFileSync(join(CHECKOUT, page), 'utf8').split('\n')
  const found: Sample[] = []
  let begun: number | undefined
  for (const [at, line] of lines.entries()) {
    if (begun === undefined && line === '```ts') begun = at
    else if (begun !== undefined && line === '```') {
      found.push({ place: `${page}:${begun + 1}`, text: lines.slice(begun + 1, at).join('\n') })
      begun = undefined
    }
  }
  return found
}

/** What a reader brings along: the types, values and functions that samples speak of without declaring them. */
const GIVEN: Readonly<Record<string, string>> = {
  connection: "declare const connection: import('sluice').Connection",
  Order: 'interface Order { id: number }',
  Alert: 'interface Alert { text: string }',
  Command: 'interface Command { go: string }',
  Story: 'interface Story { title: string }',
  Ask: 'interface Ask { item: string }',
  Price: 'interface Price { cents: number }',
  Note: 'interface Note { text: string }',
  command: 'declare const command: Command',
  ask: 'declare const ask: Ask',
  orders: "declare const orders: import('sluice').QueueAddress<Order>",
  priceOf: 'declare function priceOf(ask: Ask): Promise<Price>',
  work: 'declare function work(order: unknown): Promise<void>',
  show: 'declare function show(message: unknown): void',
  database: 'declare const database: { insertAll(rows: readonly unknown[]): Promise<void> }',
  error: 'declare const error: unknown',
  receiver: "declare const receiver: import('sluice').Receiver<Order>",
  consumer: "declare const consumer: import('sluice').Consumer",
  sender: "declare const sender: import('sluice').Sender<Order>",
  delivery: "declare const delivery: import('sluice').Delivery<Order>",
  bytes: 'declare const bytes: Uint8Array',
  client: "declare const client: import('pg').PoolClient",
  pool: "declare const pool: import('pg').Pool",
  saved: "declare const saved: import('sluice').SavedSend",
  extras: "declare const extras: import('sluice').MessageExtras",
  context: "import { context } from '@opentelemetry/api'",
  tracer: "declare const tracer: import('@opentelemetry/api').Tracer",
  contextOfTheSpan: "declare const contextOfTheSpan: import('@opentelemetry/api').Context",
  trace: 'declare const trace: { wrap(run: (work: () => void) => void): void }',
  myAdapter: "import { myAdapter } from './my-adapter.ts'",
  before: "import { after, before, describe, it } from 'node:test'",
  beforeAll: "import { afterAll, beforeAll, describe, it } from 'vitest'",
}

/** Public names that samples use without their import, by entry point. */
const PUBLIC = new Map(
  readdirSync(join(CHECKOUT, 'docs/api'))
    .filter((page) => page.startsWith('sluice'))
    .flatMap((page) => {
      const entry = page.replace('.md', '').replace('-', '/')
      const text = readFileSync(join(CHECKOUT, 'docs/api', page), 'utf8')
      return [...text.matchAll(/^### (\w+)(?:\(\))?$/gm)].map(([, name]) => [name!, entry] as const)
    })
    // What stands behind several doors comes by the front door.
    .sort(([, one], [, other]) => other.length - one.length),
)

function prelude(text: string): string {
  const declares = (name: string) =>
    new RegExp(
      `\\(${name}\\) =>|\\b(const|let|interface|function|class|using) ${name}\\b|import (type )?\\{[^}]*\\b${name}\\b[^}]*\\}|import \\* as ${name}\\b`,
    ).test(text)
  const speaks = (name: string) => new RegExp(`(?<![\\w'])(?<!(?<!\\.\\.)\\.)${name}\\b(?!:)`).test(text)
  const given = Object.entries(GIVEN).filter(([name]) => speaks(name) && !declares(name))
  const lines = new Set(given.map(([, declaration]) => declaration))
  const needed = (name: string) =>
    given.some(([, declaration]) => new RegExp(`\\b${name}\\b`).test(declaration))
  for (const name of ['Order', 'Ask', 'Price', 'Command'])
    if (needed(name) && !declares(name)) lines.add(GIVEN[name]!)
  for (const [name, entry] of PUBLIC)
    if (speaks(name) && !declares(name)) lines.add(`import { ${name} } from '${entry}'`)
  return [...lines].join('\n')
}

const MY_ADAPTER = `import type { Adapter } from 'sluice/adapter'
export declare const myAdapter: Adapter
`
