/** Waiting for a connection that was lost. */
import type { Connection } from '../../index.ts'

/** Resolves when it is there again, closed for good, or the signal aborts. */
export async function connectionIsBack(connection: Connection, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      for (const off of offs) off()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const offs = [connection.on('reconnected', done), connection.on('closed', done)]
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}
