/** A double-ended queue on a ring: O(1) at both ends, memory shrinks with the content. */
export class Deque<T> {
  #ring: (T | undefined)[] = new Array(16)
  #start = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  push(item: T): void {
    if (this.#length === this.#ring.length) this.#resize(this.#length * 2)
    this.#ring[(this.#start + this.#length) & (this.#ring.length - 1)] = item
    this.#length++
  }

  unshift(item: T): void {
    if (this.#length === this.#ring.length) this.#resize(this.#length * 2)
    this.#start = (this.#start - 1) & (this.#ring.length - 1)
    this.#ring[this.#start] = item
    this.#length++
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined
    const item = this.#ring[this.#start]
    this.#ring[this.#start] = undefined
    this.#start = (this.#start + 1) & (this.#ring.length - 1)
    this.#length--
    if (this.#ring.length > 1024 && this.#length < this.#ring.length / 4) this.#resize(this.#ring.length / 2)
    return item
  }

  /** The next one to be shifted, left where it is. */
  peek(): T | undefined {
    return this.#ring[this.#start]
  }

  /** Takes everything out, in order. */
  drain(): T[] {
    const all: T[] = []
    for (let item = this.shift(); item !== undefined; item = this.shift()) all.push(item)
    return all
  }

  /** Removes the first occurrence. O(n): for rare events only (an abort). */
  delete(item: T): boolean {
    const all = this.drain()
    const at = all.indexOf(item)
    if (at >= 0) all.splice(at, 1)
    for (const kept of all) this.push(kept)
    return at >= 0
  }

  #resize(size: number): void {
    const next: (T | undefined)[] = new Array(size)
    for (let i = 0; i < this.#length; i++) next[i] = this.#ring[(this.#start + i) & (this.#ring.length - 1)]
    this.#ring = next
    this.#start = 0
  }
}
