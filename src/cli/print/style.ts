/** Colour, on a terminal only, and not where the user said `NO_COLOR`. */
import type { Output } from './output.ts'

export interface Style {
  bold(text: string): string
  dim(text: string): string
  green(text: string): string
  red(text: string): string
  yellow(text: string): string
}

export function styleFor(out: Output): Style {
  const coloured = out.isTerminal && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
  const paint = (code: number) => (text: string) => (coloured ? `\x1b[${code}m${text}\x1b[0m` : text)
  return { bold: paint(1), dim: paint(2), green: paint(32), red: paint(31), yellow: paint(33) }
}
