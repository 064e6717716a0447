/** A handler for every delivery, or for every batch of them: the workers that call it until the consumer is closed. */
import type { NodePlan } from '../address/node-plan.ts'
import type { LinkHost } from '../link/link-host.ts'
import type { CloseOptions, ConsumeOptions } from '../options.ts'
import { AttachedReceiver } from '../receive/attached-receiver.ts'
import type { LinkDelivery } from '../receive/link-delivery.ts'
import { processing, within } from '../tracing/operation.ts'
import { AfterHandler } from './after-handler.ts'
import { Batches } from './batches.ts'
import { Closing } from './closing.ts'
import type { Consumer } from './consumer.ts'
import { readAhead } from './read-ahead.ts'

/** Said by parts of this library that consume. */
interface InternalConsumeOptions extends ConsumeOptions {
  /** The handler tells the tracing channels itself. */
  readonly untraced?: boolean
}

/** What the workers of a consumer do. */
export interface Work {
  /** Handles the next delivery or batch; false when there will be none. Never rejects. */
  next(): Promise<boolean>
  /** The consumer is being closed. */
  stop(): void
}

export class RunningConsumer implements Consumer {
  readonly #host: LinkHost
  readonly #receiver: AttachedReceiver
  readonly #work: Work
  readonly #workers: Promise<void>[] = []
  #stopping = false
  #closing: Closing | undefined

  /** Used by `connection.consumeBatch()`. `concurrency`: workers. */
  constructor(host: LinkHost, receiver: AttachedReceiver, work: Work, concurrency: number) {
    this.#host = host
    this.#receiver = receiver
    this.#work = work
    host.handles.add(this)
    for (let started = 0; started < concurrency; started++) this.#workers.push(this.#goOn())
  }

  /** Used by `connection.consume()`. */
  static async open<Body>(
    host: LinkHost,
    plan: NodePlan,
    handler: (delivery: LinkDelivery<Body>) => unknown,
    options: InternalConsumeOptions,
  ): Promise<RunningConsumer> {
    if (typeof handler !== 'function') throw new TypeError('consume(): the handler is no function')
    const { concurrency = 1, rate } = options
    const receiver = await consumersReceiver<Body>(host, plan, options, concurrency)
    const after = new AfterHandler(host, plan, options, 'consume')
    const paced = rate && new Batches(receiver, { size: 1, waitMs: 0 }, rate)
    const work: Work = {
      async next() {
        const delivery = paced ? (await paced.next())[0] : await nextOf(receiver)
        if (!delivery) return false
        const operation = options.untraced ? undefined : processing(host, plan, delivery)
        try {
          await (operation ? operation.run(() => handler(delivery)) : handler(delivery))
        } catch (error) {
          operation?.failed(error)
          await within(operation, () => after.threw([delivery], error))
          return true
        }
        operation?.end()
        within(operation, () => after.returned(delivery))
        return true
      },
      stop() {
        after.stop()
        paced?.stop()
      },
    }
    return new RunningConsumer(host, receiver, work, concurrency)
  }

  get closed(): Promise<void> {
    return this.#receiver.closed
  }

  async close(options: CloseOptions = {}): Promise<void> {
    const timeoutMs = this.#host.closeTime(options)
    this.#closing ??= this.#close(timeoutMs)
    return this.#closing.told
  }

  get closing(): Closing | undefined {
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #goOn(): Promise<void> {
    while (!this.#stopping) if (!(await this.#work.next())) return
  }

  #close(timeoutMs: number): Closing {
    this.#stopping = true
    this.#work.stop()
    const handlers = Promise.all([this.#receiver.quiesce(), ...this.#workers])
    return new Closing(handlers, timeoutMs, async (leftMs) => {
      await this.#receiver.close({ timeoutMs: leftMs })
      this.#host.handles.delete(this)
    })
  }
}

/** The receiver of a consumer whose handlers have up to `atOnce` messages in hand. */
export function consumersReceiver<Body>(
  host: LinkHost,
  plan: NodePlan,
  { credit, rate, reliability, timeoutMs, signal }: ConsumeOptions,
  atOnce: number,
): Promise<AttachedReceiver<Body>> {
  return AttachedReceiver.open<Body>(host, plan, {
    credit: Math.max(credit ?? readAhead(plan, atOnce, rate), 1),
    creditWhereLimited: credit === undefined ? atOnce : undefined,
    reliability,
    timeoutMs,
    signal,
    unwatched: true,
  })
}

/** `undefined` when there will be none: closed, or ended for good, which the receiver has told. */
function nextOf<Body>(receiver: AttachedReceiver<Body>): Promise<LinkDelivery<Body> | undefined> {
  return receiver.receive().catch(() => undefined)
}
