/**
 * Two peers without a hub as one connection. The suite does everything over one connection, and a peer has one side of each pattern:
 * queues are sent by the connecting peer and received by the binding one, live traffic goes the other way, the connecting one asks.
 *
 *   `zmq-pair://host:port` → a connecting peer of its own, and the binding one that all at this address share
 */
import { zeromqAdapter } from '../../../src/adapters/zeromq/adapter.ts'
import type {
  Adapter,
  AdapterConnection,
  AdapterSender,
  ConnectionEvents,
  ConnectTarget,
  LinkEvents,
  NodeRef,
  ReceiverEvents,
  ReceiverSpec,
  SenderSpec,
} from '../../../src/contract/adapter.ts'

const SCHEME = 'zmq-pair'

export const pairAdapter: Adapter = {
  name: 'zeromq-peers',
  schemes: [SCHEME],
  capabilities: zeromqAdapter.capabilities,
  validate: (target) => zeromqAdapter.validate(inRole(target, 'connect')),
  async connect(target, events, signal) {
    const host = await SharedHost.at(target, events, signal)
    try {
      const guest = await zeromqAdapter.connect(inRole(target, 'connect'), events, signal)
      return pair(host, guest)
    } catch (error) {
      await host.release()
      throw error
    }
  },
}

/** Options of a real peer at the address of a pair. */
export function peerUrl(pairUrl: string, role: 'bind' | 'connect'): string {
  return `${pairUrl.replace(`${SCHEME}:`, 'zmq:')}?mode=peer&role=${role}`
}

function inRole(target: ConnectTarget, role: 'bind' | 'connect'): ConnectTarget {
  return { ...target, url: peerUrl(target.url, role) }
}

/** The binding peer at one address, for as long as somebody is connected. */
class SharedHost {
  static readonly #hosts = new Map<string, SharedHost>()
  readonly #url: string
  readonly #opening: Promise<AdapterConnection>
  #shares = 0
  connection!: AdapterConnection

  private constructor(url: string, opening: Promise<AdapterConnection>) {
    this.#url = url
    this.#opening = opening
  }

  static async at(target: ConnectTarget, events: ConnectionEvents, signal: AbortSignal): Promise<SharedHost> {
    let host = SharedHost.#hosts.get(target.url)
    if (!host) {
      host = new SharedHost(target.url, zeromqAdapter.connect(inRole(target, 'bind'), events, signal))
      SharedHost.#hosts.set(target.url, host)
    }
    host.#shares++
    try {
      host.connection = await host.#opening
    } catch (error) {
      await host.release()
      throw error
    }
    return host
  }

  async release(): Promise<void> {
    if (--this.#shares > 0) return
    SharedHost.#hosts.delete(this.#url)
    await this.#opening.then(
      (connection) => connection.close(),
      () => {},
    )
  }
}

function pair(host: SharedHost, guest: AdapterConnection): AdapterConnection {
  const binding = host.connection
  const links = new Set<{ close(): Promise<void> }>()
  const kept = async <L extends { close(): Promise<void> }>(opening: Promise<L>): Promise<L> => {
    const link = await opening
    links.add(link)
    return link
  }
  const own: Partial<AdapterConnection> = {
    attachSender: (spec: SenderSpec, events: LinkEvents): Promise<AdapterSender> =>
      kept((isOutward(spec.target) ? binding : guest).attachSender(spec, events)),
    attachReceiver: (spec: ReceiverSpec, events: ReceiverEvents) =>
      kept((isLive(spec.source) ? guest : binding).attachReceiver(spec, events)),
    close: async () => {
      await Promise.all([...links].map((link) => link.close()))
      await guest.close()
      await host.release()
    },
  }
  return new Proxy(guest, {
    get(target, key) {
      const value = Reflect.get(own, key) ?? Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** What the binding peer sends: live traffic, and responses. */
function isOutward(target: NodeRef | undefined): boolean {
  return !target || isLive(target) || target.name.startsWith('asker:')
}

function isLive({ type }: NodeRef): boolean {
  return type === 'topic' || type === 'broadcast'
}
