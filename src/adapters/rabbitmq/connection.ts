/**
 * One connection to RabbitMQ: two TCP connections, one to publish and one to consume and ask, so that a broker that stops
 * reading from publishers (`connection.blocked`) does not stop receivers and verdicts. They live and die together.
 *
 * ```text
 * open ──▶ alive ──┬── close() ─────────────────────────▶ closed
 *                  └── either connection ends ─▶ lost: the other one is cut, `disconnected` is told once
 * ```
 */
import type {
  AdapterConnection,
  AdapterReceiver,
  AdapterRequester,
  AdapterSender,
  ConnectionEvents,
  LinkEvents,
  NodeInfo,
  NodeRef,
  NodeSpec,
  ReceiverEvents,
  ReceiverSpec,
  SenderSpec,
} from '../../contract/adapter.ts'
import { settledWithin } from '../../core/aborts.ts'
import type { Capabilities } from '../../model/capabilities.ts'
import { MessagingError } from '../../model/errors.ts'
import { capabilitiesOf, rabbitmqCapabilities } from './capabilities.ts'
import { ADAPTER, connectionLost } from './errors.ts'
import { listNodes, runningNodes } from './nodes/management.ts'
import { declareNode, deleteNode, inspectNode, purgeNode } from './nodes/nodes.ts'
import type { Endpoint } from './options.ts'
import { attachReceiver } from './receive/receivers.ts'
import { attachRequester, attachSender } from './send/senders.ts'
import { Aside } from './wire/aside.ts'
import { PhysicalConnection } from './wire/physical.ts'
import { Scratch } from './wire/scratch.ts'
import { Session } from './wire/session.ts'

/** How long `close` waits for the broker before it cuts the connection. */
const CLOSE_MS = 1_000

export class RabbitmqConnection implements AdapterConnection {
  readonly broker: { readonly product: string; readonly version: string }
  readonly capabilities: Capabilities
  readonly addressOptions = [
    'node.x-declare.type',
    'node.x-declare.auto-delete',
    'node.x-bindings.arguments',
    'link.x-bindings',
    'link.x-bindings.arguments',
    'link.x-subscribe.arguments',
  ] as const
  readonly native: { readonly publishing: unknown; readonly consuming: unknown }
  readonly #endpoint: Endpoint
  readonly #physical: readonly [publishing: PhysicalConnection, consuming: PhysicalConnection]
  readonly #session: Session
  readonly #aside: Aside
  readonly #events: ConnectionEvents
  #closing: Promise<void> | undefined

  private constructor(
    endpoint: Endpoint,
    publishing: PhysicalConnection,
    consuming: PhysicalConnection,
    nodes: number | undefined,
    events: ConnectionEvents,
  ) {
    const { product, version } = publishing.serverProperties
    this.broker = { product: String(product ?? 'RabbitMQ'), version: String(version ?? 'unknown') }
    this.capabilities = capabilitiesOf(endpoint, nodes)
    this.native = { publishing: publishing.model, consuming: consuming.model }
    this.#endpoint = endpoint
    this.#physical = [publishing, consuming]
    this.#events = events
    this.#aside = new Aside(endpoint)
    this.#session = new Session(
      publishing.model,
      consuming.model,
      new Scratch(consuming.model),
      this.#aside,
      this.broker.version,
      endpoint,
      (error) => events.warning(error),
    )
    for (const connection of this.#physical) connection.onEnd((cause) => this.#lost(cause))
    publishing.model.on('blocked', (reason) => {
      if (this.#session.alive) events.blocked(reason)
    })
    publishing.model.on('unblocked', () => {
      if (this.#session.alive) events.unblocked()
    })
  }

  static async open(
    endpoint: Endpoint,
    events: ConnectionEvents,
    signal: AbortSignal,
  ): Promise<RabbitmqConnection> {
    const nodes = runningNodes(endpoint)
    const opened = await Promise.allSettled([
      PhysicalConnection.open(endpoint, 'publish', signal, (warning) => events.warning(warning)),
      PhysicalConnection.open(endpoint, 'consume', signal),
    ])
    const [publishing, consuming] = opened
    if (publishing.status === 'fulfilled' && consuming.status === 'fulfilled') {
      return new RabbitmqConnection(endpoint, publishing.value, consuming.value, await nodes, events)
    }
    for (const one of opened) if (one.status === 'fulfilled') one.value.destroy()
    throw (opened.find((one) => one.status === 'rejected') as PromiseRejectedResult).reason
  }

  declare(node: NodeSpec): Promise<void> {
    return declareNode(this.#session, node)
  }

  delete(node: NodeRef): Promise<boolean> {
    return deleteNode(this.#session, node)
  }

  purge(node: NodeRef): Promise<number> {
    return purgeNode(this.#session, node)
  }

  inspect(node: NodeRef): Promise<NodeInfo | undefined> {
    return inspectNode(this.#session, node)
  }

  async list(): Promise<NodeInfo[]> {
    const { management, vhost } = this.#endpoint
    if (management) return listNodes(management, vhost)
    throw new MessagingError('NOT_SUPPORTED', `Listing: ${rabbitmqCapabilities.features.list.note}`, {
      context: { adapter: ADAPTER, operation: 'list' },
    })
  }

  attachSender(spec: SenderSpec, events: LinkEvents): Promise<AdapterSender> {
    return attachSender(this.#session, spec, events)
  }

  attachReceiver(spec: ReceiverSpec, events: ReceiverEvents): Promise<AdapterReceiver> {
    return attachReceiver(this.#session, spec, events)
  }

  attachRequester(spec: SenderSpec, events: ReceiverEvents): Promise<AdapterRequester> {
    return attachRequester(this.#session, spec, events)
  }

  close(timeoutMs = CLOSE_MS): Promise<void> {
    this.#closing ??= this.#close(Math.min(timeoutMs, CLOSE_MS))
    return this.#closing
  }

  async #close(timeoutMs: number): Promise<void> {
    if (!this.#session.alive) return
    this.#session.alive = false
    this.#aside.close()
    await settledWithin(this.#closeAll(), timeoutMs)
    for (const connection of this.#physical) connection.destroy()
  }

  /** order: links first. amqplib sends the connection's own close ahead of what channels have still to write. */
  async #closeAll(): Promise<void> {
    await Promise.all([...this.#session.links].map((link) => link.close()))
    await Promise.all(this.#physical.map((connection) => connection.close()))
  }

  #lost(cause: unknown): void {
    if (!this.#session.alive) return
    this.#session.alive = false
    this.#session.endedBy = cause
    this.#session.rounds.stop()
    this.#aside.close()
    for (const connection of this.#physical) connection.destroy()
    this.#events.disconnected(connectionLost(cause))
  }
}
