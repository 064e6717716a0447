/** One generation of a connection, as the API sees it. */
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
import { capabilitiesOf } from './capabilities.ts'
import { ADAPTER } from './errors.ts'
import { Nodes } from './nodes/nodes.ts'
import type { Endpoint } from './options.ts'
import { attachReceiver } from './receive/receivers.ts'
import { DeadLetters } from './send/dead-letters.ts'
import { RedisRequester } from './send/requester.ts'
import { attachSender } from './send/sender.ts'
import { Session } from './wire/session.ts'

interface Closable {
  close(): Promise<void>
}

/** Longest wait for the links' farewells. Unit: ms. */
const CLOSE_MS = 1_000

export class RedisConnection implements AdapterConnection {
  readonly broker: { readonly product: string; readonly version: string }
  readonly capabilities: Capabilities
  readonly #session: Session
  readonly #nodes: Nodes
  readonly #deadLetters: DeadLetters
  readonly #links = new Set<Closable>()
  #closing: Promise<void> | undefined

  private constructor(session: Session) {
    const { facts, endpoint } = session
    this.broker = { product: facts.product, version: facts.version }
    this.capabilities = capabilitiesOf(facts, endpoint)
    this.#session = session
    this.#nodes = new Nodes(session)
    this.#deadLetters = new DeadLetters(session, this.#nodes)
  }

  static async open(
    endpoint: Endpoint,
    events: ConnectionEvents,
    signal: AbortSignal,
  ): Promise<RedisConnection> {
    return new RedisConnection(await Session.open(endpoint, events, signal))
  }

  /** ioredis' clients: `commands` and `subscriber`. */
  get native(): unknown {
    const { commands, subscriber } = this.#session.wire
    return { commands, subscriber }
  }

  declare(node: NodeSpec): Promise<void> {
    return this.#nodes.declare(node)
  }

  delete(node: NodeRef): Promise<boolean> {
    return this.#nodes.delete(node)
  }

  purge(node: NodeRef): Promise<number> {
    return this.#nodes.purge(node)
  }

  inspect(node: NodeRef): Promise<NodeInfo | undefined> {
    return this.#nodes.inspect(node)
  }

  list(): Promise<NodeInfo[]> {
    return this.#nodes.list()
  }

  attachSender(spec: SenderSpec, events: LinkEvents): Promise<AdapterSender> {
    return this.#opened(() => attachSender(this.#session, spec, events))
  }

  attachReceiver(spec: ReceiverSpec, events: ReceiverEvents): Promise<AdapterReceiver> {
    return this.#opened(() =>
      attachReceiver(
        { session: this.#session, nodes: this.#nodes, deadLetters: this.#deadLetters },
        spec,
        events,
      ),
    )
  }

  attachRequester(spec: SenderSpec, events: ReceiverEvents): Promise<AdapterRequester> {
    return this.#opened(() => RedisRequester.open(this.#session, spec, events))
  }

  close(timeoutMs = CLOSE_MS): Promise<void> {
    this.#closing ??= this.#close(Math.min(timeoutMs, CLOSE_MS))
    return this.#closing
  }

  async #close(timeoutMs: number): Promise<void> {
    if (this.#session.alive) {
      const links = [...this.#links, this.#deadLetters].map((link) => link.close())
      // A server that did not answer in all this time will not read the farewell either.
      const answered = await settledWithin(Promise.allSettled(links), timeoutMs)
      if (!answered) this.#session.hangUpAtOnce()
    }
    this.#session.close()
  }

  /** Remembers a link until it is closed. */
  async #opened<L extends Closable>(open: () => Promise<L>): Promise<L> {
    if (!this.#session.alive || this.#closing) {
      throw new MessagingError('CONNECTION_LOST', 'The connection has ended', {
        context: { adapter: ADAPTER },
      })
    }
    const link = await open()
    const close = link.close.bind(link)
    this.#links.add(link)
    link.close = async () => {
      this.#links.delete(link)
      await close()
    }
    return link
  }
}
