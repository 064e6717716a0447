/** The tables of docs/mapping.md. */
import { readFileSync } from 'node:fs'

export interface MappingTable {
  /** Of the columns behind the first. */
  readonly heads: string[]
  /** Cells of each row; the first names the field. */
  readonly rows: string[][]
}

/** The first table under a heading that begins so. */
export function mappingTable(heading: string): MappingTable {
  const page = readFileSync('docs/mapping.md', 'utf8')
  const lines = page.slice(page.indexOf(`## ${heading}`)).split('\n')
  const begin = lines.findIndex((line) => line.startsWith('|'))
  const end = lines.findIndex((line, at) => at > begin && !line.startsWith('|'))
  const [heads, , ...rows] = lines.slice(begin, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  return { heads: heads!.slice(1), rows }
}
