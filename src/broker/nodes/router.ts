/** From a transfer to the queues that get it, and back with its outcome. */
import { memberQueue, type NodeInfo, type NodeRef, type Transfer } from '../../contract/adapter.ts'
import { parseAddress } from '../../model/address-text/index.ts'
import { deadLetterOf } from '../../model/copy.ts'
import { MessagingError, nodeFull } from '../../model/errors.ts'
import { listed } from '../../model/listed.ts'
import type { OutgoingMessage } from '../../model/message.ts'
import type { Kernel } from '../queue/kernel.ts'
import type { Queue } from '../queue/queue.ts'
import type { Entry } from '../queue/waiting/entry.ts'
import { unwritable } from '../store/refusals.ts'
import type { CommitWaiter } from '../store/store.ts'
import { PendingMove, PendingSend, type RefusalListener } from '../store/writing/pending-writes.ts'
import type { Nodes } from './nodes.ts'
import { Topic } from './topic.ts'

/** A private reply address. */
export interface ReplyPlace {
  answer(message: OutgoingMessage): void
}

export const REPLY_PREFIX = 'reply:'

/** The place a link sends to, found again when its node was replaced. */
export class Target {
  readonly ref: NodeRef
  queue: Queue | undefined
  topic: Topic | undefined

  constructor(ref: NodeRef) {
    this.ref = ref
  }
}

export class Router {
  readonly #kernel: Kernel
  readonly #nodes: Nodes
  readonly replies = new Map<string, ReplyPlace>()

  constructor(kernel: Kernel, nodes: Nodes) {
    this.#kernel = kernel
    this.#nodes = nodes
  }

  /** Routes one message and settles its transfer. `false`: it was refused. `sender` hears of a later refusal. */
  route(target: Target, transfer: Transfer, sender?: RefusalListener): boolean {
    const { message } = transfer
    const queue = target.queue
    if (queue !== undefined && !queue.deleted) return this.#toQueue(queue, message, transfer, sender)
    if (target.topic !== undefined && !target.topic.deleted) {
      return this.#toTopic(target.topic, message, transfer, sender)
    }
    if (target.ref.type === 'multicast') return this.#toMembers(target.ref.name, message, transfer, sender)
    target.queue = this.#nodes.queueOf(target.ref)
    if (target.queue) return this.#toQueue(target.queue, message, transfer, sender)
    const topic = this.#nodes.topicOf(target.ref)
    if (topic instanceof Topic) {
      target.topic = topic
      return this.#toTopic(topic, message, transfer, sender)
    }
    if (topic) return this.#toMembers(topic.name, message, transfer, sender)
    const place = this.replies.get(target.ref.name)
    if (place) {
      place.answer(message)
      return this.#answer(transfer)
    }
    const text = `There is no queue or topic '${target.ref.name}'`
    return this.#answer(transfer, unroutable(target.ref.name, message, text))
  }

  /** Routes by the message's own `to`: a reply address, or an address string. */
  routeByAddress(transfer: Transfer, sender?: RefusalListener): boolean {
    const { message } = transfer
    const { to } = message
    if (to === undefined || to === '') {
      return this.#answer(transfer, unroutable('', message, 'The message says no address'))
    }
    if (to.startsWith(REPLY_PREFIX)) {
      const place = this.replies.get(to)
      if (!place)
        return this.#answer(transfer, unroutable(to, message, 'Nobody waits at this reply address any more'))
      place.answer(message)
      return this.#answer(transfer)
    }
    let name: string
    try {
      const address = parseAddress(to)
      name = address.name
      if (message.subject === undefined) message.subject = address.subject
    } catch (cause) {
      return this.#answer(transfer, unroutable(to, message, `'${to}' is no address`, cause))
    }
    return this.route(new Target({ name, type: undefined }), transfer, sender)
  }

  /** A reply address is there for those who look before they send. */
  inspectReply({ name, type = 'queue' }: NodeRef): NodeInfo | undefined {
    if (type !== 'queue' || !this.replies.has(name)) return undefined
    return { name, type, depth: 0, receivers: 1, durable: false, details: {} }
  }

  settle(transfer: Transfer, error?: MessagingError, copies = 1): void {
    this.#kernel.turn.settle(transfer, error, copies)
  }

