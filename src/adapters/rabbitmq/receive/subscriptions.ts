/**
 * The queue behind a subscription and its bindings.
 *
 * A live subscription is an exclusive queue bound to the topic's exchange. A named one outlives its receivers, and the next
 * one may come with other patterns: then the old bindings must go. AMQP 0-9-1 cannot list bindings, so they hang on an
 * exchange of known name between topic and queue, which can be deleted whole, and another exchange keeps record of them:
 *
 * ```text
 *            patterns
 *   topic ────────────▶ bindings (fanout) ───▶ queue
 *                          ▲
 *   record (fanout) ───────┘     its alternate exchange, which the broker compares, is a fingerprint of the patterns
 * ```
 *
 * order: a change removes the record, builds a draft beside the old bindings, puts new ones in place, removes the draft and
 * writes the record. Some exchange carries the new bindings from the draft on, so what fits old and new is never missed, and
 * a process that dies half way leaves no record: the next one starts over. One process at a time changes: it holds the lock,
 * a queue that is exclusive to its connection and goes with it.
 *
 * All are auto-delete: deleting the queue takes everything along.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Channel, Options } from 'amqplib'
import type { Binding, ReceiverSpec } from '../../../contract/adapter.ts'
import { isNotFound } from '../native-errors.ts'
import {
  argumentsOf,
  fingerprint,
  type SubscriptionParts,
  subscriptionOptions,
  subscriptionParts,
  subscriptionQueue,
} from '../nodes/topology.ts'
import type { Scratch } from '../wire/scratch.ts'
import type { Session } from '../wire/session.ts'

/** How long to wait for another process that changes the same subscription. Unit: ms. */
const LOCK_MS = 10_000
const LOCK_PAUSE_MS = 50
/** Looks of others that may come in between while a record is written. */
const MOST_LOOKS = 20

/** One binding as the broker takes it. */
interface Bound {
  readonly source: string
  readonly key: string
  readonly arguments: Readonly<Record<string, unknown>>
}

/** Declares a queue of the receiver's own and binds it. Resolves to its name. */
export async function makeLiveSubscription(
  channel: Channel,
  session: Session,
  spec: ReceiverSpec,
): Promise<string> {
  // Not auto-delete: that would end it whenever the window is closed for a while.
  const life = { durable: false, autoDelete: false, exclusive: true }
  const options = subscriptionOptions(spec.limits, life, session.queueType)
  const { queue } = await channel.assertQueue('', options)
  session.declared(queue, options)
  await bindQueue(channel, queue, bindingsOf(spec))
  return queue
}

/** Declares the queue of a named subscription, with exactly the bindings of `spec`. Resolves to its name. */
export async function makeNamedSubscription(
  channel: Channel,
  session: Session,
  spec: ReceiverSpec,
): Promise<string> {
  const { name, durable } = spec.subscription!
  const queue = subscriptionQueue(spec.source.name, name)
  const life = { durable, autoDelete: false, exclusive: false }
  const options = subscriptionOptions(spec.limits, life, session.queueType)
  await channel.assertQueue(queue, options)
  session.declared(queue, options)
  if (isBoundItself(spec)) await bindQueue(channel, queue, bindingsOf(spec))
  else await bindingsBeside(session.scratch, spec, queue).place()
  return queue
}

/** Whose bindings never change: a live subscription, and one of all that is broadcast. */
function isBoundItself({ source, link, subscription }: ReceiverSpec): boolean {
  return !subscription || (source.type === 'broadcast' && !link.bindings)
}

function bindingsBeside(scratch: Scratch, spec: ReceiverSpec, queue: string): Bindings {
  return new Bindings(scratch, queue, spec.subscription!.durable, bindingsOf(spec))
}

class Bindings {
  readonly #scratch: Scratch
  readonly #queue: string
  readonly #wanted: readonly Bound[]
  readonly #parts: SubscriptionParts
  readonly #record: Options.AssertExchange
  readonly #carrier: Options.AssertExchange

  constructor(scratch: Scratch, queue: string, durable: boolean, wanted: readonly Bound[]) {
    this.#scratch = scratch
    this.#queue = queue
    this.#wanted = wanted
    this.#parts = subscriptionParts(queue)
    this.#carrier = { durable, autoDelete: true }
    this.#record = { ...this.#carrier, alternateExchange: `${this.#parts.record}:${fingerprint(wanted)}` }
  }

