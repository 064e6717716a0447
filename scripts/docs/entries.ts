/** The entry points of the package, by what `package.json` says of them. */
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

const path = join(import.meta.dirname, '..', '..', 'package.json')
const manifest = JSON.parse(readFileSync(path, 'utf8')) as {
  exports: Record<string, { types: string } | string>
}

/** Names as programs import them, by their source file. */
export const ENTRIES = new Map(
  Object.entries(manifest.exports).flatMap(([entry, target]) =>
    typeof target === 'string' ? [] : [[sourceOf(target.types), `sluice${entry.slice(1)}`] as const],
  ),
)

function sourceOf(types: string): string {
  const path = types.replace('./dist/', '').replace('.d.ts', '.ts')
  return path.startsWith('conformance/') ? `test/conformance/suite/${basename(path)}` : `src/${path}`
}
