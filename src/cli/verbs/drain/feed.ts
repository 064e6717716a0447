/** Where drain's messages come from: a receiver whose deliveries are accepted, or a browser that leaves everything. */
import { onAbort } from '../../../core/aborts.ts'
import { pause } from '../../../core/time/waiting.ts'
import type { Connection, Delivery, ReceivedMessage, Receiver } from '../../../index.ts'
import { Source } from '../../../tools/bridge/source.ts'

export type Drained = ReceivedMessage & { readonly redelivered?: boolean; readonly deliveryCount?: number }

export interface Feed {
  /** The next message, or `undefined` when there is none within the timeout. Unit: ms; `undefined`: waits for ever. */
  next(timeoutMs: number | undefined, signal: AbortSignal): Promise<Drained | undefined>
  /** Messages here already: asking for that many does not wait. */
  readonly available: number
  /** What was handed over is printed. */
  accept(messages: readonly Drained[]): Promise<void>
  close(): Promise<void>
}

export async function openFeed(
  connection: Connection,
  address: string,
  options: { readonly credit: number; readonly follow: boolean; readonly signal: AbortSignal },
): Promise<Feed> {
  const follows = options.follow && connection.capabilities.features.browseFollow.level !== 'unsupported'
  const receiver = await connection.receiver(address, { credit: options.credit })
  if (receiver.mode !== 'browse') return new ReceiverFeed(new Source(receiver, connection, address))
  if (!follows) return new BrowseFeed(receiver)
  await receiver.close()
  return new FollowFeed(connection, address, options.credit)
}

class ReceiverFeed implements Feed {
  readonly #source: Source

  constructor(source: Source) {
    this.#source = source
  }

  next(timeoutMs: number | undefined, signal: AbortSignal): Promise<Drained | undefined> {
    return this.#source.next(timeoutMs, signal)
  }

  get available(): number {
    return this.#source.receiver.available
  }

  async accept(messages: readonly Drained[]): Promise<void> {
    await Promise.all((messages as readonly Delivery[]).map(acceptUnlessLost))
  }

  close(): Promise<void> {
    return this.#source.receiver.close()
  }
}

/** A browse ends by itself, at the end of the queue. */
class BrowseFeed implements Feed {
  readonly #receiver: Receiver

  constructor(receiver: Receiver) {
    this.#receiver = receiver
  }

  next(_timeoutMs: number | undefined, signal: AbortSignal): Promise<Drained | undefined> {
    return this.#receiver.receive({ signal })
  }

  get available(): number {
    return this.#receiver.available
  }

  async accept(): Promise<void> {}

  close(): Promise<void> {
    return this.#receiver.close()
  }
}

/** A lost delivery comes again, and is printed again: what at-least-once means. */
async function acceptUnlessLost(delivery: Delivery): Promise<void> {
  try {
    await delivery.accept()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'DELIVERY_LOST')) throw error
  }
}

/** Browsing that waits for new arrivals; ends by the caller's timeout. */
class FollowFeed implements Feed {
  readonly available = 0
  readonly #stop = new AbortController()
  readonly #messages: AsyncIterator<ReceivedMessage>
  /** A message asked for and not yet handed over, because its caller gave up waiting. */
  #asked: Promise<IteratorResult<ReceivedMessage>> | undefined

  constructor(connection: Connection, address: string, credit: number) {
    this.#messages = connection.browse(address, { follow: true, credit, signal: this.#stop.signal })
  }

  async next(timeoutMs: number | undefined, signal: AbortSignal): Promise<Drained | undefined> {
    this.#asked ??= this.#messages.next()
    this.#asked.catch(() => {})
    const result = await this.#within(this.#asked, timeoutMs, signal)
    if (result === undefined || result.done) return undefined
    this.#asked = undefined
    return result.value
  }

  /** `undefined` when the time is up, or on Ctrl-C. Nothing of the wait is left behind when the message comes first. */
  async #within<T>(
    asked: Promise<T>,
    timeoutMs = Number.POSITIVE_INFINITY,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    const over = new AbortController()
    const off = onAbort(signal, () => over.abort())
    try {
      return await Promise.race([asked, pause(timeoutMs, over.signal).then(() => undefined)])
    } finally {
      over.abort()
      off()
    }
  }

  async accept(): Promise<void> {}

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#asked?.catch(() => {})
    await this.#messages.return?.()
  }
}
