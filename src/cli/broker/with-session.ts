/** A connection for the length of one command: closed on every way out, also on Ctrl-C. */
import { onAbort } from '../../core/aborts.ts'
import type { Context } from '../command/command.ts'
import type { Session, SessionOptions } from './session.ts'
import { traceLines } from './trace-lines.ts'

/** How long a command that was interrupted may take to settle what is open. Unit: ms. */
const INTERRUPTED_CLOSE_MS = 1_000

export async function withSession<T>(
  context: Context,
  options: SessionOptions & {
    /** Close at once on Ctrl-C, so that whatever waits ends; else the work watches the signal by itself. */
    readonly closeOnAbort?: boolean
  },
  work: (session: Session) => Promise<T>,
): Promise<T> {
  // Not needed for help, which is to come at once.
  const { CLOSE_MS, openSession } = await import('./session.ts')
  const { signal } = context
  const session = await openSession(context, options)
  const { connection } = session
  const untrace = traceLines(context)
  const interrupted = (): void => void connection.close({ timeoutMs: INTERRUPTED_CLOSE_MS })
  const off = options.closeOnAbort ? onAbort(signal, interrupted) : () => {}
  try {
    return await work(session)
  } finally {
    off()
    untrace()
    await connection.close({ timeoutMs: signal.aborted ? INTERRUPTED_CLOSE_MS : CLOSE_MS })
  }
}
