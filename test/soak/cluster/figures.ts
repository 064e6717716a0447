/** What a run tells: faults and how long they were felt, messages and what became of them. */
import type { Ledger } from './ledger.ts'
import type { Traffic } from './traffic.ts'

/** Of messages that are missing as many are named. */
const MOST_NAMED = 10

export class Figures {
  readonly #traffic: Traffic
  readonly #begun = performance.now()
  readonly #faults = new Map<string, number[]>()
  readonly #firstOks: number[] = []
  readonly #bareOks: number[] = []
  readonly #behind: number[] = []
  #cutShort = 0
  #withoutMajority = 0

  constructor(traffic: Traffic) {
    this.#traffic = traffic
  }

  /** It is over, and everything works again. */
  fault(name: string, majorityLost: boolean): void {
    const stoodStill = Math.max(...this.#traffic.sends.map(({ longestMs }) => longestMs))
    this.#faults.set(name, [...(this.#faults.get(name) ?? []), stoodStill])
    if (majorityLost) this.#withoutMajority++
  }

  /** Every lane had an accepted send so long after a majority was there, and a client without the library so long. */
  firstOk(ms: number, bareMs: number): void {
    this.#firstOks.push(ms)
    this.#bareOks.push(bareMs)
    this.#behind.push(Math.max(0, ms - bareMs))
  }

  /** The majority was lost again before. */
  cutShort(): void {
    this.#cutShort++
  }

  /** Accepted, and not yet received and settled. */
  get open(): number {
    return this.#sum((ledger) => ledger.accepted - ledger.done)
  }

  progress(): string {
    const seconds = Math.round((performance.now() - this.#begun) / 1000)
    const heap = Math.round(process.memoryUsage().heapUsed / 2 ** 20)
    return `${seconds} s: accepted ${this.#sum(({ accepted }) => accepted)}, to come ${this.open}, faults ${this.faults}, ${heap} MiB`
  }

  report(): string {
    const { asking, live } = this.#traffic
    return [
      this.progress(),
      ...this.#traffic.lanes.map(({ name, ledger }) => `  ${name}: ${ledgerText(ledger)}`),
      `  all: ${[...KINDS.keys()].map((kind) => `${kind} ${this.#sum(KINDS.get(kind)!)}`).join(', ')}`,
      `requests answered ${asking.answered}, failed ${asking.failed}; live published ${live.published}, came ${live.came}`,
      `faults ${this.faults}, ${this.#withoutMajority} of them without a majority; sends stood still for`,
      ...[...this.#faults].map(([name, all]) => `  ${name}: ${all.length} times, ${spread(all)}`),
      `first ok of every lane after a majority was there: ${this.#firstOks.length} times, ${spread(this.#firstOks)}`,
      `  of a client without the library: ${spread(this.#bareOks)}; the lanes behind it: ${spread(this.#behind)}`,
      `  the majority was lost again before: ${this.#cutShort} times`,
    ].join('\n')
  }

  /** @param tellsAgain the broker counts what came before, also of a receiver that died or lost its connection */
  problems(tellsAgain: boolean): string[] {
    return this.#traffic.lanes.flatMap(({ name, ledger }) => {
      const missing = ledger.missing(MOST_NAMED)
      const { unmarked, refusedAndCame } = ledger
      return [
        ...(missing.length > 0
          ? [`${name}: ${ledger.accepted - ledger.done} accepted and lost: ${missing.join(' ')}`]
          : []),
        ...(unmarked > 0 && tellsAgain ? [`${name}: ${unmarked} came again and were not told as such`] : []),
        ...(refusedAndCame > 0 ? [`${name}: ${refusedAndCame} came although their send was refused`] : []),
      ]
    })
  }

  get faults(): number {
    return [...this.#faults.values()].reduce((sum, all) => sum + all.length, 0)
  }

  #sum(of: (ledger: Ledger) => number): number {
    return this.#traffic.lanes.reduce((sum, { ledger }) => sum + of(ledger), 0)
  }
}

const KINDS = new Map<string, (ledger: Ledger) => number>([
  ['accepted', ({ accepted }) => accepted],
  ['lost', ({ accepted, done }) => accepted - done],
  ['in doubt', ({ doubtful }) => doubtful],
  ['refused', ({ refused }) => refused],
  ['again, told so', ({ again }) => again],
  ['again, sent twice under one id', ({ againBySender }) => againBySender],
  ['again, not told', ({ unmarked }) => unmarked],
])

function ledgerText(ledger: Ledger): string {
  return [...KINDS].map(([kind, of]) => `${kind} ${of(ledger)}`).join(', ')
}

function spread(all: readonly number[]): string {
  if (all.length === 0) return '–'
  const sorted = all.toSorted((a, b) => a - b)
  const [median, worst] = [sorted[Math.floor(sorted.length / 2)]!, sorted.at(-1)!]
  return `median ${Math.round(median)} ms, worst ${Math.round(worst)} ms`
}
