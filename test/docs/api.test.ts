/** docs/api, the reference that `npm run docs:api` makes of TSDoc. */
import { readdirSync, readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { type ApiPages, apiPages } from '../../scripts/docs/api-pages.ts'

let api: ApiPages

beforeAll(async () => {
  api = await apiPages()
}, 240_000)

test('the pages are what the entry points say', () => {
  expect(readdirSync('docs/api').sort()).toEqual([...api.pages.keys()].sort())
  for (const [name, text] of api.pages)
    expect(readFileSync(`docs/api/${name}`, 'utf8') === text, `docs/api/${name}: npm run docs:api`).toBe(true)
})

test('every public class and function has an example', () => {
  expect(api.withoutExample).toEqual([])
})
