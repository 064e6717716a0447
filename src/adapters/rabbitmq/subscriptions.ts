/**
 * The queue behind a subscription and its bindings.
 *
 * A live subscription is an exclusive queue bound to the topic's exchange. A named one outlives its receivers, and the next
 * one may come with other patterns: then the old bindings must go. AMQP 0-9-1 cannot list bindings, and a queue cannot
 * remember them, so they hang on exchanges between topic and queue that are known by name:
 *
 * ```text
 *            patterns
 *   topic ────────────▶ slot n (fanout) ───▶ queue          slot n: `QUEUE:bindings:n`
 *                         ▲
 *   marker (fanout) ──────┘                                 marker: `QUEUE:patterns:<hash of the patterns>`
 * ```
 *
 * The marker says which patterns are in place. For other ones a new slot is built first and the old slot is deleted after,
 * so what fits both is never missed. All of them are auto-delete: deleting a slot takes its marker along, deleting the
 * queue takes everything. A process that dies half way leaves two slots; the next one builds a third and deletes both.
 */
import type { Channel } from 'amqplib'
import type { Binding, ReceiverSpec } from '../../api/adapter.ts'
import { isNotFound } from './errors.ts'
import type { Scratch } from './scratch.ts'
import { bindingSlot, bindingsMarker, queueOptions, subscriptionQueue } from './topology.ts'

/** Slots that a subscription may have after as many crashes half way through a change. */
const SLOTS = 4

/** One binding as the broker takes it. */
interface Bound {
  readonly source: string
  readonly key: string
  readonly arguments: Readonly<Record<string, unknown>>
}

/** Declares a queue of the receiver's own and binds it. Resolves to its name. */
export async function makeLiveSubscription(channel: Channel, spec: ReceiverSpec): Promise<string> {
  // Not auto-delete: that would end it whenever the window is closed for a while.
  const life = { durable: false, autoDelete: false, exclusive: true }
  const { queue } = await channel.assertQueue('', queueOptions(spec.limits, life))
  for (const { source, key, arguments: args } of bindingsOf(spec))
    await channel.bindQueue(queue, source, key, args)
  return queue
}

/** Declares the queue of a named subscription, with exactly the bindings of `spec`. Resolves to its name. */
export async function makeNamedSubscription(
  channel: Channel,
  scratch: Scratch,
  spec: ReceiverSpec,
): Promise<string> {
  const { name, durable } = spec.subscription!
  const queue = subscriptionQueue(spec.source.name, name)
  await channel.assertQueue(
    queue,
    queueOptions(spec.limits, { durable, autoDelete: false, exclusive: false }),
  )
  const bindings = bindingsOf(spec)
  if (spec.source.type === 'broadcast' && !spec.link.bindings) {
    for (const { source, key } of bindings) await channel.bindQueue(queue, source, key)
  } else await placeBindings(channel, scratch, queue, durable, bindings)
  return queue
}

async function placeBindings(
  channel: Channel,
  scratch: Scratch,
  queue: string,
  durable: boolean,
  bindings: readonly Bound[],
): Promise<void> {
  const marker = bindingsMarker(queue, bindings)
  const [marked, ...slots] = await Promise.all([
    scratch.exchange(marker),
    ...Array.from({ length: SLOTS }, (_, slot) => scratch.exchange(bindingSlot(queue, slot))),
  ])
  const used = slots.flatMap((exists, slot) => (exists ? [slot] : []))
  if (marked && used.length === 1) return
  const free = slots.indexOf(false)
  // As many crashes in a row as there are slots: the last one is cleared, and misses what comes in that moment.
  const slot = free === -1 ? SLOTS - 1 : free
  if (free === -1) await channel.deleteExchange(bindingSlot(queue, slot))
  const fresh = bindingSlot(queue, slot)
  const options = { durable, autoDelete: true }
  await channel.assertExchange(fresh, 'fanout', options)
  await channel.bindQueue(queue, fresh, '')
  for (const { source, key, arguments: args } of bindings)
    await channel.bindExchange(fresh, source, key, args)
  // order: the marker comes after the bindings it vouches for, and leaves with the slot it hangs on.
  await channel.assertExchange(marker, 'fanout', options)
  await channel.bindExchange(fresh, marker, '')
  for (const old of used) if (old !== slot) await channel.deleteExchange(bindingSlot(queue, old))
}

function bindingsOf({ source, patterns, link }: ReceiverSpec): Bound[] {
  if (link.bindings) return link.bindings.map((binding) => bound(binding, source.name))
  return [...new Set(patterns)].sort().map((key) => ({ source: source.name, key, arguments: {} }))
}

function bound(binding: Binding, topic: string): Bound {
  return { source: binding.source ?? topic, key: binding.key ?? '', arguments: binding.arguments ?? {} }
}

/** Deletes the queue of a live subscription; its channel may be gone. */
export async function endLiveSubscription(scratch: Scratch, queue: string): Promise<void> {
  try {
    await scratch.run((channel) => channel.deleteQueue(queue))
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
