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
    // The sources, by the names a user imports.
    paths: {
      sluice: [join(CHECKOUT, 'src/index.ts')],
      'sluice/adapter': [join(CHECKOUT, 'src/contract/adapter.ts')],
      'sluice/hub': [join(CHECKOUT, 'src/hub.ts')],
      'sluice/broker': [join(CHECKOUT, 'src/broker/index.ts')],
      'sluice/conformance': [join(CHECKOUT, 'test/conformance/suite/index.ts')],
    },
  })
  const complaints = files.flatMap((file, at) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(file))
      .map((one) => `${samples[at]!.place} ${ts.flattenDiagnosticMessageText(one.messageText, ' ')}`),
  )
  expect(complaints).toEqual([])
}, 60_000)

test('the first sample of the README prints the body it sent', async () => {
  const file = join(folder, 'first.ts')
  const first = samples.find(({ place }) => place.startsWith('README.md'))!
  writeFileSync(file, first.text.replace("'sluice'", `'${join(CHECKOUT, 'src/index.ts')}'`))
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', file], { cwd: CHECKOUT })
  expect(stdout).toBe('7\n')
}, 30_000)

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
function prelude(text: string): string {
  const given: Record<string, string> = {
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
    priceOf: 'declare function priceOf(ask: Ask): Promise<Price>',
    work: 'declare function work(order: Order): Promise<void>',
    show: 'declare function show(message: unknown): void',
    connect: "import { connect } from 'sluice'",
  }
  const declares = (name: string) =>
    new RegExp(`\\b(const|interface|function|using) ${name}\\b|import \\{[^}]*\\b${name}\\b[^}]*\\}`).test(
      text,
    )
  return Object.entries(given)
    .filter(([name]) => new RegExp(`\\b${name}\\b`).test(text) && !declares(name))
    .map(([, declaration]) => declaration)
    .join('\n')
}

const MY_ADAPTER = `import type { Adapter } from 'sluice/adapter'
export declare const myAdapter: Adapter
`
