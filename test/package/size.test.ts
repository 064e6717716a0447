/** What a program loads that imports the library, and how large that is: bounds with room, so that growth is seen and decided. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { beforeAll, expect, test } from 'vitest'

const CHECKOUT = resolve(import.meta.dirname, '../..')
const ENTRY = 'src/index.ts'
/** A quarter more than it is. Unit: bytes, without comments and blanks. */
const MOST_BYTES = 450_000
const MOST_ADAPTER_BYTES = 310_000

let meta: Metafile

/** Each entry, with what it imports at once and what only later. */
beforeAll(async () => {
  const adapters = ['rabbitmq', 'qpid', 'redis', 'zeromq', 'memory'].map(
    (name) => `src/adapters/${name}/adapter.ts`,
  )
  const result = await build({
    absWorkingDir: CHECKOUT,
    entryPoints: [ENTRY, ...adapters],
    bundle: true,
    splitting: true,
    minifyWhitespace: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    outdir: '.scratch',
    write: false,
    metafile: true,
  })
  meta = result.metafile
})

/** What is loaded with an entry, without what it imports later. */
function loadedWith(entry: string): { bytes: number; packages: string[] } {
  const first = Object.keys(meta.outputs).find((path) => meta.outputs[path]!.entryPoint === entry)!
  const outputs = new Set([first])
  const packages = new Set<string>()
  for (const path of outputs) {
    for (const { path: imported, kind, external } of meta.outputs[path]!.imports) {
      if (kind !== 'import-statement') continue
      if (!external) outputs.add(imported)
      else if (!imported.startsWith('node:')) packages.add(imported)
    }
  }
  const bytes = [...outputs].reduce((sum, path) => sum + meta.outputs[path]!.bytes, 0)
  return { bytes, packages: [...packages] }
}

test('importing the library loads no package and stays within its bound', () => {
  const { bytes, packages } = loadedWith(ENTRY)
  expect(packages).toEqual([])
  expect(bytes).toBeGreaterThan(10_000)
  expect(bytes).toBeLessThan(MOST_BYTES)
})

test.each(['rabbitmq', 'qpid', 'redis', 'zeromq', 'memory'])(
  'the adapter %s loads its client library when it connects, and stays within its bound',
  (name) => {
    const { bytes, packages } = loadedWith(`src/adapters/${name}/adapter.ts`)
    expect(packages).toEqual([])
    expect(bytes).toBeLessThan(MOST_ADAPTER_BYTES)
  },
)

test('no package comes along with the library but the types of standard schemas', () => {
  const { dependencies } = JSON.parse(readFileSync(resolve(CHECKOUT, 'package.json'), 'utf8'))
  expect(Object.keys(dependencies)).toEqual(['@standard-schema/spec'])
})
