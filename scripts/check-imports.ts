/** Holds the import arrows of the house; part of `npm run check`. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { checkImports } from './imports/check.ts'

const FOLDERS = ['src', 'examples', 'bench']

const files = new Map<string, string>()
for (const folder of FOLDERS.filter((each) => existsSync(each))) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.m?ts$/.test(entry.name)) continue
    const path = join(entry.parentPath, entry.name)
    files.set(path.split(sep).join('/'), readFileSync(path, 'utf8'))
  }
}
const violations = checkImports(files)
for (const line of violations) console.error(line)
if (files.size === 0) console.error('No files found: run this in the root of the checkout')
console.log(
  `${files.size} files, ${violations.length} import${violations.length === 1 ? '' : 's'} against the rules`,
)
process.exitCode = violations.length > 0 || files.size === 0 ? 1 : 0
