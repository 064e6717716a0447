/** What a command of the command line is: a value, so that help, completion and the runner read the same description. */
import type { Readable } from 'node:stream'
import type { Output } from '../print/output.ts'
import type { Arguments } from './arguments.ts'
import type { Option } from './option.ts'

export type Example = readonly [line: string, what: string]

export interface Command {
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