  #answer(transfer: Transfer, error?: MessagingError): boolean {
    this.settle(transfer, error)
    return error === undefined
  }

  #toQueue(
    queue: Queue,
    message: OutgoingMessage,
    transfer: Transfer,
    sender: RefusalListener | undefined,
  ): boolean {
    if (queue.full) return this.#answer(transfer, rejectedAsFull([queue], message))
    const entry = queue.admit(message)
    if (entry.storeKey === 0 && queue.pending === 1) {
      queue.arrive(entry)
      this.settle(transfer)
      return true
    }
    return this.#storeSend([entry], transfer, sender, undefined)
  }

  #toTopic(
    topic: Topic,
    message: OutgoingMessage,
    transfer: Transfer,
    sender: RefusalListener | undefined,
  ): boolean {
    const queues = topic.trie.match(message.subject ?? '')
    let full: Queue[] | undefined
    for (const queue of queues) {
      if (!queue.full) continue
      full ??= []
      full.push(queue)
    }
    // All or none, so that sending again after a refusal duplicates nothing.
    if (full) return this.#answer(transfer, rejectedAsFull(full, message))
    return this.#toQueues(queues, transfer, sender, undefined)
  }

  /** Members that are there get it; those that never joined are named. */
  #toMembers(
    node: string,
    message: OutgoingMessage,
    transfer: Transfer,
    sender: RefusalListener | undefined,
  ): boolean {
    const queues: Queue[] = []
    const full: Queue[] = []
    const missing: string[] = []
    for (const member of message.members ?? []) {
      const queue = this.#nodes.queue(memberQueue(node, member))
      if (!queue) missing.push(member)
      else if (queue.full) full.push(queue)
      else queues.push(queue)
    }
    let error = full.length > 0 ? rejectedAsFull(full, message) : undefined
    if (missing.length > 0 || message.members === undefined) {
      const text = `No such member of '${node}': ${listed(missing)}`
      error = unroutable(node, message, text, error, { members: missing })
    }
    return this.#toQueues(queues, transfer, sender, error) && error === undefined
  }

  #toQueues(
    queues: readonly Queue[],
    transfer: Transfer,
    sender: RefusalListener | undefined,
    outcome: MessagingError | undefined,
  ): boolean {
    let entries: Entry[] | undefined
    for (const queue of queues) {
      const entry = queue.admit(transfer.message)
      if (entry.storeKey === 0 && queue.pending === 1) queue.arrive(entry)
      else {
        entries ??= []
        entries.push(entry)
      }
    }
    if (entries) return this.#storeSend(entries, transfer, sender, outcome)
    this.settle(transfer, outcome, queues.length)
    return true
  }

  /** `false`: the message cannot be written as it is, and nothing of it is kept. */
  #storeSend(
    entries: readonly Entry[],
    transfer: Transfer,
    sender: RefusalListener | undefined,
    outcome: MessagingError | undefined,
  ): boolean {
    const { message } = transfer
    try {
      this.#store(entries, message, new PendingSend(this.#kernel, entries, transfer, sender, outcome))
      return true
    } catch (cause) {
      for (const entry of entries) entry.queue.revoke(entry)
      return this.#answer(transfer, unwritable(cause, entries[0]!.queue.name, message))
    }
  }

  /** @throws when the message cannot be written as it is; nothing of it is written then, the entries are the caller's */
  #store(entries: readonly Entry[], message: OutgoingMessage, waiter: CommitWaiter): void {
    const store = this.#kernel.store!
    let at = 0
    try {
      for (; at < entries.length; at++) {
        const entry = entries[at]!
        if (entry.storeKey === 0) continue
        entry.resident = store.insert(entry.queue.storeId, entry.storeKey, message, entry, waiter)
      }
    } catch (error) {
      for (const { queue, storeKey } of entries.slice(0, at)) {
        if (storeKey !== 0) store.remove(queue.storeId, storeKey, false)
      }
      for (const entry of entries) entry.resident = 0
      throw error
    }
    store.commit(waiter)
  }

  /**
   * Moves a leased message to where rejects go; resolves when that is safe. Both sides are written in one batch, so
   * that a crash neither loses nor doubles it.
   */
  deadLetter(entry: Entry, reason: string, target: NodeRef | undefined, error?: string): Promise<void> {
    const source = entry.queue
    if (!target) {
      source.moved(entry)
      return DONE
    }
    const message = this.#kernel.messageOf(entry)
    if (!message) {
      source.leftOut(entry)
      return DONE
    }
    const letter = deadLetterOf(message, reason, entry.count, source.name, error)
    const entries: Entry[] = []
    for (const queue of this.#deadLetterQueues(target, letter)) {
      const copy = queue.admit(letter)
      if (copy.storeKey === 0 && queue.pending === 1) queue.arrive(copy)
      else entries.push(copy)
    }
    if (entries.length === 0) {
      source.moved(entry)
      return DONE
    }
    return new Promise((resolve) => {
      const move = new PendingMove(this.#kernel, entries, resolve)
      try {
        this.#store(entries, letter, move)
      } catch (cause) {
        // It came from memory, and stays there.
        this.#kernel.owner.warn(source, unwritable(cause, target.name, letter))
        move.stored(undefined)
      }
      source.moved(entry)
    })
  }

  #deadLetterQueues(target: NodeRef, letter: OutgoingMessage): readonly Queue[] {
    const queue = this.#nodes.queueOf(target)
    if (queue) return [queue]
    const topic = this.#nodes.topicOf(target)
    if (topic instanceof Topic) return topic.trie.match(letter.subject ?? '')
    return [this.#nodes.addPlainQueue(target.name)]
  }
}

function rejectedAsFull(queues: readonly Queue[], message: OutgoingMessage): MessagingError {
  const names = queues.map((queue) => `'${queue.name}'`).join(', ')
  return nodeFull(`The queue is full: ${names}`, {
    context: { address: queues[0]!.name, operation: 'send', messageId: message.id },
  })
}

function unroutable(
  address: string,
  message: OutgoingMessage,
  text: string,
  cause?: unknown,
  more: Record<string, unknown> = {},
): MessagingError {
  return new MessagingError('SEND_UNROUTABLE', text, {
    cause,
    context: { address, operation: 'send', messageId: message.id, ...more },
  })
}

const DONE = Promise.resolve()
