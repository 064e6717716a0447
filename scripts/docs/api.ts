/** `npm run docs:api`: writes docs/api. A test compares it. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { apiPages } from './api-pages.ts'

const folder = join(import.meta.dirname, '..', '..', 'docs', 'api')
const { pages, withoutExample } = await apiPages()
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)
for (const [name, text] of pages) writeFileSync(join(folder, name), text)
for (const item of withoutExample) console.error(`without @example: ${item}`)
