/**
 * Reads a command line by the rules of Python's optparse, which the originals of spout and drain use: options anywhere
 * between arguments, `--` ends them, a value may begin with a dash (`-c -1`), a long name may be cut as long as it is unique;
 * what was unique among the originals' options stays so.
 */
import { nearest } from '../../core/options/nearest.ts'
import { UsageError } from './errors.ts'
import type { Option } from './option.ts'

type Value = boolean | string | number | string[]

/** The values of one command line. Reading a name that the command has not declared is a defect, and throws. */
export class Arguments {
  readonly positionals: readonly string[]
  readonly #options: readonly Option[]
  readonly #values: ReadonlyMap<string, Value>

  constructor(
    options: readonly Option[],
    values: ReadonlyMap<string, Value>,
    positionals: readonly string[],
  ) {
    this.#options = options
    this.#values = values
    this.positionals = positionals
  }

  flag(name: string): boolean {
    return this.#get(name, 'flag') === true
  }

  text(name: string): string | undefined {
    return this.#get(name, 'text') as string | undefined
  }

  number(name: string): number | undefined {
    return this.#get(name, 'integer', 'number') as number | undefined
  }

  list(name: string): readonly string[] {
    return (this.#get(name, 'list') as string[] | undefined) ?? []
  }

  /** Whether the user gave it. */
  has(name: string): boolean {
    return this.#values.has(name)
  }

  #get(name: string, ...kinds: Option['kind'][]): Value | undefined {
    const option = this.#options.find((candidate) => candidate.name === name)
    if (!option || !kinds.includes(option.kind)) throw new Error(`undeclared option ${name}`)
    return this.#values.get(name) ?? option.fallback
  }
}

/** @throws UsageError in the words of optparse */
export function parseArguments(options: readonly Option[], argv: readonly string[]): Arguments {
  const values = new Map<string, Value>()
  const positionals: string[] = []
  const rest = [...argv]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      positionals.push(...rest)
      break
    }
    if (word.startsWith('--')) takeLong(options, word, rest, values)
    else if (word.startsWith('-') && word.length > 1) takeShort(options, word, rest, values)
    else positionals.push(word)
  }
  return new Arguments(options, values, positionals)
}

function takeLong(
  options: readonly Option[],
  word: string,
  rest: string[],
  values: Map<string, Value>,
): void {
  const at = word.indexOf('=')
  const given = at < 0 ? word.slice(2) : word.slice(2, at)
  const option = findLong(options, given)
  const attached = at < 0 ? undefined : word.slice(at + 1)
  if (option.kind === 'flag') {
    if (attached !== undefined) throw new UsageError(`--${option.name} option does not take a value`)
    values.set(option.name, true)
    return
  }
  store(option, `--${option.name}`, attached ?? rest.shift(), values)
}

function findLong(options: readonly Option[], given: string): Option {
  const exact = options.find((option) => option.name === given)
  if (exact) return exact
  const fitting = options.filter((option) => option.name.startsWith(given))
  const originals = fitting.filter((option) => option.original)
  const begun = originals.length > 0 ? originals : fitting
  if (begun.length === 1) return begun[0]!
  if (begun.length > 1) {
    throw new UsageError(`ambiguous option: --${given} (${begun.map((o) => `--${o.name}`).join(', ')}?)`)
  }
  const near = nearest(
    given,
    options.map((option) => option.name),
  )
  throw new UsageError(`no such option: --${given}${near === undefined ? '' : ` (did you mean --${near}?)`}`)
}

function takeShort(
  options: readonly Option[],
  word: string,
  rest: string[],
  values: Map<string, Value>,
): void {
  const letters = [...word.slice(1)]
  for (let letter = letters.shift(); letter !== undefined; letter = letters.shift()) {
    const option = options.find((candidate) => candidate.short === letter)
    if (!option) throw new UsageError(`no such option: -${letter}`)
    if (option.kind === 'flag') {
      values.set(option.name, true)
      continue
    }
    store(option, `-${letter}`, letters.length > 0 ? letters.join('') : rest.shift(), values)
    return
  }
}

function store(option: Option, as: string, text: string | undefined, values: Map<string, Value>): void {
  if (text === undefined) throw new UsageError(`${as} option requires 1 argument`)
  switch (option.kind) {
    case 'list': {
      const list = values.get(option.name)
      if (Array.isArray(list)) list.push(text)
      else values.set(option.name, [text])
      return
    }
    case 'integer':
      if (!/^\s*[+-]?(\d+|0x[\da-f]+)\s*$/i.test(text)) {
        throw new UsageError(`option ${as}: invalid integer value: '${text}'`)
      }
      storeNumber(option, as, Number(text.trim().replace(/^\+/, '')), values)
      return
    case 'number': {
      const value = Number(text)
      if (text.trim() === '' || Number.isNaN(value)) {
        throw new UsageError(`option ${as}: invalid floating-point value: '${text}'`)
      }
      storeNumber(option, as, value, values)
      return
    }
    default:
      if (option.choices && !option.choices.includes(text)) {
        const list = option.choices.map((choice) => `'${choice}'`).join(', ')
        throw new UsageError(`option ${as}: invalid choice: '${text}' (choose from ${list})`)
      }
      values.set(option.name, text)
  }
}

function storeNumber(option: Option, as: string, value: number, values: Map<string, Value>): void {
  if (value < (option.least ?? -Infinity)) throw new UsageError(`option ${as}: less than ${option.least}`)
  values.set(option.name, value)
}
