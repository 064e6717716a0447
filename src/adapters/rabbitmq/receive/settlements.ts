/**
 * What a receiver owes the broker, and how verdicts are gathered into few frames.
 *
 * Deliveries stand in a linked list in order of their tags: as many as the window allows, however far their tags lie apart.
 * Verdicts of one tick are written together; those at the front of the list by one frame («all up to here»), since then
 * every lower tag has its verdict.
 */
import type { Channel } from 'amqplib'
import type { RabbitmqDelivery } from '../codec/incoming.ts'

/** Within this time a queue takes what it is told, as long as disks are as they should be. Unit: ms. */
export const TAKEN_MS = 100
/** Frames that a quorum queue takes at a time; the others wait in the broker's channel, and end with it. */
const MOST_AT_A_TIME = 32

export class Settlements {
  readonly #channel: Channel
  readonly #written: () => void
  #first: RabbitmqDelivery | undefined
  #last: RabbitmqDelivery | undefined
  #count = 0
  #accepted: RabbitmqDelivery[] = []
  /** Given back in this turn, not written yet. */
  #unseen: RabbitmqDelivery[] = []
  #scheduled = false
  #open = true
  /** Frames since the last pause, and when the last of them was written. */
  #frames = 0
  #lastFrame = 0

  /** @param written verdicts left, so there is room in the window */
  constructor(channel: Channel, written: () => void) {
    this.#channel = channel
    this.#written = written
  }

  /** Deliveries without verdict on the wire. */
  get count(): number {
    return this.#count
  }

  /** Whether more was written of late than a quorum queue takes at a time. */
  get ahead(): boolean {
    return this.#open && this.#frames >= MOST_AT_A_TIME && performance.now() - this.#lastFrame < TAKEN_MS
  }

  add(delivery: RabbitmqDelivery): void {
    delivery.previous = this.#last
    if (this.#last) this.#last.next = delivery
    else this.#first = delivery
    this.#last = delivery
    this.#count++
  }

  accept(delivery: RabbitmqDelivery): void {
    if (!this.#open || delivery.state !== 'open') return
    delivery.state = 'accepted'
    this.#accepted.push(delivery)
    if (this.#scheduled) return
    this.#scheduled = true
    // After all input of this turn: a whole batch of deliveries and what the application made of it.
    setImmediate(() => {
      this.#scheduled = false
      this.flush()
    })
  }

  /**
   * Back to its place, at once. `unseen`: it was only prefetched.
   *
   * order: behind what was accepted, which would be lost if it still waited when the channel is closed; a return loses nothing.
   */
  release(delivery: RabbitmqDelivery, unseen: boolean): void {
    this.flush()
    if (!this.#open || delivery.state !== 'open') return
    this.#remove(delivery)
    // protocol: a quorum queue of RabbitMQ 4.3 counts what is rejected and not what is only given back; older ones count both.
    if (unseen) this.#giveBack(delivery)
    else this.#write(() => this.#channel.reject(delivery.native, true))
    this.#written()
  }

  /** protocol: a quorum queue hands out again in the order in which it was given back; those of one turn go oldest first. */
  #giveBack(delivery: RabbitmqDelivery): void {
    this.#unseen.push(delivery)
    if (this.#unseen.length === 1) queueMicrotask(() => this.#writeUnseen())
  }

  #writeUnseen(): void {
    const unseen = this.#unseen
    this.#unseen = []
    unseen.sort((one, other) => one.native.fields.deliveryTag - other.native.fields.deliveryTag)
    for (const { native } of unseen) this.#write(() => this.#channel.nack(native, false, true))
  }

  /** Writes what was accepted. */
  flush(): void {
    if (!this.#open || this.#accepted.length === 0) return
    // order: «all up to here» would accept what goes back as well.
    this.#writeUnseen()
    const accepted = this.#accepted
    this.#accepted = []
    let front: RabbitmqDelivery | undefined
    while (this.#first?.state === 'accepted') {
      front = this.#first
      this.#remove(front)
    }
    if (front) {
      const upTo = front
      this.#write(() => this.#channel.ack(upTo.native, true))
    }
    for (const delivery of accepted) {
      if (delivery.state === 'settled') continue
      this.#remove(delivery)
      this.#write(() => this.#channel.ack(delivery.native, false))
    }
    this.#written()
  }

  /** The channel is gone, or is given up: later verdicts lead nowhere. */
  end(): void {
    this.#writeUnseen()
    this.#open = false
    this.#accepted = []
    this.#first = this.#last = undefined
    this.#count = 0
  }

  #remove(delivery: RabbitmqDelivery): void {
    const { previous, next } = delivery
    if (previous) previous.next = next
    else this.#first = next
    if (next) next.previous = previous
    else this.#last = previous
    delivery.previous = delivery.next = undefined
    delivery.state = 'settled'
    this.#count--
  }

  /** amqplib throws on a closed channel: the broker has taken the deliveries back then. */
  #write(frame: () => void): void {
    if (!this.#open) return
    const now = performance.now()
    if (now - this.#lastFrame > TAKEN_MS) this.#frames = 0
    this.#lastFrame = now
    this.#frames++
    try {
      frame()
    } catch {
      this.end()
    }
  }
}
