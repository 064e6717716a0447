/** What a command of the command line is: a value, so that help, completion and the runner read the same description. */
import type { Readable } from 'node:stream'
import type { Arguments } from './arguments.ts'
import type { Output } from './output.ts'

/** An option in the manner of Python's optparse: `-c 5`, `-c5`, `--count 5`, `--count=5`, unique beginnings of long names. */
export interface Option {
  /** Long name without dashes; the key of its value. */
  readonly name: string
  /** One letter. */
  readonly short?: string
  readonly kind: 'flag' | 'text' | 'integer' | 'number' | 'list'
  /** What stands for the value in the help. Default: the name in capitals. */
  readonly metavar?: string
  readonly help: string
  /** Text and numbers only; shown in the help. */
  readonly fallback?: string | number
  /** One of the Python original: goes before ours when a cut long name fits several. */
  readonly original?: true
  /** Values a `text` option may have. */
  readonly choices?: readonly string[]
}

export interface Example {
  readonly line: string
  readonly what: string
}

export interface Command {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** What follows the command's name. */
  readonly usage: string
  readonly description: string
  readonly options: readonly Option[]
  readonly examples: readonly Example[]
  /** Resolves to the exit code; nothing means 0. What it throws is printed on stderr and ends with 1, a `UsageError` with 2. */
  run(context: Context): Promise<number | undefined>
}

/** What a running command has to do with. */
export interface Context {
  readonly command: Command
  readonly args: Arguments
  /** The standard input. */
  readonly input: () => Readable
  readonly out: Output
  /** For people: errors, progress, reports. */
  readonly err: Output
  /** Aborts on the first SIGINT or SIGTERM; the command then closes what it opened and ends with 0. */
  readonly signal: AbortSignal
}

/** The command line was wrong: shown with the usage, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Something failed that is no MessagingError: shown without a stack, exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly hint: string | undefined

  constructor(message: string, hint?: string) {
    super(message)
    this.hint = hint
  }
}
