/** One connection's verbs: every link is an AMQP link on a session of its own. */
import type {
  AdapterConnection,
  AdapterReceiver,
  AdapterRequester,
  AdapterSender,
  LinkEvents,
  NodeInfo,
  NodeRef,
  NodeSpec,
  ReceiverEvents,
  ReceiverSpec,
  SenderSpec,
} from '../../contract/adapter.ts'
import { type Capabilities, native } from '../../model/capabilities.ts'
import { MessagingError } from '../../model/errors.ts'
import { capabilities } from './capabilities.ts'
import { ADAPTER } from './errors.ts'
import type { Management } from './nodes/management.ts'
import { MANAGEMENT } from './nodes/names.ts'
import { Nodes } from './nodes/nodes.ts'
import type { Profile } from './nodes/products/profile.ts'
import { notAQueue, QueueProbe } from './nodes/queue-probe.ts'
import { vanishedClients } from './nodes/vanished.ts'
import { LinkReceiver } from './receive/link-receiver.ts'
import { subscribe } from './receive/subscriptions.ts'
import { TakingBrowser } from './receive/taking-browser.ts'
import { selectorFilter } from './receive/terminus.ts'
import { LinkSender } from './send/link-sender.ts'
import { MulticastSender } from './send/multicast-sender.ts'
import { Requester } from './send/requester.ts'
import type { Physical } from './wire/physical.ts'

export class Session implements AdapterConnection {
  readonly broker: AdapterConnection['broker']
  readonly capabilities: Capabilities
  readonly addressOptions = ['node.x-declare.type', 'node.x-bindings.arguments'] as const
  readonly #physical: Physical
  readonly #profile: Profile
  readonly #probe: QueueProbe
  readonly #nodes: Nodes | undefined

