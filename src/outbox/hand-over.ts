/** Rows of one place on their way to the broker, in their order. */
import { onAbort } from '../core/aborts.ts'
import { KeptOpen } from '../core/kept-open.ts'
import { type Connection, isMessagingError, MessagingError, restoredSend, type Sender } from '../index.ts'
import type { Row } from './table.ts'

/** What became of the rows of a place. */
export interface HandedOver {
  /** Positions that the broker has. */
  readonly done: string[]
  /** Rows that can never be sent. */
  readonly asides: { readonly row: Row; readonly error: MessagingError }[]
  /** Why the rest stays for now. */
  held: MessagingError | undefined
}

/** Senders kept open. */
const MAX_SENDERS = 64

/** Errors that are about this program or its connection, whatever they say of another try. */
const OF_THE_CONNECTION: readonly string[] = [
  'CLOSED',
  'ABORTED',
  'CONNECTION_LOST',
  'CONNECT_FAILED',
  'UNAUTHENTICATED',
  'DETACHED',
]

export class HandOver {
  readonly #connection: Connection
  readonly #timeoutMs: number
  readonly #senders = new KeptOpen<Sender>(MAX_SENDERS, (sender) => sender.close())

  constructor(connection: Connection, timeoutMs: number) {
    this.#connection = connection
    this.#timeoutMs = timeoutMs
  }

  /**
   * Hands the rows on, many at a time. Behind one that is refused for now nothing more is begun, so that it does not come behind its successors.
   *
   * @param careful the place refused its messages before: the first one goes alone
   */
  async place(rows: readonly Row[], careful: boolean, signal: AbortSignal): Promise<HandedOver> {
    const handed: HandedOver = { done: [], asides: [], held: undefined }
    const runs = runsOfOneTarget(rows)
    if (careful && runs[0]!.length > 1) runs.splice(0, 1, runs[0]!.slice(0, 1), runs[0]!.slice(1))
    for (const run of runs) {
      if (handed.held) break
      await this.#run(run, handed, signal)
    }
    return handed
  }

  close(): Promise<void> {
    return this.#senders.close()
  }

  async #run(run: readonly Row[], handed: HandedOver, signal: AbortSignal): Promise<void> {
    const rest = new AbortController()
    const off = onAbort(signal, () => rest.abort(signal.reason))
    try {
      await this.#sendAll(run, handed, rest)
    } finally {
      off()
    }
  }

  /** `rest`: ends what has not been refused and is under way still. */
  async #sendAll(run: readonly Row[], handed: HandedOver, rest: AbortController): Promise<void> {
    const { signal } = rest
    const refused = (row: Row, error: unknown): void => {
      if (isFinal(error)) handed.asides.push({ row, error })
      else {
        handed.held ??= asProblem(error)
        rest.abort()
      }
    }
    let sender: Sender
    try {
      sender = await this.#sender(run[0]!.target, signal)
    } catch (error) {
      for (const row of run) refused(row, error)
      return
    }
    await Promise.all(
      run.map(async (row) => {
        try {
          const { message, delayMs } = restoredSend(row)
          await sender.forward(message, { delayMs, timeoutMs: this.#timeoutMs, signal })
          handed.done.push(row.position)
        } catch (error) {
          refused(row, error)
        }
      }),
    )
  }

  #sender(target: string, signal: AbortSignal): Promise<Sender> {
    return this.#senders.get(target, () => {
      const opening = this.#opened(target, signal)
      // One that ended for good (its node was deleted, say) is of no use to the next run. Asked once: a relay makes runs for months.
      const forget = (): void => this.#senders.forget(target, opening)
      opening.then((sender) => sender.closed).then(forget, forget)
      return opening
    })
  }

  async #opened(target: string, signal: AbortSignal): Promise<Sender> {
    const { target: address } = restoredSend({ target, fields: '{}', body: NOTHING })
    return this.#connection.sender(address, { timeoutMs: this.#timeoutMs, signal })
  }
}

const NOTHING = new Uint8Array(0)

/** Rows of one place may have been written with different options, or for different members: each run has a sender of its own. */
function runsOfOneTarget(rows: readonly Row[]): Row[][] {
  const runs: Row[][] = []
  for (const row of rows) {
    const last = runs.at(-1)
    if (last !== undefined && last[0]!.target === row.target) last.push(row)
    else runs.push([row])
  }
  return runs
}

/** No later try can succeed. */
function isFinal(error: unknown): error is MessagingError {
  return isMessagingError(error) && !error.retryable && !OF_THE_CONNECTION.includes(error.code)
}

function asProblem(error: unknown): MessagingError {
  if (isMessagingError(error)) return error
  return new MessagingError('INTERNAL', error instanceof Error ? error.message : String(error), {
    cause: error,
  })
}
