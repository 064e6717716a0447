/** A child process that uses the library for itself, steered from a case over the channel to its parent. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { type ConnectOptions, type ErrorCode, MessagingError } from 'sluice'
import type { CaseContext } from './context.ts'

/** What a child can be told to do. */
export type Order =
  | { readonly do: 'connect'; readonly options: ConnectOptions }
  | { readonly do: 'send'; readonly queue: string; readonly bodies: readonly unknown[] }
  | { readonly do: 'receive'; readonly queue: string; readonly count: number }
  /** Receives and keeps the deliveries unsettled. */
  | { readonly do: 'hold'; readonly queue: string; readonly count: number }
  | { readonly do: 'respond'; readonly service: string }
  | { readonly do: 'broadcast'; readonly broadcast: string; readonly body: unknown }
  /** Sends without awaiting, closes the connection and does nothing more. */
  | { readonly do: 'leave'; readonly queue: string; readonly bodies: readonly unknown[] }

export interface Reply {
  readonly result?: unknown
  readonly error?: { readonly code: ErrorCode; readonly message: string }
}

/** The child runs from source or from the built package, as this file does. */
const fromSource = import.meta.url.endsWith('.ts')
const CHILD = new URL(`./second-process-main${fromSource ? '.ts' : '.js'}`, import.meta.url)

export class SecondProcess {
  readonly #child: ChildProcess
  /** Resolves to the exit code. */
  readonly exited: Promise<number | null>

  private constructor(child: ChildProcess) {
    this.#child = child
    this.exited = once(child, 'exit').then(([code]) => code as number | null)
  }

  /** Starts a child and connects it; it is ended with the case. */
  static async start(c: CaseContext, options = c.harness.process!()): Promise<SecondProcess> {
    const child = fork(CHILD, [], { execArgv: fromSource ? ['--import', 'tsx'] : [], stdio: 'inherit' })
    const process = new SecondProcess(child)
    c.after(() => process.kill())
    await process.run({ do: 'connect', options })
    return process
  }

  /** Resolves to what the child answers; rejects with its `MessagingError`, or when it dies. */
  async run(order: Order): Promise<unknown> {
    const answered = once(this.#child, 'message')
    const died = this.exited.then((code) =>
      Promise.reject(new Error(`the second process ended with ${code}`)),
    )
    died.catch(() => {})
    this.#child.send(order)
    const [reply] = (await Promise.race([answered, died])) as [Reply]
    if (reply.error) throw new MessagingError(reply.error.code, reply.error.message)
    return reply.result
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.exited
  }
}