  async place(): Promise<void> {
    // Still in place behind that: nobody has changed them meanwhile.
    if ((await this.keep()) && (await this.#inPlace())) return
    await this.#locked(async () => {
      if (!(await this.#inPlace())) await this.#change()
    })
  }

  /** Binds again what a topic has lost that was deleted and made anew. `false`: others have put theirs in place, which stay. */
  async keep(): Promise<boolean> {
    if (!(await this.#inPlace())) return false
    await this.#scratch.run((channel) => this.#bind(channel, this.#parts.bindings))
    return true
  }

  /** Whether the record is there, says the same, and belongs to this very queue and not to one of that name before. */
  async #inPlace(): Promise<boolean> {
    const { record, bindings } = this.#parts
    try {
      if (!(await this.#scratch.exchange(record))) return false
      await this.#scratch.run(async (channel) => {
        await channel.assertExchange(record, 'fanout', this.#record)
        await channel.bindExchange(bindings, record, '')
      })
      return true
    } catch (error) {
      const { code } = error as { code?: number }
      if (code === 404 || code === 406) return false
      throw error
    }
  }

  async #change(): Promise<void> {
    const { bindings, draft, record } = this.#parts
    await this.#scratch.run(async (channel) => {
      await channel.deleteExchange(record)
      await this.#carry(channel, draft)
      await channel.deleteExchange(bindings)
      await this.#carry(channel, bindings)
      await channel.deleteExchange(draft)
    })
    await this.#writeRecord()
  }

  /** Whoever looked at the record just before it was removed makes it again by comparing it, with patterns that no longer hold. */
  async #writeRecord(): Promise<void> {
    const { bindings, record } = this.#parts
    for (let left = MOST_LOOKS; ; left--) {
      try {
        await this.#scratch.run(async (channel) => {
          await channel.deleteExchange(record)
          await channel.assertExchange(record, 'fanout', this.#record)
          await channel.bindExchange(bindings, record, '')
        })
        return
      } catch (error) {
        if ((error as { code?: number }).code !== 406 || left === 0) throw error
      }
    }
  }

  async #carry(channel: Channel, exchange: string): Promise<void> {
    await channel.assertExchange(exchange, 'fanout', this.#carrier)
    await channel.bindQueue(this.#queue, exchange, '')
    await this.#bind(channel, exchange)
  }

  async #bind(channel: Channel, exchange: string): Promise<void> {
    for (const { source, key, arguments: args } of this.#wanted) {
      await channel.bindExchange(exchange, source, key, args)
    }
  }

  /** Links of one connection take turns too: what holds the lock here is the place in the queue of questions. */
  async #locked(work: () => Promise<void>): Promise<void> {
    const { lock } = this.#parts
    const turn = (turns.get(this.#scratch) ?? Promise.resolve()).then(async () => {
      await this.#lock(lock)
      try {
        await work()
      } finally {
        await this.#scratch.run((channel) => channel.deleteQueue(lock))
      }
    })
    turns.set(
      this.#scratch,
      turn.catch(() => {}),
    )
    return turn
  }

  async #lock(lock: string): Promise<void> {
    const deadline = performance.now() + LOCK_MS
    for (;;) {
      try {
        await this.#scratch.run((channel) => channel.assertQueue(lock, { exclusive: true, durable: false }))
        return
      } catch (error) {
        if ((error as { code?: number }).code !== 405 || performance.now() > deadline) throw error
        await sleep(LOCK_PAUSE_MS * (0.5 + Math.random()))
      }
    }
  }
}

/** Binding what is bound changes nothing. */
async function bindQueue(channel: Channel, queue: string, bindings: readonly Bound[]): Promise<void> {
  for (const { source, key, arguments: args } of bindings) await channel.bindQueue(queue, source, key, args)
}

/** Changes under way, by connection. */
const turns = new WeakMap<Scratch, Promise<void>>()

function bindingsOf({ source, patterns, link }: ReceiverSpec): Bound[] {
  if (link.bindings) return link.bindings.map((binding) => bound(binding, source.name))
  return [...new Set(patterns)].sort().map((key) => ({ source: source.name, key, arguments: {} }))
}

function bound(binding: Binding, topic: string): Bound {
  return {
    source: binding.source ?? topic,
    key: binding.key ?? '',
    arguments: argumentsOf(binding.arguments),
  }
}

/**
 * Whether the topic is still there: with an exchange only its bindings go, and a consumer is told nothing. One that was deleted
 * and made anew gets its bindings again.
 */
export async function topicIsThere(scratch: Scratch, spec: ReceiverSpec, queue: string): Promise<boolean> {
  const sources = bindingsOf(spec).map(({ source }) => source)
  for (const exchange of new Set([spec.source.name, ...sources])) {
    if (!(await scratch.exchange(exchange))) return false
  }
  try {
    if (isBoundItself(spec)) await scratch.run((channel) => bindQueue(channel, queue, bindingsOf(spec)))
    else await bindingsBeside(scratch, spec, queue).keep()
  } catch (error) {
    // Something has gone or is being changed at this moment: the next look finds out.
    if (!isNotFound(error)) throw error
  }
  return true
}

/** Deletes the queue of a live subscription; its channel may be gone. */
export async function endLiveSubscription(scratch: Scratch, queue: string): Promise<void> {
  try {
    await scratch.run((channel) => channel.deleteQueue(queue))
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
