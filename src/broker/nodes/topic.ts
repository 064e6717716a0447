/** One topic (or broadcast): who gets what. It keeps no message itself. */

import type { Queue } from '../queue/queue.ts'
import { PatternTrie } from './pattern-trie.ts'

/** A named subscription: a queue filled by patterns. */
export interface NamedSubscription {
  readonly topic: Topic
  readonly name: string
  readonly queue: Queue
  patterns: readonly string[]
}

export class Topic {
  readonly name: string
  readonly type: 'topic' | 'broadcast'
  readonly durable: boolean
  /** Its key in the store; 0: it is not kept there. */
  readonly id: number
  readonly native: Readonly<Record<string, unknown>>
  readonly trie = new PatternTrie<Queue>()
  readonly named = new Map<string, NamedSubscription>()
  /** Live subscriptions with their patterns. */
  readonly live = new Map<Queue, readonly string[]>()
  deleted = false

  constructor(
    name: string,
    type: 'topic' | 'broadcast',
    durable: boolean,
    id: number,
    native: Readonly<Record<string, unknown>>,
  ) {
    this.name = name
    this.type = type
    this.durable = durable
    this.id = id
    this.native = native
  }

  addLive(queue: Queue, patterns: readonly string[]): void {
    this.live.set(queue, patterns)
    for (const pattern of patterns) this.trie.add(pattern, queue)
  }

  removeLive(queue: Queue): void {
    for (const pattern of this.live.get(queue) ?? []) this.trie.remove(pattern, queue)
    this.live.delete(queue)
  }

  addNamed(subscription: NamedSubscription): void {
    this.named.set(subscription.name, subscription)
    for (const pattern of subscription.patterns) this.trie.add(pattern, subscription.queue)
  }

  removeNamed(subscription: NamedSubscription): void {
    this.named.delete(subscription.name)
    for (const pattern of subscription.patterns) this.trie.remove(pattern, subscription.queue)
  }

  /** New ones first, so that what fits both is never missed in between. */
  replacePatterns(subscription: NamedSubscription, patterns: readonly string[]): void {
    for (const pattern of patterns) this.trie.add(pattern, subscription.queue)
    for (const pattern of subscription.patterns) this.trie.remove(pattern, subscription.queue)
    subscription.patterns = patterns
  }
}
