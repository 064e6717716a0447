/**
 * Values by numbers that are given out here and used again: the lower 24 bits are a place in a list, the upper 8 count
 * how often the place was used, so that a number that comes too late does not meet a stranger. As large as there were
 * ever values at once; neither order nor age costs anything.
 */
const PLACE_BITS = 24
const PLACE = (1 << PLACE_BITS) - 1

/** The place in its number: two values that are there at once differ in it. */
export function placeIn(number: number): number {
  return number & PLACE
}

export class Slots<T> {
  readonly #values: (T | undefined)[] = []
  readonly #numbers: number[] = []
  readonly #free: number[] = []

  get size(): number {
    return this.#values.length - this.#free.length
  }

  /** Keeps the value; the result takes it out again. Unsigned, 32 bits. */
  put(value: T): number {
    const place = this.#free.pop() ?? this.#values.length
    const used = this.#numbers[place]
    const number = used === undefined ? place : (used + (1 << PLACE_BITS)) >>> 0
    this.#values[place] = value
    this.#numbers[place] = number
    return number
  }

  /** What has this number. */
  get(number: number): T | undefined {
    const place = placeIn(number)
    return this.#numbers[place] === number ? this.#values[place] : undefined
  }

  /** Takes out what has this number; `undefined`: it is not here any more. */
  take(number: number): T | undefined {
    const place = placeIn(number)
    if (this.#numbers[place] !== number) return undefined
    const value = this.#values[place]
    if (value === undefined) return undefined
    this.#values[place] = undefined
    this.#free.push(place)
    return value
  }

  /** The number of a value. For what is rare: it looks at all. */
  numberOf(value: T): number | undefined {
    const place = this.#values.indexOf(value)
    return place < 0 ? undefined : this.#numbers[place]
  }
}

/** Values by numbers that the other end gave out from its {@link Slots}. */
export class NumberedFromAfar<T extends { readonly number: number }> {
  readonly #values: (T | undefined)[] = []
  size = 0

  put(value: T): void {
    const place = placeIn(value.number)
    if (this.#values[place] === undefined) this.size++
    this.#values[place] = value
  }

  take(number: number): T | undefined {
    const place = placeIn(number)
    const value = this.#values[place]
    if (value?.number !== number) return undefined
    this.#values[place] = undefined
    this.size--
    return value
  }
}
