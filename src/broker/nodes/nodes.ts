/** The nodes of one broker: by name, as declared, as kept in the store. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type NodeInfo, type NodeRef, type NodeSpec, plainQueue } from '../../contract/adapter.ts'
import { checkKnownKeys } from '../../core/options/known-keys.ts'
import { MessagingError } from '../../model/errors.ts'
import type { Kernel } from '../queue/kernel.ts'
import { Queue, type QueueOwner } from '../queue/queue.ts'
import type { EntryQueue } from '../queue/waiting/entry.ts'
import { type BindingEnds, Bindings } from './bindings.ts'
import {
  checkSameSettings,
  mismatch,
  type NodeRecord,
  type QueueSettings,
  queueSettings,
} from './node-settings.ts'
import { NodeStore } from './node-store.ts'
import { type NamedSubscription, Topic } from './topic.ts'

/** Messages that a purge removes at once. */
const PURGE = 5_000

/** Longest name of a node or subscription. Unit: UTF-8 bytes. */
export const MAX_NAME_BYTES = 1_000

/** A multicast is no more than a name: each member is a queue of its own. */
interface Multicast {
  readonly name: string
  readonly type: 'multicast'
  readonly durable: boolean
  readonly id: number
  readonly native: Readonly<Record<string, unknown>>
}

export class Nodes implements BindingEnds, QueueOwner {
  readonly #kernel: Kernel
  readonly #store: NodeStore
  readonly queues = new Map<string, Queue>()
  readonly topics = new Map<string, Topic | Multicast>()
  readonly bindings: Bindings = new Bindings(this)
  readonly #subscriptions = new Map<EntryQueue, NamedSubscription>()
  readonly #liveTopics = new Map<EntryQueue, Topic>()

  constructor(kernel: Kernel) {
    this.#kernel = kernel
    this.#store = new NodeStore(kernel.store)
  }

  // ── finding ──

  queue(name: string): Queue | undefined {
    return this.queues.get(name)
  }

  topic(name: string): Topic | undefined {
    const found = this.topics.get(name)
    return found instanceof Topic ? found : undefined
  }

  /** The queue behind a reference: a queue's own, or that of a named subscription. */
  queueOf(ref: NodeRef): Queue | undefined {
    if (ref.subscription !== undefined) return this.topic(ref.name)?.named.get(ref.subscription)?.queue
    return ref.type === undefined || ref.type === 'queue' ? this.queues.get(ref.name) : undefined
  }

  topicOf(ref: NodeRef): Topic | Multicast | undefined {
    if (ref.type === 'queue') return undefined
    const found = this.topics.get(ref.name)
    return found && ref.type !== undefined && found.type !== ref.type ? undefined : found
  }

  /** The topic a queue takes its messages from, when it is a subscription. */
  topicOfSubscription(queue: EntryQueue): Topic | undefined {
    return this.#subscriptions.get(queue)?.topic ?? this.#liveTopics.get(queue)
  }

  // ── making ──

  async declare(spec: NodeSpec): Promise<void> {
    checkName(spec.name)
    // An option that would change nothing must not seem to have been understood. `type` comes from address strings.
    checkKnownKeys(spec.native, ['type'], 'native')
    this.bindings.check(spec)
    if (spec.type === 'queue') await this.#declareQueue(spec)
    else await this.#declareTopic(spec, spec.type)
  }

