/**
 * The Redis scripts, from their `.lua` files to the module that is compiled and shipped. A text in a module needs no file beside it, neither in
 * the package nor in a program that a bundler makes of it.
 *
 * A script takes what it uses of `library/`, directly or through one another, and nothing else: the server makes every function of a script
 * anew for every call.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { bare, type Definition, definitionsIn, freeNames } from './chunk.ts'

/** What the server offers to scripts, and the first lines that are written before each (`scriptsFor`). */
const GIVEN = new Set(
  (
    'KEYS ARGV redis struct bit cjson math string table ipairs pairs pcall error tonumber type unpack ' +
    'PREFIX CLUSTER BASES'
  ).split(' '),
)

interface Body {
  readonly name: string
  readonly uses: readonly string[]
  readonly text: string
}

/**
 * @param root the folder with `library/` and a folder for each kind of script
 * @returns the text of the module `texts.ts`
 * @throws Error where a file is no Lua 5.1, a name is nowhere declared, or a definition is used by no script
 */
export function composeScripts(root: string): string {
  const library = new Map<string, Definition>()
  for (const { file, text } of luaFiles(join(root, 'library')))
    for (const definition of definitionsIn(file, text)) {
      if (library.has(definition.name)) throw new Error(`${file}: ${definition.name} is defined twice`)
      library.set(definition.name, { name: definition.name, text: bare(file, definition.text) })
    }
  const bodies = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'library')
    .flatMap(({ name }) => luaFiles(join(root, name)))
    .map(({ file, text }): Body => {
      const uses = usedBy(file, text, library)
      return { name: basename(file, '.lua'), uses, text: bare(file, text) }
    })
  const used = new Set(bodies.flatMap(({ uses }) => uses))
  for (const name of library.keys()) if (!used.has(name)) throw new Error(`no script uses ${name}`)
  return moduleOf([...library.values()], bodies)
}

/** Names of the definitions that a text needs, each behind those that it needs itself. */
function usedBy(file: string, text: string, library: ReadonlyMap<string, Definition>): string[] {
  const found: string[] = []
  const visit = (where: string, lua: string, within: readonly string[]): void => {
    for (const { name, line } of freeNames(where, lua)) {
      const definition = library.get(name)
      if (within.includes(name)) throw new Error(`${name} uses itself by way of ${within.join(', ')}`)
      if (found.includes(name) || GIVEN.has(name)) continue
      if (!definition) throw new Error(`${where}:${line}: ${name} is nowhere declared`)
      visit(name, definition.text, [...within, name])
      found.push(name)
    }
  }
  visit(file, text, [])
  return found
}

function luaFiles(folder: string): { file: string; text: string }[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.lua'))
    .sort()
    .map((name) => ({ file: join(folder, name), text: readFileSync(join(folder, name), 'utf8') }))
}

function moduleOf(definitions: readonly Definition[], bodies: readonly Body[]): string {
  const lines = [
    '/** Written by `npm run redis:scripts` from the .lua files beside this one: change those. `npm run check` compares. */',
    '',
    '/** What scripts share, without comments and indentation. */',
    'export const DEFINITIONS = {',
    ...definitions.map(({ name, text }) => `  ${name}: ${JSON.stringify(text)},`),
    '} as const',
    '',
    '/** The scripts: names of the definitions that go before each, in their order, and its own text. */',
    'export const BODIES = {',
    ...bodies.flatMap(({ name, uses, text }) => [
      `  ${name}: {`,
      `    uses: ${JSON.stringify(uses.join(' '))},`,
      `    lua: ${JSON.stringify(text)},`,
      '  },',
    ]),
    '} as const',
  ]
  return `${lines.join('\n')}\n`
}
