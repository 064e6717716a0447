/** What `npm run redis:scripts` makes of the .lua files, and what it refuses. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { freeNames } from '../../scripts/lua/chunk.ts'
import { composeScripts } from '../../scripts/lua/compose.ts'
import { scriptsFor } from '../../src/adapters/redis/scripts/index.ts'

const ROOT = join(import.meta.dirname, '../../src/adapters/redis/scripts')
const scratch: string[] = []

afterEach(() => {
  for (const folder of scratch.splice(0)) rmSync(folder, { recursive: true })
})

/** A copy of the scripts with some files written anew. */
function withFiles(files: Record<string, string>): string {
  const copy = mkdtempSync(join(tmpdir(), 'sluice-lua-'))
  scratch.push(copy)
  cpSync(ROOT, copy, { recursive: true })
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(copy, name)), { recursive: true })
    writeFileSync(join(copy, name), text)
  }
  return copy
}

test('the module that is shipped is what the .lua files say', () => {
  expect(readFileSync(join(ROOT, 'texts.ts'), 'utf8')).toBe(composeScripts(ROOT))
})

test('a script as it is sent declares all it uses before it uses it', () => {
  const server = ['redis', 'struct', 'bit', 'cjson', 'math', 'string', 'table', 'KEYS', 'ARGV']
  const language = ['ipairs', 'pairs', 'pcall', 'error', 'tonumber', 'type', 'unpack']
  for (const { name, lua } of Object.values(scriptsFor({ prefix: 'sluice', cluster: true, flags: false }))) {
    const names = freeNames(name, lua).map((free) => free.name)
    expect(names.filter((free) => !server.includes(free) && !language.includes(free))).toEqual([])
    // A definition behind its use would be a global name there.
    expect(lua).not.toMatch(/^\s|--/m)
  }
})

test.each([
  [
    'what is no Lua',
    { 'sending/odd.lua': "local base = KEYS[1\nreturn call('GET', base)" },
    /odd\.lua.*\[2:0\]/,
  ],
  [
    'a name that is nowhere declared',
    { 'sending/odd.lua': 'local n = 1\nreturn misspelt(n)' },
    /odd\.lua:2: misspelt is nowhere declared/,
  ],
  [
    'a global variable',
    { 'sending/odd.lua': 'count = 1\nreturn 1' },
    /odd\.lua:1: count is nowhere declared/,
  ],
  ['a definition without use', { 'library/odd.lua': 'local function idle() end' }, /no script uses idle/],
  ['a definition that is there already', { 'library/odd.lua': 'local BAND = 1' }, /BAND is defined twice/],
  [
    'a library that does something',
    { 'library/odd.lua': "redis.call('PING')" },
    /odd\.lua:1: a library file/,
  ],
  [
    'definitions that use each other',
    {
      'library/odd.lua': 'local function one() return two() end\nlocal function two() return one() end',
      'sending/odd.lua': 'return one()',
    },
    /one uses itself/,
  ],
])('refused with its place: %s', (_what, files, message) => {
  expect(() => composeScripts(withFiles(files))).toThrow(message)
})
