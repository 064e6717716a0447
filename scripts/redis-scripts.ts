/** `npm run redis:scripts`: writes the module of the Redis scripts. With `--check` it only compares, as `npm run check` does. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { composeScripts } from './lua/compose.ts'

const root = join(import.meta.dirname, '..', 'src', 'adapters', 'redis', 'scripts')
const file = join(root, 'texts.ts')
const text = composeScripts(root)
if (!process.argv.includes('--check')) writeFileSync(file, text)
else if (readFileSync(file, 'utf8') !== text) {
  console.error('src/adapters/redis/scripts/texts.ts is not what the .lua files say: npm run redis:scripts')
  process.exitCode = 1
}
