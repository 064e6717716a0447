/** One arm set up for one shape, and rounds of messages through it: all sent, confirmed and received. */
import { setTimeout } from 'node:timers/promises'
import type { Arm, ArmRun } from '../../../src/compare/arm.ts'
import { tracksOf } from '../../../src/compare/arm.ts'
import type { Workload } from '../../../src/compare/index.ts'
import { PayloadMaker } from '../../../src/compare/load/payload.ts'
import { processorTimeOf } from '../../run/processor-time.ts'
import { type Several, several } from '../part.ts'

/** Longest wait for the next arrival. Unit: ms. */
const PATIENCE_MS = 20_000
/** Longest wait for the end of a run: a broker that does not answer must not hold the others up. Unit: ms. */
const CLOSE_MS = 20_000

/** What a message cost in several rounds. */
export interface Cost {
  /** Unit: messages per second. */
  readonly rate: Several
  /** Processor time of a message in this process. Unit: µs. */
  readonly clientUs: Several
  /** … in the broker; 0: it has no process of its own. */
  readonly brokerUs: Several
}

export interface Round {
  readonly rate: number
  readonly clientUs: number
  readonly brokerUs: number
}

export function costOf(rounds: readonly Round[]): Cost {
  const read = (key: keyof Round): Several => several(rounds.map((round) => round[key]))
  return { rate: read('rate'), clientUs: read('clientUs'), brokerUs: read('brokerUs') }
}

export interface StandOptions {
  readonly arm: Arm
  readonly workload: Workload
  /** Of the node. */
  readonly name: string
  readonly brokerPids: readonly number[]
  /** Whoever waits is told its reason. */
  readonly signal: AbortSignal
  readonly role?: 'both' | 'send'
}

export class Stand {
  readonly #workload: Workload
  readonly #brokerPids: readonly number[]
  readonly #signal: AbortSignal
  readonly #payload: PayloadMaker
  #run!: ArmRun
  #arrived = 0
  #awaited = Infinity
  #wake: () => void = () => {}
  #sequence = 0
  #failure: Error | undefined

  static async open({ arm, name, role = 'both', ...options }: StandOptions): Promise<Stand> {
    const stand = new Stand(options)
    const opening = arm.open(
      { workload: options.workload, name, role },
      {
        arrived: () => {
          if (++stand.#arrived >= stand.#awaited) stand.#wake()
        },
        failed: (error) => {
          stand.#failure ??= error
          stand.#wake()
        },
        noted: () => {},
      },
    )
    // Opened after all, too late for anybody, it is closed again.
    opening.then(
      (run) => {
        if (options.signal.aborted) run.close().catch(() => {})
      },
      () => {},
    )
    stand.#run = await unlessAborted(opening, options.signal)
    return stand
  }

  private constructor({ workload, brokerPids, signal }: Omit<StandOptions, 'arm' | 'name' | 'role'>) {
    this.#workload = workload
    this.#brokerPids = brokerPids
    this.#signal = signal
    this.#payload = new PayloadMaker(workload.bytes)
  }

  /** Sends `count` and waits for all of them. */
  through(count: number): Promise<Round> {
    return this.#measured(async () => {
      const before = this.#arrived
      await this.#sendAll(count)
      await this.#until(before + count * tracksOf(this.#workload))
      return count
    })
  }

  /** Sends `count`, which stay where they are. */
  fill(count: number): Promise<Round> {
    return this.#measured(async () => {
      await this.#sendAll(count)
      return count
    })
  }

  /** Attaches the receivers, and takes `count` of what waits; a tenth more comes first, with the attaching. */
  async drain(count: number): Promise<Round> {
    await unlessAborted(this.#run.attachReceivers(), this.#signal)
    await this.#until(this.#arrived + Math.ceil(count / 10))
    const from = this.#arrived
    return this.#measured(async () => {
      await this.#until(from + count)
      return this.#arrived - from
    })
  }

  /** Never rejects. */
  async close(): Promise<void> {
    await Promise.race([this.#run.close().catch(() => {}), setTimeout(CLOSE_MS, undefined, { ref: false })])
  }

  async #sendAll(count: number): Promise<void> {
    const { inFlight, senders } = this.#workload
    let left = count
    const lane = async (): Promise<void> => {
      while (left-- > 0 && this.#failure === undefined && !this.#signal.aborted) {
        const sequence = this.#sequence++
        const sender = sequence % senders
        await this.#run.send(sequence, this.#payload.make(sender, sequence, 0), sender)
      }
    }
    await unlessAborted(Promise.all(Array.from({ length: Math.min(inFlight, count) }, lane)), this.#signal)
    if (this.#failure) throw this.#failure
  }

  async #until(wanted: number): Promise<void> {
    this.#awaited = wanted
    const wake = (): void => this.#wake()
    this.#signal.addEventListener('abort', wake)
    try {
      while (this.#arrived < wanted) {
        this.#signal.throwIfAborted()
        const before = this.#arrived
        await new Promise<void>((resolve) => {
          const timer = globalThis.setTimeout(resolve, PATIENCE_MS)
          this.#wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
        if (this.#failure) throw this.#failure
        this.#signal.throwIfAborted()
        if (this.#arrived === before) throw new Error(`Only ${before} of ${wanted} came`)
      }
    } finally {
      this.#signal.removeEventListener('abort', wake)
    }
  }

  /** `work` resolves to how many messages it was. */
  async #measured(work: () => Promise<number>): Promise<Round> {
    const [cpu, broker, begun] = [process.cpuUsage(), processorTimeOf(this.#brokerPids), performance.now()]
    const count = await work()
    const seconds = (performance.now() - begun) / 1000
    const { user, system } = process.cpuUsage(cpu)
    return {
      rate: count / seconds,
      clientUs: (user + system) / count,
      brokerUs: ((processorTimeOf(this.#brokerPids) - broker) * 1000) / count,
    }
  }
}

/** Rejects with the reason of `signal`, whatever becomes of `work`. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort)
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
