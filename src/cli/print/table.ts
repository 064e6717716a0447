/** Tables for people: aligned columns, harmless on a terminal. */
import { visible } from './terminal-text.ts'

export interface Column {
  readonly title: string
  readonly align?: 'right'
}

/** Lines of a table without frames. A cell that is `undefined` is what the broker does not tell. */
export function tableLines(columns: readonly Column[], rows: readonly (readonly unknown[])[]): string[] {
  const texts = rows.map((row) => row.map((cell) => (cell === undefined ? '-' : visible(String(cell)))))
  // Not by arguments of one call: a broker may have more nodes than a call takes.
  const widths = columns.map(({ title }, index) =>
    texts.reduce((widest, row) => Math.max(widest, displayWidth(row[index] ?? '')), displayWidth(title)),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => {
        const gap = ' '.repeat(widths[index]! - displayWidth(cell))
        return columns[index]!.align === 'right' ? gap + cell : cell + gap
      })
      .join('  ')
      .trimEnd()
  return [line(columns.map(({ title }) => title)), ...texts.map(line)]
}

/** Name and value, a line each. */
export function pairLines(pairs: readonly (readonly [name: string, value: unknown])[]): string[] {
  const known = pairs
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [visible(name), visible(String(value))] as const)
  const width = known.reduce((widest, [name]) => Math.max(widest, name.length), 0)
  return known.map(([name, value]) => `${name.padEnd(width)}  ${value}`)
}

/** Columns a text takes on a terminal: East Asian wide characters and emoji take two. */
function displayWidth(text: string): number {
  let width = 0
  for (const character of text) {
    if (/\p{M}/u.test(character)) continue
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(
        character,
      )
        ? 2
        : 1
  }
  return width
}
