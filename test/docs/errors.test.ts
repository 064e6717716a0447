import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { errorsPage } from '../../scripts/docs/errors-page.ts'

test('docs/errors.md is what the table of codes says', () => {
  expect(readFileSync('docs/errors.md', 'utf8')).toBe(errorsPage())
})
