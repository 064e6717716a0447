/** Rounds of one process: a warm-up that does not count, then the median of several with the least and the most beside it. */

/** Rates by the clock, and processor time of this process: the latter is what counts on a busy machine. */
export interface Figure {
  readonly title: string
  /** Messages per second: least, median, most. */
  readonly least: number
  readonly median: number
  readonly most: number
  /** Processor time of a message in the median round. Unit: µs. */
  readonly cpu: number
  /** Cost of a message compared with the first of its group, by the best rounds; 1: the same. */
  readonly cost?: number
}

/** Something to be measured beside others. */
export interface Prepared {
  readonly title: string
  /** Resolves to messages per second. */
  round(): Promise<number>
  close(): Promise<void>
}

const WARM_UP = 'warm-up'

export class Rounds {
  readonly #title: string
  readonly #rates: { rate: number; cpu: number }[] = []

  constructor(title: string) {
    this.#title = title
  }

  /** `round` resolves to its rate. */
  async run(name: string, round: () => Promise<number>): Promise<void> {
    process.stderr.write(`${this.#title}: ${name}\n`)
    const before = process.cpuUsage()
    const start = performance.now()
    const rate = await round()
    const { user, system } = process.cpuUsage(before)
    const messages = (rate * (performance.now() - start)) / 1_000
    if (name !== WARM_UP) this.#rates.push({ rate, cpu: (user + system) / messages })
  }

  figure(first?: Figure): Figure {
    const sorted = this.#rates.toSorted((a, b) => a.rate - b.rate)
    const { rate: median, cpu } = sorted[sorted.length >> 1]!
    const most = sorted.at(-1)!.rate
    const cost = first && first.most / most
    return { title: this.#title, least: sorted[0]!.rate, median, most, cpu, cost }
  }
}

/** All figures of a run, each shown as soon as it is there. */
export class Series {
  readonly figures: Figure[] = []
  readonly #rounds: number
  readonly #print: (line: string) => void

  constructor(rounds: number, print: (line: string) => void) {
    this.#rounds = rounds
    this.#print = print
  }

  /** The names of the rounds, the warm-up first. */
  rounds(): string[] {
    const counted = Array.from({ length: this.#rounds }, (_, at) => `round ${at + 1} of ${this.#rounds}`)
    return [WARM_UP, ...counted]
  }

  async measure(title: string, round: () => Promise<number>): Promise<void> {
    const rounds = new Rounds(title)
    for (const name of this.rounds()) await rounds.run(name, round)
    this.show(rounds.figure())
  }

  /** Rounds take turns, so that what the machine does meanwhile hits all alike. */
  async compare(group: string, prepared: readonly Prepared[]): Promise<void> {
    const all = prepared.map(({ title, round }) => ({ rounds: new Rounds(`${group}: ${title}`), round }))
    for (const name of this.rounds()) {
      for (const { rounds, round } of all) await rounds.run(name, round)
    }
    const first = all[0]!.rounds.figure()
    for (const { rounds } of all) this.show(rounds.figure(first))
    for (const { close } of prepared) await close()
  }

  show(figure: Figure): void {
    this.figures.push(figure)
    const [median, least, most] = [figure.median, figure.least, figure.most].map(thousands)
    const cost = figure.cost === undefined ? '' : `, cost × ${figure.cost.toFixed(2)}`
    this.#print(
      `${figure.title}: ${median}/s (${least} … ${most}), ${figure.cpu.toFixed(2)} µs of processor each${cost}`,
    )
  }
}

export function thousands(number: number): string {
  return Math.round(number).toLocaleString('en')
}

export function perSecond(count: number, start: number): number {
  return (count / (performance.now() - start)) * 1_000
}
