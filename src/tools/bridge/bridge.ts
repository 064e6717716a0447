/**
 * Moves messages from a receiver to a sender, at least once: a message is accepted at its source only after the target has
 * confirmed it, so whatever dies in between, it is delivered again, with the same id.
 *
 * Order: messages are forwarded in the order they came. Bound: the receiver's credit is all that is ever held here.
 */
import type { Connection, Delivery, PropertyValue, Sender } from '../../index.ts'
import { CommandError } from '../errors.ts'
import { connectionIsBack } from './connection-is-back.ts'

/** Property with the marks of the places a message has been taken from, the first one first. */
const VIA = 'sluice-via'

/** Where messages come from. */
export interface BridgeSource {
  /** The next one, or `undefined` when there is none within the timeout. Unit: ms; `undefined`: waits for ever. */
  next(timeoutMs: number | undefined, signal: AbortSignal): Promise<Delivery | undefined>
}

interface BridgeOptions {
  /** The subject on the other side. Default: the same. */
  readonly map?: ((subject: string | undefined) => string | undefined) | undefined
  /** What to do with a message that has been at the target before. */
  readonly onLoop: 'stop' | 'drop' | 'ignore'
  /** Refused messages go to the dead-letter address of the source instead of stopping the bridge. */
  readonly rejectRefused: boolean
  /** What is not durable would end with this process, because the target is a store it has opened itself. */
  readonly makeDurable: boolean
  readonly limit: number
  /** Stop when there is none for so long. Unit: ms; `undefined`: never. */
  readonly idleMs: number | undefined
  readonly from: string
  readonly to: string
}

export interface Counts {
  moved: number
  expired: number
  looped: number
  refused: number
}

export class Bridge {
  readonly counts: Counts = { moved: 0, expired: 0, looped: 0, refused: 0 }
  readonly #source: BridgeSource
  readonly #sender: Sender
  readonly #target: Connection
  readonly #options: BridgeOptions
  readonly #open = new Set<Promise<void>>()
  readonly #stop = new AbortController()
  #failure: unknown

  constructor(source: BridgeSource, sender: Sender, target: Connection, options: BridgeOptions) {
    this.#source = source
    this.#sender = sender
    this.#target = target
    this.#options = options
  }

  /** Runs until the signal aborts, the limit or the idle time is reached, or a message cannot be moved. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = AbortSignal.any([signal, this.#stop.signal])
    for (let begun = 0; begun < this.#options.limit && !stop.aborted; begun++) {
      const delivery = await this.#next(stop)
      if (!delivery) break
      const receivedAt = performance.now()
      await this.#targetUp(stop)
      if (stop.aborted) break
      this.#start(delivery, receivedAt)
    }
    await Promise.all(this.#open)
    if (this.#failure !== undefined) throw this.#failure
  }

  async #next(signal: AbortSignal): Promise<Delivery | undefined> {
    const { idleMs } = this.#options
    try {
      for (;;) {
        const underWay = this.#open.size
        const delivery = await this.#source.next(idleMs, signal)
        // Nothing came because all the credit was on its way to the target, wherever it is by now: that is no empty source.
        if (delivery || underWay === 0) return delivery
        await Promise.all(this.#open)
      }
    } catch (error) {
      if (signal.aborted) return undefined
      throw error
    }
  }

  /** While the target is away nothing is forwarded: the time to live of what waits here goes on running. */
  async #targetUp(stop: AbortSignal): Promise<void> {
    if (this.#target.state !== 'disconnected') return
    await connectionIsBack(this.#target, stop)
  }

  #start(delivery: Delivery, receivedAt: number): void {
    const work = this.#move(delivery, receivedAt).catch((error) => {
      this.#failure ??= error
      this.#stop.abort()
    })
    this.#open.add(work)
    void work.then(() => this.#open.delete(work))
  }

  async #move(delivery: Delivery, receivedAt: number): Promise<void> {
    const { map, onLoop, from, to, rejectRefused, makeDurable } = this.#options
    const via = String(delivery.properties[VIA] ?? '')
    if (onLoop !== 'ignore' && via.split(',').includes(to)) {
      if (onLoop === 'stop') throw loopError(delivery)
      this.counts.looped += 1
      return settle(delivery.accept())
    }
    const ttlMs = remaining(delivery, receivedAt)
    if (ttlMs !== undefined && ttlMs <= 0) {
      this.counts.expired += 1
      return settle(delivery.accept())
    }
    try {
      const properties: Record<string, PropertyValue> = Object.assign(
        Object.create(null),
        delivery.properties,
      )
      if (onLoop !== 'ignore') properties[VIA] = via === '' ? from : `${via},${from}`
      const subject = map?.(delivery.subject)
      await this.#sender.forward(delivery, {
        properties,
        timeoutMs: Infinity,
        ...(makeDurable && { durable: true }),
        ...(subject !== delivery.subject && subject !== undefined && { subject }),
        ...(ttlMs !== undefined && { ttlMs }),
      })
    } catch (error) {
      if (!rejectRefused || !isRefusal(error)) throw error
      this.counts.refused += 1
      return settle(delivery.reject(error.message))
    }
    await settle(delivery.accept())
    this.counts.moved += 1
  }
}

/** What waited here is gone from the time to live; a part of a millisecond that is left counts as one. Unit: ms. */
function remaining({ ttlMs }: Delivery, receivedAt: number): number | undefined {
  return ttlMs === undefined ? undefined : Math.ceil(ttlMs - (performance.now() - receivedAt))
}

/** A verdict that comes too late means another delivery: a duplicate with the same id. */
async function settle(verdict: Promise<void>): Promise<void> {
  try {
    await verdict
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'DELIVERY_LOST')) throw error
  }
}

const REFUSALS = ['SEND_REJECTED', 'SEND_UNROUTABLE', 'MESSAGE_TOO_LARGE', 'NOT_SUPPORTED', 'ENCODE_FAILED']

function isRefusal(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && REFUSALS.includes(String(error.code))
}

function loopError(delivery: Delivery): CommandError {
  return new CommandError(
    `loop: message ${JSON.stringify(delivery.id)} has been at the target before; it stays at the source`,
    'Two bridges move the same messages in a circle: end one of them, or say --on-loop drop or ignore.',
  )
}
