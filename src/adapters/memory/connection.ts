/** A session of the embedded broker as a connection: nothing to translate. */

import type { Broker, BrokerLease, Session, SessionEvents } from '../../broker/index.ts'
import type {
  AdapterConnection,
  AdapterReceiver,
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
import type { Capabilities } from '../../model/capabilities.ts'

/** For a disk that does not answer. Unit: ms. */
const CLOSE_MS = 1_000

export class EmbeddedConnection implements AdapterConnection {
  readonly capabilities: Capabilities
  readonly addressOptions = ['link.x-bindings'] as const
  /** The broker itself: `native.close()` ends it for everybody. */
  readonly native: Broker
  readonly #session: Session
  readonly #lease: BrokerLease

  constructor(lease: BrokerLease, events: SessionEvents, capabilities: Capabilities) {
    this.#lease = lease
    this.native = lease.broker
    this.capabilities = capabilities
    this.#session = lease.broker.session({
      // A broker that was closed under us is a lease to give back, too.
      disconnected: (cause) => {
        void lease.release()
        events.disconnected(cause)
      },
      warning: (error) => events.warning(error),
    })
  }

  get broker(): { readonly product: string; readonly version: string } {
    return this.#session.broker
  }

  declare(node: NodeSpec): Promise<void> {
    return this.#session.declare(node)
  }
  delete(node: NodeRef): Promise<boolean> {
    return this.#session.delete(node)
  }
  purge(node: NodeRef): Promise<number> {
    return this.#session.purge(node)
  }
  inspect(node: NodeRef): Promise<NodeInfo | undefined> {
    return this.#session.inspect(node)
  }
  list(): Promise<NodeInfo[]> {
    return this.#session.list()
  }
  attachSender(spec: SenderSpec): Promise<AdapterSender> {
    return this.#session.attachSender(spec, NO_EVENTS)
  }
  attachReceiver(spec: ReceiverSpec, events: ReceiverEvents): Promise<AdapterReceiver> {
    return this.#session.attachReceiver(spec, events, true)
  }
  attachRequester(spec: SenderSpec, events: ReceiverEvents): Promise<AdapterRequester> {
    return this.#session.attachRequester(spec, events)
  }

  async close(timeoutMs = CLOSE_MS): Promise<void> {
    await settledWithin(this.#session.close(), timeoutMs)
    await this.#lease.release()
  }
}

/** Senders of this broker end with their session only. */
const NO_EVENTS = { detached: () => {} }
