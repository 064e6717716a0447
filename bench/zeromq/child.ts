/** One process of the benchmark: is told its role, says when it is ready, runs when all are, reports when it has done. */
import { type ChildProcess, fork } from 'node:child_process'

/** What a role is told. */
export interface RoleSettings {
  readonly url: string
  readonly count: number
  readonly size: number
  /** Sends unsettled, or deliveries handed over, at once. */
  readonly open: number
}

/** What a role says it did. Unit of the times: ms of the machine's monotonic clock. */
export interface RoleReport {
  readonly startedAt: number
  readonly endedAt: number
  /** Further results of the role. */
  readonly values?: { readonly p50?: number }
}

/** Prepares; the function it returns does the work. */
export type Role = (settings: RoleSettings) => Promise<() => Promise<unknown>>

/** The same clock in every process. Unit: ms. */
export function clock(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

const ROLE_MS = 120_000

export class RoleProcess {
  readonly #name: string
  readonly #child: ChildProcess
  #told: string | undefined

  constructor(name: string, settings: RoleSettings) {
    this.#name = name
    const profile = process.env.BENCH_PROFILE?.split(',').includes(name) ?? false
    this.#child = fork(process.argv[1] as string, ['--role', name, JSON.stringify(settings)], {
      execArgv: [...process.execArgv, ...(profile ? ['--cpu-prof', '--cpu-prof-dir=reports/cpu'] : [])],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
  }

  /** Resolves with what the role tells before it is run. */
  async ready(): Promise<string> {
    const { ready } = (await this.#message()) as { ready: string }
    this.#told = ready
    return this.#told
  }

  async run(): Promise<RoleReport> {
    this.#child.send('run')
    return (await this.#message()) as RoleReport
  }

  /** Processor time so far. Unit: ms. */
  async cpu(): Promise<number> {
    this.#child.send('cpu')
    return (await this.#message()) as number
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()))
    this.#child.send('end')
    const force = setTimeout(() => this.#child.kill('SIGKILL'), 5_000)
    await ended
    clearTimeout(force)
  }

  #message(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.#name} did not answer in time`)), ROLE_MS)
      const done = (finish: () => void): void => {
        clearTimeout(timer)
        this.#child.removeAllListeners('message').removeAllListeners('exit')
        finish()
      }
      this.#child.once('message', (message) => done(() => resolve(message)))
      this.#child.once('exit', (code) => done(() => reject(new Error(`${this.#name} ended with ${code}`))))
    })
  }
}

/** Plays a role in this process, until the parent says that it is over. */
export async function play(role: Role, settings: RoleSettings): Promise<void> {
  const run = await role({ ...settings })
  process.on('message', async (message) => {
    if (message === 'end') process.exit(0)
    if (message === 'cpu') {
      const { user, system } = process.cpuUsage()
      process.send!((user + system) / 1_000)
      return
    }
    const startedAt = clock()
    const values = await run()
    process.send!({ startedAt, endedAt: clock(), values })
  })
  process.send!({ ready: told })
}

let told = ''

/** What the parent gets from {@link RoleProcess.ready}: the place a role listens at. */
export function tell(text: string): void {
  told = text
}
