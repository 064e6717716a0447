/** A toy broker: its queues stand for those of any broker, and know nothing of Sluice. */

/** A message in a queue. */
export interface Entry<Message> {
  /** Its place: lower ones go first. */
  readonly place: number
  readonly message: Message
  /** How often it was handed out. */
  deliveries: number
}

/** Whoever takes messages: has room for some, and is given one at a time. */
export interface Taker<Message> {
  hasRoom(): boolean
  take(entry: Entry<Message>): void
  /** The queue was deleted. */
  gone(): void
}

/** First in, first out; each message goes to one taker, in turn. */
export class ToyQueue<Message> {
  readonly waiting: Entry<Message>[] = []
  readonly takers = new Set<Taker<Message>>()
  readonly maxLength: number
  #lastPlace = 0
  #busy = false

  constructor(maxLength = Number.POSITIVE_INFINITY) {
    this.maxLength = maxLength
  }

  /** `false`: the queue is full. */
  put(message: Message): boolean {
    if (this.waiting.length >= this.maxLength) return false
    this.waiting.push({ place: ++this.#lastPlace, message, deliveries: 0 })
    this.serve()
    return true
  }

  /** Takes a message back to its old place. */
  putBack(entry: Entry<Message>): void {
    const at = this.waiting.findIndex(({ place }) => place > entry.place)
    this.waiting.splice(at < 0 ? this.waiting.length : at, 0, entry)
    this.serve()
  }

  /** Hands out what it can. A taker may settle while it is given a message, and so ask for more: this loop goes on with it. */
  serve(): void {
    if (this.#busy) return
    this.#busy = true
    while (this.waiting.length > 0) {
      const taker = [...this.takers].find((one) => one.hasRoom())
      if (!taker) break
      // The next message is for another one.
      this.takers.delete(taker)
      this.takers.add(taker)
      const entry = this.waiting.shift()!
      entry.deliveries++
      taker.take(entry)
    }
    this.#busy = false
  }
}