  async #declareQueue(spec: NodeSpec): Promise<void> {
    const settings = queueSettings(spec, spec)
    const existing = this.queues.get(spec.name)
    if (existing) {
      checkSameSettings(spec.name, existing.settings, settings)
      existing.touch()
      if (this.bindings.add(existing, spec.bindings)) this.#changed(existing)
      return this.#store.written(existing.storeId, spec.name)
    }
    const queue = this.addQueue(spec.name, settings)
    this.bindings.add(queue, spec.bindings)
    await this.#store.create(queue.storeId, this.#recordOf(queue), () => this.#dropQueue(queue))
  }

  async #declareTopic(spec: NodeSpec, type: Exclude<NodeSpec['type'], 'queue'>): Promise<void> {
    const { name, durable, native } = spec
    const existing = this.topics.get(name)
    if (existing && existing.type !== type) throw mismatch(name, `it is a ${existing.type}, not a ${type}`)
    if (existing && existing.durable !== durable) {
      throw mismatch(name, `durable is ${existing.durable}, not ${durable}`)
    }
    const topic = existing ?? this.addTopic(name, type, durable, native)
    const bound = spec.bindings.map(({ source = name, target, key }) => {
      const queue = this.queues.get(target!)!
      if (this.bindings.add(queue, [{ source, key }])) this.#changed(queue)
      return queue
    })
    if (existing) await this.#store.written(existing.id, name)
    else await this.#store.create(topic.id, topicRecord(topic), () => this.#dropTopic(name))
    for (const queue of bound) await this.#store.written(queue.storeId, queue.name)
  }

  /** Makes a queue in memory; `id` comes from recovery. */
  addQueue(name: string, settings: QueueSettings, id = this.#store.newId(settings.durable)): Queue {
    const queue = new Queue(this.#kernel, this, name, 'queue', settings, id)
    this.queues.set(name, queue)
    return queue
  }

  /** A durable queue that nobody declared, for dead letters; written with what is put into it. */
  addPlainQueue(name: string): Queue {
    const plain = plainQueue(name)
    const queue = this.addQueue(name, queueSettings(plain, plain))
    this.#changed(queue)
    return queue
  }

  addTopic(
    name: string,
    type: 'topic' | 'broadcast' | 'multicast',
    durable: boolean,
    native: Readonly<Record<string, unknown>>,
    id = this.#store.newId(durable),
  ): Topic | Multicast {
    const made =
      type === 'multicast' ? { name, type, durable, id, native } : new Topic(name, type, durable, id, native)
    this.topics.set(name, made)
    return made
  }

  addLive(topic: Topic, patterns: readonly string[], settings: QueueSettings): Queue {
    const queue = new Queue(this.#kernel, this, topic.name, 'live', settings, 0)
    topic.addLive(queue, patterns)
    this.#liveTopics.set(queue, topic)
    return queue
  }

  addNamed(
    topic: Topic,
    name: string,
    patterns: readonly string[],
    settings: QueueSettings,
    id = this.#store.newId(settings.durable),
  ): NamedSubscription {
    const queue = new Queue(this.#kernel, this, `${topic.name}/${name}`, 'named', settings, id)
    const subscription = { topic, name, queue, patterns }
    topic.addNamed(subscription)
    this.#subscriptions.set(queue, subscription)
    return subscription
  }

  /** The named subscription, made when missing; other patterns and limits replace those it has. */
  async subscribe(
    topic: Topic,
    name: string,
    patterns: readonly string[],
    settings: QueueSettings,
  ): Promise<NamedSubscription> {
    checkName(name)
    const existing = topic.named.get(name)
    if (!existing) {
      const made = this.addNamed(topic, name, patterns, settings)
      await this.#store.create(made.queue.storeId, this.#recordOf(made.queue), () =>
        this.#dropSubscription(made),
      )
      return made
    }
    if (existing.queue.settings.durable !== settings.durable) {
      throw mismatch(`${topic.name}/${name}`, `durable is ${!settings.durable}, not ${settings.durable}`)
    }
    const changed =
      !samePatterns(existing.patterns, patterns) ||
      JSON.stringify(existing.queue.settings) !== JSON.stringify(settings)
    if (changed) {
      topic.replacePatterns(existing, patterns)
      existing.queue.settings = settings
      existing.queue.touch()
      this.#changed(existing.queue)
    }
    await this.#store.written(existing.queue.storeId, `${topic.name}/${name}`)
    return existing
  }

  // ── removing ──

  async delete(ref: NodeRef): Promise<boolean> {
    const queue = this.queueOf(ref)
    const topic = ref.subscription === undefined ? this.topicOf(ref) : undefined
    if (queue) this.remove(queue)
    else if (topic) this.#dropTopic(ref.name)
    else return false
    await this.#store.committed(queue?.storeId ?? topic!.id, ref.name, 'delete')
    return true
  }

  /** In pieces, between which others have their turn. Bound: as many as wait now, so that it ends while others send. */
  async purge(ref: NodeRef): Promise<number> {
    const queue = this.queueOf(ref)
    if (!queue) return 0
    const waiting = queue.ready + queue.delayed
    let removed = 0
    while (removed < waiting) {
      const some = queue.purge(Math.min(PURGE, waiting - removed))
      if (some === 0) break
      removed += some
      await this.#store.committed(queue.storeId, ref.name, 'purge')
      if (removed < waiting) await nextTurn()
    }
    return removed
  }

  /** A queue nobody needs any more removes itself. */
  remove(queue: Queue): void {
    const subscription = this.#subscriptions.get(queue)
    const topic = this.#liveTopics.get(queue)
    if (subscription) this.#dropSubscription(subscription)
    else if (topic) this.#dropLive(topic, queue)
    else if (this.queues.get(queue.name) === queue) this.#dropQueue(queue)
  }

  #dropQueue(queue: Queue): void {
    this.queues.delete(queue.name)
    this.bindings.dropQueue(queue)
    this.#forget(queue)
  }

  #dropTopic(name: string): void {
    const topic = this.topics.get(name)
    if (!topic) return
    this.topics.delete(name)
    this.#store.remove(topic.id)
    if (!(topic instanceof Topic)) return
    topic.deleted = true
    for (const subscription of [...topic.named.values()]) this.#dropSubscription(subscription)
    for (const queue of [...topic.live.keys()]) this.#dropLive(topic, queue)
    for (const queue of this.bindings.dropTopic(name)) this.#changed(queue)
  }

  #dropSubscription(subscription: NamedSubscription): void {
    subscription.topic.removeNamed(subscription)
    this.#subscriptions.delete(subscription.queue)
    this.#forget(subscription.queue)
  }

  #dropLive(topic: Topic, queue: Queue): void {
    topic.removeLive(queue)
    this.#liveTopics.delete(queue)
    queue.delete()
  }

  #forget(queue: Queue): void {
    queue.delete()
    this.#store.remove(queue.storeId)
  }

  // ── looking ──

  inspect(ref: NodeRef): NodeInfo | undefined {
    const queue = this.queueOf(ref)
    if (queue) return this.#queueInfo(ref.name, queue)
    const topic = ref.subscription === undefined ? this.topicOf(ref) : undefined
    return topic && topicInfo(topic)
  }

  list(): NodeInfo[] {
    const queues = [...this.queues].map(([name, queue]) => this.#queueInfo(name, queue))
    return [...queues, ...[...this.topics.values()].map(topicInfo)]
  }

  #queueInfo(name: string, queue: Queue): NodeInfo {
    const { durable, native, ...limits } = queue.settings
    const subscription = this.#subscriptions.get(queue)
    return {
      name,
      type: subscription ? subscription.topic.type : 'queue',
      depth: queue.ready,
      receivers: queue.consumers.size,
      durable,
      details: {
        delayed: queue.delayed,
        unsettled: queue.leased,
        browsers: queue.browsers.size,
        ...(subscription
          ? { subscription: subscription.name, patterns: subscription.patterns }
          : { bindings: this.bindings.of(queue) }),
        ...Object.fromEntries(
          Object.entries(limits).filter(([, value]) => value !== undefined && value !== false),
        ),
        ...native,
      },
    }
  }

  #changed(queue: Queue): void {
    this.#store.change(queue.storeId, this.#recordOf(queue))
  }

  #recordOf(queue: Queue): NodeRecord {
    const { settings } = queue
    const subscription = this.#subscriptions.get(queue)
    if (!subscription) return { kind: 'queue', name: queue.name, settings, bindings: this.bindings.of(queue) }
    const { topic, name, patterns } = subscription
    return { kind: 'subscription', topic: topic.name, topicType: topic.type, name, patterns, settings }
  }
}

function topicRecord(topic: Topic | Multicast): NodeRecord {
  const { name, type, durable, native } = topic
  return type === 'multicast'
    ? { kind: 'multicast', name, durable, native }
    : { kind: 'topic', name, type, durable, native }
}

function topicInfo(topic: Topic | Multicast): NodeInfo {
  const { name, type, durable, native } = topic
  if (!(topic instanceof Topic)) {
    return { name, type, depth: undefined, receivers: undefined, durable, details: { ...native } }
  }
  const subscriptions = [...topic.named.values()].map(({ name, patterns, queue }) => ({
    name,
    patterns,
    depth: queue.ready,
    receivers: queue.consumers.size,
  }))
  const receivers = topic.live.size + topic.named.size
  return {
    name,
    type,
    depth: 0,
    receivers,
    durable,
    details: { live: topic.live.size, subscriptions, ...native },
  }
}

function samePatterns(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((pattern) => b.includes(pattern))
}

function checkName(name: string): void {
  if (name !== '' && Buffer.byteLength(name) <= MAX_NAME_BYTES) return
  throw new MessagingError(
    'ADDRESS_MALFORMED',
    `The name has ${Buffer.byteLength(name)} bytes, not 1 to ${MAX_NAME_BYTES}`,
  )
}
