/** One client's links, and the verbs that make them. */
import type {
  AdapterRequester,
  AdapterSender,
  NodeInfo,
  NodeRef,
  NodeSpec,
  ReceiverEvents,
  ReceiverSpec,
  SenderSpec,
} from '../../contract/adapter.ts'
import { settledWithin } from '../../core/aborts.ts'
import { inUse, MessagingError } from '../../model/errors.ts'
import { queueSettings } from '../nodes/node-settings.ts'
import type { Nodes } from '../nodes/nodes.ts'
import type { Router } from '../nodes/router.ts'
import { Topic } from '../nodes/topic.ts'
import type { Kernel } from '../queue/kernel.ts'
import type { Queue } from '../queue/queue.ts'
import type { Resends } from '../queue/resends.ts'
import type { EntryQueue } from '../queue/waiting/entry.ts'
import { Browser } from './browser.ts'
import { Consumer } from './consumer.ts'
import { RequesterLink, type SenderContext, SenderLink } from './sender-link.ts'
import type { BrokerReceiver, Session, SessionEvents } from './session.ts'

/** Longest wait for the disk on closing. Unit: ms. */
const CLOSE_MS = 1_000

interface BrokerParts {
  readonly kernel: Kernel
  readonly nodes: Nodes
  readonly router: Router
  readonly resends: Resends
}

export class BrokerSession implements Session {
  readonly broker: { readonly product: string; readonly version: string }
  readonly events: SessionEvents
  readonly #parts: BrokerParts
  readonly #onEnd: () => void
  readonly #senders = new Set<SenderLink>()
  readonly #receivers = new Set<Consumer | Browser>()
  readonly #senderContext: SenderContext
  #ended: MessagingError | undefined
  #closing: Promise<void> | undefined

