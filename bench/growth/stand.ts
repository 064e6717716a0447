/** One arm set up for one shape, and rounds of messages through it: all sent, confirmed and received. */
import type { Arm, ArmRun } from '../../src/compare/arm.ts'
import { tracksOf } from '../../src/compare/arm.ts'
import type { Workload } from '../../src/compare/index.ts'
import { PayloadMaker } from '../../src/compare/load/payload.ts'
import { type Several, several } from '../parts/part.ts'
import { processorTimeOf } from '../run/processor-time.ts'

/** Longest wait for the next arrival. Unit: ms. */
const PATIENCE_MS = 20_000

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

export class Stand {
  readonly #workload: Workload
  readonly #brokerPids: readonly number[]
  readonly #payload: PayloadMaker
  #run!: ArmRun
  #arrived = 0
  #awaited = Infinity
  #wake: () => void = () => {}
  #sequence = 0
  #failure: Error | undefined

  /** @param name of the node */
  static async open(
    arm: Arm,
    workload: Workload,
    name: string,
    brokerPids: readonly number[],
    role: 'both' | 'send' = 'both',
  ): Promise<Stand> {
    const stand = new Stand(workload, brokerPids)
    stand.#run = await arm.open(
      { workload, name, role },
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
    return stand
  }

  private constructor(workload: Workload, brokerPids: readonly number[]) {
    this.#workload = workload
    this.#brokerPids = brokerPids
    this.#payload = new PayloadMaker(workload.bytes)
  }

  /** Sends `count` and waits for all of them. */
  through(count: number): Promise<Round> {
    return this.#measured(count, async () => {
      const before = this.#arrived
      await this.#sendAll(count)
      await this.#until(before + count * tracksOf(this.#workload))
    })
  }

  /** Sends `count`, which stay where they are. */
  fill(count: number): Promise<Round> {
    return this.#measured(count, () => this.#sendAll(count))
  }

  /** Attaches the receivers, and takes `count` of what waits. */
  async drain(count: number): Promise<Round> {
    await this.#run.attachReceivers()
    const begin = this.#arrived
    // The first ones come with the attaching.
    await this.#until(begin + Math.ceil(count / 10))
    const from = this.#arrived
    const wanted = begin + count - from
    if (wanted <= 0) throw new Error('All came at once: nothing could be measured')
    return this.#measured(wanted, () => this.#until(begin + count))
  }

  close(): Promise<void> {
    return this.#run.close()
  }

  async #sendAll(count: number): Promise<void> {
    const { inFlight, senders } = this.#workload
    let left = count
    const lane = async (): Promise<void> => {
      while (left-- > 0 && this.#failure === undefined) {
        const sequence = this.#sequence++
        const sender = sequence % senders
        await this.#run.send(sequence, this.#payload.make(sender, sequence, 0), sender)
      }
    }
    await Promise.all(Array.from({ length: Math.min(inFlight, count) }, lane))
  }

  async #until(wanted: number): Promise<void> {
    this.#awaited = wanted
    while (this.#arrived < wanted) {
      const before = this.#arrived
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, PATIENCE_MS)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      if (this.#failure) throw this.#failure
      if (this.#arrived === before) throw new Error(`Only ${before} of ${wanted} came`)
    }
  }

  async #measured(count: number, work: () => Promise<void>): Promise<Round> {
    const [cpu, broker, begun] = [process.cpuUsage(), processorTimeOf(this.#brokerPids), performance.now()]
    await work()
    const seconds = (performance.now() - begun) / 1000
    const { user, system } = process.cpuUsage(cpu)
    return {
      rate: count / seconds,
      clientUs: (user + system) / count,
      brokerUs: ((processorTimeOf(this.#brokerPids) - broker) * 1000) / count,
    }
  }
}
