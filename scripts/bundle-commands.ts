/** The last step of `npm run build`: the commands of the package, one file each, and the console. Argument: a copy of the checkout to do it in. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { bundleCommands } from './commands/bundle.ts'
import { bundleConsole } from './console/bundle.ts'

const root = resolve(process.argv[2] ?? join(import.meta.dirname, '..'))
const request = { root, library: join(root, 'dist') }
for (const { path, contents } of await bundleCommands(request)) write(path, contents, 0o755)
for (const { path, contents } of await bundleConsole(request)) write(path, contents, 0o644)

function write(path: string, contents: string | Uint8Array, mode: number): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, contents, { mode })
}
