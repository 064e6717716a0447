/** Bindings: patterns by which queues take the messages of topics, beside subscriptions. */
import type { Binding, NodeSpec } from '../../contract/adapter.ts'
import { MessagingError } from '../../model/errors.ts'
import type { Queue } from '../queue/queue.ts'
import type { StoredBinding } from './node-settings.ts'
import type { Topic } from './topic.ts'

/** Where the ends of a binding are looked up. */
export interface BindingEnds {
  topic(name: string): Topic | undefined
  queue(name: string): Queue | undefined
}

export class Bindings {
  readonly #ends: BindingEnds
  readonly #byQueue = new Map<Queue, StoredBinding[]>()

  constructor(ends: BindingEnds) {
    this.#ends = ends
  }

  of(queue: Queue): readonly StoredBinding[] {
    return this.#byQueue.get(queue) ?? []
  }

  /** Adds a pattern of a topic to a queue for as long as a link lives; returns how to take it off again. */
  lend(queue: Queue, topicName: string, pattern: string): () => void {
    const topic = this.#ends.topic(topicName)
    if (!topic) throw noSuchEnd('topic', topicName)
    topic.trie.add(pattern, queue)
    return () => topic.trie.remove(pattern, queue)
  }

  /** Bindings of a node stay; returns whether there was a new one. */
  add(queue: Queue, wanted: readonly Binding[]): boolean {
    const known = [...this.of(queue)]
    const before = known.length
    for (const { source, key = '#' } of wanted) {
      if (known.some(({ topic, pattern }) => topic === source && pattern === key)) continue
      this.lend(queue, source!, key)
      known.push({ topic: source!, pattern: key })
    }
    this.#byQueue.set(queue, known)
    return known.length > before
  }

  /** Recovery: a topic that did not come back takes its bindings along. */
  restore(queue: Queue, { topic, pattern }: StoredBinding): void {
    if (this.#ends.topic(topic)) this.add(queue, [{ source: topic, key: pattern }])
  }

  /** The queue is gone. */
  dropQueue(queue: Queue): void {
    for (const { topic, pattern } of this.of(queue)) this.#ends.topic(topic)?.trie.remove(pattern, queue)
    this.#byQueue.delete(queue)
  }

  /** The topic is gone; returns the queues that lost a binding. */
  dropTopic(name: string): Queue[] {
    const changed: Queue[] = []
    for (const [queue, bindings] of this.#byQueue) {
      const kept = bindings.filter((binding) => binding.topic !== name)
      if (kept.length === bindings.length) continue
      this.#byQueue.set(queue, kept)
      changed.push(queue)
    }
    return changed
  }

  /** Before anything is made, so that a wrong binding leaves nothing behind. */
  check(spec: NodeSpec): void {
    for (const { source, target } of spec.bindings) {
      const isQueue = spec.type === 'queue'
      const topic = source ?? (isQueue ? undefined : spec.name)
      const queue = target ?? (isQueue ? spec.name : undefined)
      const own = isQueue ? queue === spec.name : topic === spec.name && spec.type !== 'multicast'
      if (topic === undefined || queue === undefined || !own) throw unusableBinding(spec.name)
      if (isQueue && !this.#ends.topic(topic)) throw noSuchEnd('topic', topic)
      if (!isQueue && !this.#ends.queue(queue)) throw noSuchEnd('queue', queue)
    }
  }
}

function unusableBinding(name: string): MessagingError {
  return new MessagingError('NOT_SUPPORTED', `A binding of '${name}' is none from a topic to a queue`, {
    hint: 'Bind a topic (source) to a queue (target) with a pattern (key).',
    context: { address: name, operation: 'bind' },
  })
}

function noSuchEnd(kind: string, name: string): MessagingError {
  return new MessagingError('ADDRESS_NOT_FOUND', `no such ${kind}: ${name}`, {
    context: { address: name, operation: 'bind' },
  })
}
