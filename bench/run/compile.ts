/** Makes JavaScript of the sources, file by file; types are checked elsewhere. */
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import ts from 'typescript'

/** Resolves with the script that measures one part on one backend. */
export async function compile(checkout: string, to: string): Promise<string> {
  await rm(to, { recursive: true, force: true })
  for (const folder of ['src', 'bench']) await transpile(join(checkout, folder), join(to, folder))
  await writeFile(join(to, 'package.json'), await readFile(join(checkout, 'package.json')))
  await symlink(join(checkout, 'node_modules'), join(to, 'node_modules'))
  return join(to, 'bench', 'run', 'one-part.js')
}

async function transpile(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const source = join(entry.parentPath, entry.name)
    const target = join(to, source.slice(from.length))
    await mkdir(dirname(target), { recursive: true })
    const content = await readFile(source)
    if (entry.name.endsWith('.ts'))
      await writeFile(target.replace(/\.ts$/, '.js'), rewritten(content.toString()))
    else await writeFile(target, content)
  }
}

function rewritten(source: string): string {
  return ts.transpileModule(source, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
    },
  }).outputText
}
