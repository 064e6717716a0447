/** One piece of Lua, parsed: what it defines, which names it takes from elsewhere, and its text without what only people read. */
import luaparse from 'luaparse'

export interface Definition {
  readonly name: string
  readonly text: string
}

export interface FreeName {
  readonly name: string
  /** First line of its use; the first line of the text is 1. */
  readonly line: number
}

/** @throws Error with file and place, where this is not Lua 5.1 */
function parse(file: string, text: string): luaparse.Chunk {
  try {
    return luaparse.parse(text, {
      luaVersion: '5.1',
      ranges: true,
      locations: true,
      scope: true,
      comments: true,
    })
  } catch (cause) {
    throw new Error(`${file}: ${(cause as Error).message}`, { cause })
  }
}

/** Names that a text uses and does not declare, in the order of their first use. */
export function freeNames(file: string, text: string): FreeName[] {
  return parse(file, text).globals.map(({ name, loc }) => ({ name, line: loc.start.line }))
}

/** What the statements of a library file define: each is one local function or one local value. */
export function definitionsIn(file: string, text: string): Definition[] {
  return parse(file, text).body.map((statement) => {
    const names = statement.identifier ? [statement.identifier] : (statement.variables ?? [])
    if (statement.isLocal === false || names.length !== 1)
      throw new Error(
        `${file}:${statement.loc.start.line}: a library file holds local functions and single local values only`,
      )
    return { name: names[0]!.name, text: text.slice(...statement.range) }
  })
}

/** Without comments, indentation and blank lines: the server needs none of them. */
export function bare(file: string, text: string): string {
  let kept = ''
  let at = 0
  for (const { range } of parse(file, text).comments) {
    kept += text.slice(at, range[0])
    at = range[1]
  }
  const lines = (kept + text.slice(at)).split('\n').map((line) => line.trim())
  return lines.filter((line) => line !== '').join('\n')
}
