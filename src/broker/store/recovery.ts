/** Brings back what a store holds: nodes first, then their messages, without reading bodies. */
import { MessagingError } from '../../model/errors.ts'
import {
  type NodeRecord,
  parseNodeRecord,
  restoredSettings,
  type StoredBinding,
} from '../nodes/node-settings.ts'
import type { Nodes } from '../nodes/nodes.ts'
import { Topic } from '../nodes/topic.ts'
import type { Kernel } from '../queue/kernel.ts'
import { unreadable } from '../queue/losses.ts'
import type { Queue } from '../queue/queue.ts'
import { type Resends, resendKey } from '../queue/resends.ts'
import { soundPriority } from '../queue/sound-message.ts'
import { Entry } from '../queue/waiting/entry.ts'
import { placeOf } from '../session/sender-link.ts'
import type { DamagedEntry, Store, StoredEntry } from './store.ts'

/** How many of the newest messages are known as sent, should an unanswered send come again after the restart. */
const RESEND_WINDOW = 20_000

/** @throws `CONNECT_FAILED` when the store holds what this version cannot read */
export function recover(store: Store, kernel: Kernel, nodes: Nodes, resends: Resends): void {
  const queues = restoreNodes(store, nodes)
  const orphaned = new Set<number>()
  const newest: Entry[] = []
  const damaged: DamagedEntry[] = []
  for (const stored of store.entries((entry) => damaged.push(entry))) {
    kernel.seqUsed(stored.key)
    const queue = queues.get(stored.queue)
    if (!queue) {
      // Its node was deleted; the process ended before all of it was swept.
      orphaned.add(stored.queue)
      continue
    }
    const entry = restoredEntry(queue, stored)
    if (newest.length < RESEND_WINDOW) newest.push(entry)
    else newest[entry.storeKey % RESEND_WINDOW] = entry
    queue.recover(entry)
  }
  for (const { queue: id, key, cause } of damaged) {
    // Its place stays taken.
    kernel.seqUsed(key)
    const queue = queues.get(id)
    if (queue) kernel.owner.warn(queue, unreadable(queue, key, cause, 'open'))
  }
  for (const id of orphaned) store.clear(id)
  for (const entry of newest) rememberAsSent(entry, kernel, nodes, resends)
}

function restoreNodes(store: Store, nodes: Nodes): Map<number, Queue> {
  const records = store.nodes().map(({ id, text }) => ({ id, record: readRecord(text) }))
  const queues = new Map<number, Queue>()
  const bindings: { queue: Queue; bindings: readonly StoredBinding[] }[] = []
  for (const { id, record } of records) {
    if (record.kind === 'topic') nodes.addTopic(record.name, record.type, record.durable, record.native, id)
    if (record.kind === 'multicast')
      nodes.addTopic(record.name, 'multicast', record.durable, record.native, id)
    if (record.kind === 'queue') {
      const queue = nodes.addQueue(record.name, restoredSettings(record.settings), id)
      queues.set(id, queue)
      bindings.push({ queue, bindings: record.bindings })
    }
  }
  for (const { id, record } of records) {
    if (record.kind !== 'subscription') continue
    // A durable subscription outlives a topic that is not: the topic comes back with it.
    const topic = nodes.topic(record.topic) ?? nodes.addTopic(record.topic, record.topicType, false, {}, 0)
    if (!(topic instanceof Topic)) continue
    const { queue } = nodes.addNamed(
      topic,
      record.name,
      record.patterns,
      restoredSettings(record.settings),
      id,
    )
    queues.set(id, queue)
  }
  for (const { queue, bindings: list } of bindings)
    for (const binding of list) nodes.bindings.restore(queue, binding)
  return queues
}

function readRecord(text: string): NodeRecord {
  try {
    return parseNodeRecord(text)
  } catch (cause) {
    throw new MessagingError('CONNECT_FAILED', 'The store holds a node that cannot be read', {
      cause,
      retryable: false,
      hint: 'The store is damaged or of a newer version: restore its directory from a copy, or upgrade.',
    })
  }
}

function restoredEntry(queue: Queue, stored: StoredEntry): Entry {
  const { key, expiresAt, count } = stored
  const entry = new Entry(queue, key, key, undefined, soundPriority(stored.priority), expiresAt, count)
  entry.redelivered = stored.redelivered
  entry.dueAt = stored.dueAt
  entry.marked = count > 0 || stored.redelivered
  return entry
}

function rememberAsSent(entry: Entry, kernel: Kernel, nodes: Nodes, resends: Resends): void {
  if (entry.state === 'gone') return
  const message = kernel.messageOf(entry)
  if (!message) return
  const { queue } = entry
  const topic = nodes.topicOfSubscription(queue)
  const place = placeOf({ name: topic?.name ?? queue.name, type: topic ? 'topic' : 'queue' })
  resends.remember(resendKey(place, message))
}
