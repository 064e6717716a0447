/** Does the faults of a workload to the broker while it is measured, and undoes every one of them. */
import { exec } from 'node:child_process'
import { aborted } from '../../core/time/waiting.ts'
import { describe } from '../problem.ts'
import type { Measurement } from './measurement.ts'
import type { Fault } from './workload.ts'

/** Longest run of a fault's command. Unit: ms. */
const COMMAND_MS = 30_000

export class FaultSchedule {
  readonly #measurement: Measurement
  readonly #begun = performance.now()
  readonly #stop = new AbortController()
  readonly #running: Promise<void>[]

  /** Starts the clock of every fault. */
  constructor(faults: readonly Fault[], measurement: Measurement) {
    this.#measurement = measurement
    this.#running = faults.map((fault) => this.#make(fault))
  }

  /** Settles when each fault that had begun is over and undone; those that had not begun are left out. */
  async end(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#running)
  }

  async #make({ name, atMs, forMs, begin, end }: Fault): Promise<void> {
    try {
      if (!(await this.#pause(atMs))) return
      const fromMs = this.#sinceStart()
      try {
        await command(begin)
        await this.#pause(forMs)
      } finally {
        if (end !== undefined) await command(end)
        this.#measurement.mark({ what: name, fromMs, toMs: this.#sinceStart() })
      }
    } catch (error) {
      this.#measurement.failed(new Error(`The fault «${name}» could not be made: ${describe(error)}`))
    }
  }

  #sinceStart(): number {
    return performance.now() - this.#begun
  }

  /** `false`: the run was over before. */
  async #pause(ms: number): Promise<boolean> {
    const { signal } = this.#stop
    let timer: NodeJS.Timeout | undefined
    await Promise.race([
      new Promise<void>((resolve) => {
        timer = setTimeout(resolve, ms)
      }),
      aborted(signal),
    ])
    clearTimeout(timer)
    return !signal.aborted
  }
}

function command(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    exec(text, { timeout: COMMAND_MS }, (error, _out, complaint) => {
      if (error) reject(new Error(complaint.trim() || error.message))
      else resolve()
    })
  })
}
