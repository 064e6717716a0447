/**
 * Makes `dist/console`: the server in one file with all it needs but the library, its types, the page, and the licences of the packages
 * that are in them. Users install nothing for it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'
import ts from 'typescript'
import { buildPage } from './page.ts'

export interface ConsoleRequest {
  /** The checkout, or a copy of it. */
  readonly root: string
  /** Folder of the library as JavaScript; the console goes to its `console/`. */
  readonly library: string
}

export interface MadeFile {
  readonly path: string
  readonly contents: string | Uint8Array
}

/** The files to write. @throws when something does not build; the messages are on stderr */
export async function bundleConsole({ root, library }: ConsoleRequest): Promise<MadeFile[]> {
  const folder = join(library, 'console')
  const { outputFiles, metafile } = await build({
    entryPoints: [join(root, 'src', 'console', 'index.ts')],
    outfile: join(folder, 'index.js'),
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    legalComments: 'none',
    logLevel: 'warning',
    absWorkingDir: root,
    plugins: [libraryStaysOutside(join(root, 'src'))],
  })
  const page = await buildPage(root)
  return [
    { path: join(folder, 'index.js'), contents: outputFiles[0]!.contents },
    ...['index.ts', 'options.ts'].map((name) => ({
      path: join(folder, name.replace('.ts', '.d.ts')),
      contents: declarations(join(root, 'src', 'console', name)),
    })),
    ...Object.entries(page.files).map(([name, contents]) => ({ path: join(folder, 'page', name), contents })),
    { path: join(folder, 'LICENSES'), contents: licences(root, [metafile, ...page.metafiles]) },
  ]
}

/** The library's own entries are loaded from the package, beside the bundle: one library in a program. */
function libraryStaysOutside(sources: string): Plugin {
  const entries = new Map([[join(sources, 'index.ts'), '../index.js']])
  return {
    name: 'library-stays-outside',
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
        const entry = entries.get(resolve(resolveDir, path))
        return entry === undefined ? undefined : { path: entry, external: true }
      })
    },
  }
}

/** Of a file whose exports all say their types. */
function declarations(file: string): string {
  const { outputText, diagnostics = [] } = ts.transpileDeclaration(readFileSync(file, 'utf8'), {
    fileName: file,
    reportDiagnostics: true,
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.NodeNext },
  })
  if (diagnostics.length > 0)
    throw new Error(`${file}: ${ts.flattenDiagnosticMessageText(diagnostics[0]!.messageText, '\n')}`)
  return outputText.replace(/(from '\.[^']*)\.ts'/g, "$1.js'")
}

function licences(root: string, metafiles: readonly Metafile[]): string {
  const names = new Set<string>()
  for (const { inputs } of metafiles)
    for (const path of Object.keys(inputs)) {
      const name = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*\/node_modules\/)/.exec(path)?.[1]
      if (name !== undefined) names.add(name)
    }
  const parts = [...names].sort().map((name) => licence(join(root, 'node_modules', name)))
  return `The console of this package holds code of these packages.\n\n${parts.join('\n')}`
}

/** @throws when a package says no licence: then it must not be shipped */
function licence(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = existsSync(folder) && readdirSync(folder).find((entry) => /^licen[cs]e(?:\.|$)/i.test(entry))
  if (!file && license === undefined) throw new Error(`${name} has no licence`)
  const text = file ? readFileSync(join(folder, file), 'utf8').trim() : `Licence: ${license}`
  return `${'-'.repeat(72)}\n${name} ${version} (${license})\n\n${text}\n`
}
