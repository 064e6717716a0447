/**
 * Chosen messages of a queue. A broker hands them over from the head: those that are not meant are held until the end and then given
 * back, the last one first, so that brokers which put back at the head keep the order. They may count as delivered once more.
 *
 * Bound: what is held, in messages and in bytes. A receiver whose credit is all held gets no more, so that further ones are opened,
 * each with twice the credit: nothing is fetched ahead that is far more than is held already.
 */
import type { Connection, Delivery, ReceivedMessage } from '../../index.ts'
import type { BridgeSource } from './bridge.ts'
import { Source } from './source.ts'

const FIRST_CREDIT = 100
const MAX_CREDIT = 3_200
const MAX_HELD = 10_000
const MAX_HELD_BYTES = 64 * 1024 * 1024

export interface Choice {
  fits(message: ReceivedMessage): boolean
  /** How many there are to be found; then it ends. Default: all there are. */
  readonly count?: number | undefined
}

export class ChosenSource implements BridgeSource {
  readonly #connection: Connection
  readonly #address: string
  readonly #choice: Choice
  readonly #sources: Source[] = []
  readonly #held: Delivery[] = []
  #heldBytes = 0
  /** Held of the receiver that was opened last. */
  #heldOfLast = 0
  #credit = 0
  #found = 0
  #cut = false

  /** @param address of an existing queue */
  constructor(connection: Connection, address: string, choice: Choice) {
    this.#connection = connection
    this.#address = address
    this.#choice = choice
  }

  /** Messages that were held, and given back by {@link close}. */
  get passedOver(): number {
    return this.#held.length
  }

  /** It ended because too much was held: there may be chosen ones behind. */
  get cut(): boolean {
    return this.#cut
  }

  /** Opens the first receiver. @throws as `connection.receiver` does */
  async open(): Promise<this> {
    await this.#openReceiver(FIRST_CREDIT)
    return this
  }

  async next(timeoutMs: number | undefined, signal: AbortSignal): Promise<Delivery | undefined> {
    for (;;) {
      if (this.#choice.count !== undefined && this.#found >= this.#choice.count) return undefined
      if (this.#held.length >= MAX_HELD || this.#heldBytes >= MAX_HELD_BYTES) {
        this.#cut = true
        return undefined
      }
      if (this.#heldOfLast >= this.#credit) await this.#openReceiver(this.#nextCredit())
      const delivery = await this.#take(timeoutMs, signal)
      if (!delivery) return undefined
      if (this.#choice.fits(delivery)) {
        this.#found += 1
        return delivery
      }
      this.#held.push(delivery)
      this.#heldBytes += delivery.bytes.byteLength
      this.#heldOfLast += 1
    }
  }

  /** Gives back what was held, and ends the receivers. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#held].reverse().map((delivery) => delivery.release()))
    await Promise.allSettled(this.#sources.map(({ receiver }) => receiver.close()))
  }

  /** Of any receiver that has something: a chosen message that was settled gave its receiver room for another one. */
  async #take(timeoutMs: number | undefined, signal: AbortSignal): Promise<Delivery | undefined> {
    const ready = this.#sources.find(({ receiver }) => receiver.available > 0)
    if (ready) return ready.next(0, signal)
    const delivery = await this.#sources.at(-1)!.next(timeoutMs, signal)
    if (delivery) return delivery
    for (const { receiver } of this.#sources) if (receiver.available > 0) return receiver.receive({ signal })
    return undefined
  }

  #nextCredit(): number {
    const size = Math.max(1, this.#heldBytes / Math.max(1, this.#held.length))
    const fitting = Math.floor((MAX_HELD_BYTES - this.#heldBytes) / size)
    return Math.max(1, Math.min(2 * this.#credit, MAX_CREDIT, fitting, MAX_HELD - this.#held.length))
  }

  async #openReceiver(credit: number): Promise<void> {
    const receiver = await this.#connection.receiver(this.#address, { credit, mode: 'consume' })
    this.#sources.push(new Source(receiver, this.#connection, this.#address))
    this.#credit = credit
    this.#heldOfLast = 0
  }
}

/** Takes the chosen messages and throws them away; the others are given back. */
export async function deleteChosen(
  source: ChosenSource,
  signal: AbortSignal,
  deleted: () => void,
): Promise<void> {
  try {
    for (let delivery = await source.next(0, signal); delivery; delivery = await source.next(0, signal)) {
      await delivery.accept()
      deleted()
    }
  } finally {
    await source.close()
  }
}
