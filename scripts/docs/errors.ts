/** `npm run docs:errors`: writes docs/errors.md. A test compares it. */
import { writeFileSync } from 'node:fs'
import { errorsPage } from './errors-page.ts'

writeFileSync('docs/errors.md', errorsPage())