  constructor(
    broker: { readonly product: string; readonly version: string },
    parts: BrokerParts,
    events: SessionEvents,
    onEnd: () => void,
  ) {
    this.broker = broker
    this.#parts = parts
    this.events = events
    this.#onEnd = onEnd
    const { router, resends, kernel } = parts
    this.#senderContext = {
      router,
      resends,
      store: kernel.store,
      onClose: (sender) => this.#senders.delete(sender),
    }
  }

  async declare(node: NodeSpec): Promise<void> {
    this.#check()
    await this.#parts.nodes.declare(node)
  }

  async delete(node: NodeRef): Promise<boolean> {
    this.#check()
    return this.#parts.nodes.delete(node)
  }

  async purge(node: NodeRef): Promise<number> {
    this.#check()
    return this.#parts.nodes.purge(node)
  }

  async inspect(node: NodeRef): Promise<NodeInfo | undefined> {
    this.#check()
    return this.#parts.nodes.inspect(node) ?? this.#parts.router.inspectReply(node)
  }

  async list(): Promise<NodeInfo[]> {
    this.#check()
    return this.#parts.nodes.list()
  }

  /** A target that is missing is told by every send, not here. */
  async attachSender(spec: SenderSpec): Promise<AdapterSender> {
    this.#check()
    const sender = new SenderLink(this.#senderContext, spec)
    this.#senders.add(sender)
    return sender
  }

  async attachRequester(spec: SenderSpec, events: ReceiverEvents): Promise<AdapterRequester> {
    this.#check()
    const requester = new RequesterLink(this.#senderContext, spec, events)
    this.#senders.add(requester)
    return requester
  }

  async attachReceiver(spec: ReceiverSpec, events: ReceiverEvents, tells = false): Promise<BrokerReceiver> {
    this.#check()
    if (spec.link.selector !== undefined) throw refused('NOT_SUPPORTED', spec, 'There are no selectors here')
    const queue = await this.#sourceQueue(spec)
    const bindings: (() => void)[] = []
    try {
      this.#check()
      if (queue.deleted) throw notFound(spec)
      for (const { source = spec.source.name, key = '#' } of spec.link.bindings ?? []) {
        bindings.push(this.#parts.nodes.bindings.lend(queue, source, key))
      }
      return this.#receive(spec, queue, events, bindings, tells)
    } catch (error) {
      for (const unbind of bindings) unbind()
      if (queue.role === 'live') this.#parts.nodes.remove(queue)
      throw error
    }
  }

  #receive(
    spec: ReceiverSpec,
    queue: Queue,
    events: ReceiverEvents,
    bindings: (() => void)[],
    tells: boolean,
  ): BrokerReceiver {
    const onClose = (link: Consumer | Browser): void => {
      this.#receivers.delete(link)
      for (const unbind of bindings) unbind()
    }
    const receiver = this.#isBrowse(spec, queue)
      ? new Browser(queue, { credit: spec.credit, follow: spec.follow, events, onClose })
      : this.#consumer(spec, queue, events, onClose, tells)
    this.#receivers.add(receiver)
    receiver.start()
    return receiver
  }

  receivesFrom(queue: EntryQueue): boolean {
    for (const receiver of this.#receivers) {
      if (receiver instanceof Consumer && receiver.queue === queue) return true
    }
    return false
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** The broker ends the session. */
  end(cause: MessagingError): void {
    if (this.#ended) return
    void this.close()
    this.events.disconnected(cause)
  }

  async #close(): Promise<void> {
    this.#ended = new MessagingError('CONNECTION_LOST', 'The session with the broker has ended')
    for (const sender of [...this.#senders]) sender.lost()
    for (const receiver of [...this.#receivers]) void receiver.close()
    this.#onEnd()
    const { store } = this.#parts.kernel
    if (store) await settledWithin(store.flushed(), CLOSE_MS)
  }

  /** Looking at a topic without a named subscription means watching what comes. */
  #isBrowse(spec: ReceiverSpec, queue: Queue): boolean {
    return spec.mode === 'browse' && (queue.role !== 'live' || !spec.follow)
  }

  #consumer(
    spec: ReceiverSpec,
    queue: Queue,
    events: ReceiverEvents,
    onClose: (link: Consumer) => void,
    told: boolean,
  ): Consumer {
    const exclusive = spec.exclusive || queue.settings.exclusive
    const others = [...queue.consumers]
    if (others.length > 0 && (exclusive || others.some((consumer) => consumer.exclusive))) {
      throw inUse(`'${queue.name}' has an exclusive receiver`, {
        context: { address: spec.source.name, operation: 'receive' },
      })
    }
    const atMostOnce = spec.reliability === 'at-most-once'
    const tells = told && !atMostOnce && queue.settings.maxDeliveries !== undefined
    const { credit } = spec
    const consumer = new Consumer(queue, { credit, exclusive, atMostOnce, tells, events, onClose })
    queue.attach(consumer)
    return consumer
  }

  async #sourceQueue(spec: ReceiverSpec): Promise<Queue> {
    const { nodes } = this.#parts
    const { source, subscription, patterns } = spec
    const queue = nodes.queueOf(source)
    if (queue) return queue
    const topic = nodes.topicOf(source)
    if (!topic) throw notFound(spec)
    if (!(topic instanceof Topic)) {
      throw refused(
        'NOT_SUPPORTED',
        spec,
        'A multicast has no messages of its own: receive as one of its members',
      )
    }
    const wanted = patterns.length > 0 && topic.type === 'topic' ? patterns : ['#']
    const facts = { durable: subscription?.durable ?? false, exclusive: false, autoDelete: false }
    const settings = queueSettings(spec.limits, facts)
    if (!subscription) return nodes.addLive(topic, wanted, { ...settings, expiresMs: undefined })
    if (spec.mode === 'browse') {
      const existing = topic.named.get(subscription.name)
      if (existing) return existing.queue
      throw notFound(spec)
    }
    return (await nodes.subscribe(topic, subscription.name, wanted, settings)).queue
  }

  #check(): void {
    if (this.#ended) throw this.#ended
  }
}

function notFound(spec: ReceiverSpec): MessagingError {
  const { name, type = 'queue or topic' } = spec.source
  const missing = spec.subscription
    ? `subscription '${spec.subscription.name}' of ${name}`
    : `${type}: ${name}`
  return refused('ADDRESS_NOT_FOUND', spec, `no such ${missing}`)
}

function refused(
  code: 'NOT_SUPPORTED' | 'ADDRESS_NOT_FOUND',
  spec: ReceiverSpec,
  text: string,
): MessagingError {
  return new MessagingError(code, text, { context: { address: spec.source.name, operation: 'receive' } })
}