  /** @param answers the broker has dynamic nodes for them although its profile does not say so */
  constructor(physical: Physical, management: Management | undefined, answers: boolean) {
    const { product, version, profile } = physical.product
    this.#physical = physical
    this.#profile = profile
    this.#probe = new QueueProbe(physical)
    this.#nodes = management && new Nodes(management)
    physical.whenOver(() => this.#nodes?.rounds.stop())
    this.broker = { product, version, notes: [vanishedClients(physical.product, physical.brokerIdleMs)] }
    const found = management ? capabilities : profile.capabilities
    this.capabilities = answers ? { ...found, features: { ...found.features, request: native } } : found
  }

  get native(): unknown {
    return this.#physical.connection
  }

  async declare(node: NodeSpec): Promise<void> {
    if (this.#nodes || !this.#profile.makesQueues) return this.#managed().declare(node)
    await this.#probe.make(node)
  }

  delete(node: NodeRef): Promise<boolean> {
    return this.#managed().delete(node)
  }

  purge(node: NodeRef): Promise<number> {
    return this.#managed().purge(node)
  }

  async inspect(node: NodeRef): Promise<NodeInfo | undefined> {
    if (this.#nodes) return this.#nodes.inspect(node)
    return this.#probe.inspect(node)
  }

  list(): Promise<NodeInfo[]> {
    return this.#managed().list()
  }

  async attachSender(spec: SenderSpec, events: LinkEvents): Promise<AdapterSender> {
    const { target, capacity } = spec
    const presettled = spec.reliability === 'at-most-once'
    if (target?.type === 'multicast') {
      // Several transfers for each message.
      const anonymous = await LinkSender.open(
        this.#physical,
        { address: undefined, capacity: capacity * 8, presettled },
        events,
      )
      return new MulticastSender(target.name, anonymous)
    }
    return LinkSender.open(
      this.#physical,
      {
        address: target && this.#address(target),
        capabilities: target && (await this.#targetCapabilities(target)),
        capacity,
        presettled,
      },
      events,
    )
  }

  async attachReceiver(spec: ReceiverSpec, events: ReceiverEvents): Promise<AdapterReceiver> {
    if (spec.source.name === MANAGEMENT) throw noManagementReceiver()
    if (spec.takes) return this.#attachTaking(spec, events)
    if (spec.source.type !== 'queue') return subscribe(this.#physical, this.#managed(), spec, events)
    const browse = spec.mode === 'browse'
    if (spec.exclusive && !browse && !(await this.#nodes?.isExclusive(spec.source)))
      throw notExclusive(spec.source.name)
    return LinkReceiver.open(
      this.#physical,
      {
        source: {
          address: this.#address(spec.source),
          capabilities: this.#profile.queueCapabilities,
          distribution_mode: browse ? 'copy' : 'move',
          filter: selectorFilter(this.#physical.rhea, spec.link.selector),
        },
        address: spec.source.name,
        credit: spec.credit,
        browse,
        follow: spec.follow,
        copiesTo: undefined,
      },
      events,
    )
  }

  async #attachTaking({ takes: _, ...spec }: ReceiverSpec, events: ReceiverEvents): Promise<AdapterReceiver> {
    const { source, subscription, credit } = spec
    const place =
      subscription && source.type !== 'queue' ? { ...source, subscription: subscription.name } : source
    const waiting = (await this.#nodes?.inspect(place))?.depth ?? Number.POSITIVE_INFINITY
    return TakingBrowser.open({ label: source.name, credit, waiting, events }, (inside) =>
      this.attachReceiver({ ...spec, mode: 'consume', reliability: 'at-least-once', credit: 0 }, inside),
    )
  }

  attachRequester(spec: SenderSpec, events: ReceiverEvents): Promise<AdapterRequester> {
    return Requester.open(this.#physical, spec, spec.target && this.#address(spec.target), events)
  }

  close(timeoutMs?: number): Promise<void> {
    return this.#physical.close(timeoutMs)
  }

  /** Where the broker would drop messages, it is looked at first what the target is. */
  async #targetCapabilities(target: NodeRef): Promise<readonly string[]> {
    const { queueCapabilities, dropsQuietly, makesQueues } = this.#profile
    if (!dropsQuietly && !makesQueues) return queueCapabilities
    const found = await this.#probe.typeOf(target)
    if (found === 'none') throw missing(target.name)
    if (found !== 'topic') return queueCapabilities
    if (target.type === 'queue') throw notAQueue(target.name)
    return []
  }

  #address({ name }: NodeRef): string {
    return this.#profile.queueAddress(name)
  }

  #managed(): Nodes {
    if (this.#nodes) return this.#nodes
    throw new MessagingError(
      'NOT_SUPPORTED',
      'This broker has no $management node: make nodes with its own tools',
      {
        context: { adapter: ADAPTER },
      },
    )
  }
}

function missing(address: string): MessagingError {
  return new MessagingError('ADDRESS_NOT_FOUND', `no such queue: ${address}`, {
    context: { adapter: ADAPTER, address, operation: 'attach' },
  })
}

/** A receiver cannot ask to be alone: the queue must have been made so. */
function notExclusive(address: string): MessagingError {
  return new MessagingError(
    'NOT_SUPPORTED',
    `exclusive: '${address}' was not made so, and Broker-J has no exclusive receivers`,
    {
      hint: 'Make the queue exclusive: the option of a builder, or node: {x-declare: {exclusive: True}}.',
      context: { adapter: ADAPTER, address, operation: 'attachReceiver', option: 'exclusive' },
    },
  )
}

/** Broker-J 9.2.1 ends itself when its management node answers while a receiver without target is attached to it. */
function noManagementReceiver(): MessagingError {
  return new MessagingError('NOT_SUPPORTED', `'${MANAGEMENT}' is the broker's own and gives nothing`, {
    hint: 'Use connection.admin.',
    context: { adapter: ADAPTER, address: MANAGEMENT, operation: 'attachReceiver' },
  })
}
