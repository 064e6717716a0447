/** The depths of a broker's nodes at the last looks, in a few numbers a node. */

/** Looks that are kept. */
export const LOOKS = 120

/** When the looks were: shared by all nodes of a broker. */
export class Looks {
  readonly #times = new Float64Array(LOOKS)
  /** Of all looks so far; the newest is `count - 1`. */
  count = 0

  add(at: number): void {
    this.#times[this.count % LOOKS] = at
    this.count += 1
  }

  timeOf(look: number): number {
    return this.#times[look % LOOKS]!
  }

  /** The oldest that is kept. */
  get first(): number {
    return Math.max(0, this.count - LOOKS)
  }
}

/** One node's depth at each look; not a number where it was not there, or the broker did not tell. */
export class Depths {
  readonly #depths = new Float64Array(LOOKS).fill(Number.NaN)

  set(look: number, depth: number | undefined): void {
    this.#depths[look % LOOKS] = depth ?? Number.NaN
  }

  /** Pairs of time and depth, oldest first, of the looks from `from` on. */
  since(looks: Looks, from: number): (readonly [at: number, depth: number])[] {
    const pairs: (readonly [number, number])[] = []
    for (let look = Math.max(from, looks.first); look < looks.count; look++) {
      const depth = this.#depths[look % LOOKS]!
      if (!Number.isNaN(depth)) pairs.push([looks.timeOf(look), depth])
    }
    return pairs
  }

  /** Between the last two looks. Unit: messages per second. */
  rate(looks: Looks): number | undefined {
    const [before, now] = this.since(looks, looks.count - 2)
    if (!before || !now || now[0] <= before[0]) return undefined
    return ((now[1] - before[1]) * 1000) / (now[0] - before[0])
  }
}
