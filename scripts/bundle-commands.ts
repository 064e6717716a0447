/** The last step of `npm run build`: the commands of the package, one file each. Argument: a copy of the checkout to do it in. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { bundleCommands } from './commands/bundle.ts'

const root = resolve(process.argv[2] ?? join(import.meta.dirname, '..'))
for (const { path, contents } of await bundleCommands({ root, library: join(root, 'dist') })) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, contents, { mode: 0o755 })
}
