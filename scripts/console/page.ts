/** Makes the console's page: one script, one style sheet and the document that names them. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build, type Metafile } from 'esbuild'

/** Name of a file of the page, and what it holds. */
export type PageFiles = Readonly<Record<'index.html' | 'app.js' | 'app.css', Uint8Array>>

export interface Page {
  readonly files: PageFiles
  /** What they were made of. */
  readonly metafiles: readonly Metafile[]
}

/** @param root the checkout, or a copy of it. @throws when the page does not build; the messages are on stderr */
export async function buildPage(root: string): Promise<Page> {
  const folder = join(root, 'src', 'console', 'page')
  const script = await build({
    entryPoints: { app: join(folder, 'main.tsx') },
    outdir: folder,
    bundle: true,
    write: false,
    metafile: true,
    absWorkingDir: root,
    minify: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    define: { 'process.env.NODE_ENV': '"production"' },
    legalComments: 'none',
    logLevel: 'warning',
  })
  const style = await build({
    entryPoints: { app: join(folder, 'page.css') },
    outdir: folder,
    bundle: true,
    write: false,
    metafile: true,
    absWorkingDir: root,
    minify: true,
    logLevel: 'warning',
  })
  const files = {
    'index.html': await readFile(join(folder, 'index.html')),
    'app.js': script.outputFiles[0]!.contents,
    'app.css': style.outputFiles[0]!.contents,
  }
  return { files, metafiles: [script.metafile, style.metafile] }
}
