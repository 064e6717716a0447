/** Runs one command: reads its arguments, catches signals and errors, decides the exit code. */

import { parseArguments } from './arguments.ts'
import type { Option } from './command.ts'
import { type Command, CommandError, type Context, UsageError } from './command.ts'
import { helpText, usageLine } from './help.ts'
import { Output, OutputClosed } from './output.ts'
import { visibleLines } from './print/terminal-text.ts'

const HELP: Option = { name: 'help', short: 'h', kind: 'flag', help: 'show this help and exit' }

/** How long a closed program may keep the process alive. Unit: ms. */
const LINGER_MS = 2_000

/**
 * Runs the command in this process and sets its exit code: 0 done (also when interrupted, or when the reader of the output
 * went away), 1 failed, 2 wrong usage.
 */
export async function runProgram(program: string, command: Command, argv: readonly string[]): Promise<void> {
  const out = new Output(process.stdout)
  const err = new Output(process.stderr)
  const code = await runCommand(program, command, argv, out, err)
  // A pending write ends the process half way through: everything was flushed above.
  process.exitCode = code
  setTimeout(() => process.exit(code), LINGER_MS).unref()
}

async function runCommand(
  program: string,
  command: Command,
  argv: readonly string[],
  out: Output,
  err: Output,
): Promise<number> {
  const described: Command = { ...command, options: [...command.options, HELP] }
  const stop = new AbortController()
  const interrupted = (): void => {
    if (stop.signal.aborted) process.exit(130)
    stop.abort()
  }
  process.on('SIGINT', interrupted)
  process.on('SIGTERM', interrupted)
  try {
    const args = parseArguments(described.options, argv)
    if (args.flag('help')) {
      await out.line(helpText(program, described).trimEnd())
      return 0
    }
    const context: Context = { command: described, args, out, err, signal: stop.signal }
    const code = await command.run(context)
    await out.flush()
    await err.flush()
    return code ?? 0
  } catch (error) {
    if (error instanceof OutputClosed) return 0
    if (stop.signal.aborted && isAbort(error)) return 0
    await out.flush().catch(() => {})
    return await report(program, described, error, err).catch(() => 1)
  } finally {
    process.off('SIGINT', interrupted)
    process.off('SIGTERM', interrupted)
  }
}

function isAbort(error: unknown): boolean {
  return (
    error instanceof Error && (error.name === 'AbortError' || ('code' in error && error.code === 'ABORTED'))
  )
}

async function report(program: string, command: Command, error: unknown, err: Output): Promise<number> {
  if (error instanceof UsageError) {
    err.push(`${usageLine(program, command)}\n\n${program}: error: ${visibleLines(error.message)}\n`)
    await err.flush()
    return 2
  }
  const lines: string[] = []
  if (error instanceof CommandError) {
    lines.push(`${program}: error: ${error.message}`)
    if (error.hint !== undefined) lines.push(`  ${error.hint}`)
  } else if (isMessagingError(error)) {
    lines.push(`${program}: ${error.code}: ${error.message}`, `  ${error.hint}`)
  } else {
    // No table entry, so it is a defect or a wrong type: the stack helps whoever reports it.
    lines.push(
      `${program}: error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    )
  }
  err.push(`${visibleLines(lines.join('\n'))}\n`)
  await err.flush()
  return 1
}

/** Known by its shape: loading the library for an `instanceof` would slow down every usage error. */
function isMessagingError(error: unknown): error is Error & { code: string; hint: string } {
  return error instanceof Error && error.name === 'MessagingError' && 'code' in error && 'hint' in error
}
