/** Help texts, made from the description of a command. */
import type { Command } from './command.ts'
import { flag, type Option } from './option.ts'

export const HELP: Option = flag('-h, --help', 'show this help and exit')

const WIDTH = 100
const COLUMN = 30

/** `usage: spout [options] ADDRESS [ CONTENT ... ]` */
export function usageLine(program: string, command: Command): string {
  return `Usage: ${program} ${command.usage}`.trimEnd()
}

export function helpText(program: string, command: Command): string {
  const parts = [usageLine(program, command), '', ...wrap(command.description, WIDTH), '', 'Options:']
  for (const option of command.options) parts.push(...optionLines(option))
  if (command.examples.length > 0) {
    parts.push('', 'Examples:')
    for (const [line, what] of command.examples)
      parts.push(`  ${line}`, ...wrap(what, WIDTH - 6).map((text) => `      ${text}`))
  }
  return `${parts.join('\n')}\n`
}

function optionLines(option: Option): string[] {
  const { metavar = '' } = option
  const long = `--${option.name}${metavar === '' ? '' : `=${metavar}`}`
  const left = `  ${option.short === undefined ? '' : `-${option.short}${metavar === '' ? '' : ` ${metavar}`}, `}${long}`
  const notes = [
    ...(option.choices ? [`one of ${option.choices.join(', ')}`] : []),
    ...(option.fallback === undefined ? [] : [`default ${option.fallback}`]),
  ]
  const text = notes.length > 0 ? `${option.help} (${notes.join('; ')})` : option.help
  const right = wrap(text, WIDTH - COLUMN)
  const pad = ' '.repeat(COLUMN)
  if (left.length >= COLUMN - 1) return [left, ...right.map((line) => pad + line)]
  return [left.padEnd(COLUMN) + right[0]!, ...right.slice(1).map((line) => pad + line)]
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const paragraph of text.split('\n')) {
    let line = ''
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line)
        line = word
      } else line = line === '' ? word : `${line} ${word}`
    }
    lines.push(line)
  }
  return lines
}
