/** Runs one command: reads its arguments, catches signals and errors, decides the exit code. */
import type { Readable, Writable } from 'node:stream'
import { Output, OutputClosed } from '../print/output.ts'
import { visible, visibleLines } from '../print/terminal-text.ts'
import { parseArguments } from './arguments.ts'
import type { Command } from './command.ts'
import { CommandError, UsageError } from './errors.ts'
import { HELP, helpText, usageLine } from './help.ts'

/** Read when it is used: a command that reads nothing leaves the standard input alone. */
const PROCESS: Streams = {
  get input() {
    return process.stdin
  },
  out: process.stdout,
  err: process.stderr,
}

/** How long a closed program may keep the process alive. Unit: ms. */
const LINGER_MS = 2_000

/** What a command reads and writes. */
export interface Streams {
  readonly input: Readable
  readonly out: Writable & { readonly isTTY?: boolean; readonly columns?: number }
  readonly err: Writable & { readonly isTTY?: boolean; readonly columns?: number }
}

/**
 * Runs the command as this process and sets its exit code: 0 done (also when interrupted, or when the reader of the output
 * went away), 1 failed, 2 wrong usage. A second signal ends it at once.
 */
export async function runProgram(program: string, command: Command, argv: readonly string[]): Promise<void> {
  const stop = new AbortController()
  const interrupted = (): void => {
    if (stop.signal.aborted) process.exit(130)
    stop.abort()
  }
  process.on('SIGINT', interrupted)
  process.on('SIGTERM', interrupted)
  const code = await execute(program, command, argv, PROCESS, stop.signal)
  process.off('SIGINT', interrupted)
  process.off('SIGTERM', interrupted)
  // A pending write ends the process half way through: everything was flushed above.
  process.exitCode = code
  setTimeout(() => process.exit(code), LINGER_MS).unref()
}

/** Runs the command on these streams and resolves to its exit code; never rejects. */
export async function execute(
  program: string,
  command: Command,
  argv: readonly string[],
  streams: Streams,
  signal: AbortSignal,
): Promise<number> {
  const described: Command = { ...command, options: [...command.options, HELP] }
  const out = new Output(streams.out)
  const err = new Output(streams.err)
  try {
    const args = parseArguments(described.options, argv)
    if (args.flag('help')) {
      await out.line(helpText(program, described).trimEnd())
      return 0
    }
    const code = await command.run({ command: described, args, out, err, signal, input: () => streams.input })
    await out.flush()
    await err.flush()
    return code ?? 0
  } catch (error) {
    if (error instanceof OutputClosed) return 0
    if (signal.aborted && isAbort(error)) return 0
    await out.flush().catch(() => {})
    return await report(program, described, error, err).catch(() => 1)
  }
}

function isAbort(error: unknown): boolean {
  return (
    error instanceof Error && (error.name === 'AbortError' || ('code' in error && error.code === 'ABORTED'))
  )
}

async function report(program: string, command: Command, error: unknown, err: Output): Promise<number> {
  if (error instanceof UsageError) {
    err.push(`${usageLine(program, command)}\n\n${program}: error: ${visible(error.message)}\n`)
    await err.flush()
    return 2
  }
  const lines: string[] = []
  // A stranger's text may be in a message: it gets one line, whatever it holds.
  const oneLine = (text: string): string => visible(text.trim())
  if (error instanceof CommandError) {
    lines.push(`${program}: error: ${oneLine(error.message)}`)
    if (error.hint !== undefined) lines.push(`  ${oneLine(error.hint)}`)
  } else if (isMessagingError(error)) {
    lines.push(`${program}: ${error.code}: ${oneLine(error.message)}`, `  ${oneLine(error.hint)}`)
  } else {
    // No table entry, so it is a defect or a wrong type: the stack helps whoever reports it.
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    lines.push(`${program}: error: ${visibleLines(text)}`)
  }
  err.push(`${lines.join('\n')}\n`)
  await err.flush()
  return 1
}

/** Known by its shape: loading the library for an `instanceof` would slow down every usage error. */
function isMessagingError(error: unknown): error is Error & { code: string; hint: string } {
  return error instanceof Error && error.name === 'MessagingError' && 'code' in error && 'hint' in error
}
