/** What both kinds of peer have in common: their sockets, and nodes that are nothing but names. */
import type { Socket } from 'zeromq'
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
} from '../../../contract/adapter.ts'
import { asMessagingError, MessagingError } from '../../../model/errors.ts'
import { ADAPTER, connectionLost } from '../errors.ts'
import { type Endpoint, isIpv6 } from '../options.ts'
import { openSocket } from '../wire/open-socket.ts'
import { HIGH_WATER_MARK, MAX_BODY_BYTES, peerCapabilities } from './capabilities.ts'

export type ZeroMQ = typeof import('zeromq')

/** How long ZeroMQ goes on sending what was taken, after a close. Unit: ms. */
const LINGER_MS = 1_000
/** Room for the header of the largest body. Unit: bytes. */
const HEADER_BYTES = 1024 * 1024

export abstract class PeerConnection implements AdapterConnection {
  readonly broker: { readonly product: string; readonly version: string }
  readonly capabilities = peerCapabilities
  protected readonly events: ConnectionEvents
  protected closed = false
  protected readonly common: {
    linger: number
    heartbeatInterval: number
    heartbeatTimeout: number
    ipv6: boolean
  }
  protected readonly sending: { sendHighWaterMark: number; immediate: true }
  protected readonly receiving: { receiveHighWaterMark: number; maxMessageSize: number }
  readonly #sockets = new Set<Socket>()

  constructor(zmq: ZeroMQ, { address, heartbeatMs }: Endpoint, events: ConnectionEvents) {
    this.broker = { product: 'ZeroMQ peer', version: zmq.version }
    this.events = events
    this.common = {
      linger: LINGER_MS,
      heartbeatInterval: heartbeatMs,
      heartbeatTimeout: heartbeatMs * 2,
      ipv6: isIpv6(address),
    }
    // A message is taken by a connection that is there: none is piled up for a peer that may never come.
    this.sending = { sendHighWaterMark: HIGH_WATER_MARK, immediate: true }
    this.receiving = {
      receiveHighWaterMark: HIGH_WATER_MARK,
      maxMessageSize: MAX_BODY_BYTES + HEADER_BYTES,
    }
  }

  /** All sockets that are open. */
  get native(): unknown {
    return [...this.#sockets]
  }

  abstract attachSender(spec: SenderSpec, events: LinkEvents): Promise<AdapterSender>
  abstract attachReceiver(spec: ReceiverSpec, events: ReceiverEvents): Promise<AdapterReceiver>
  abstract attachRequester(spec: SenderSpec, events: ReceiverEvents): Promise<AdapterRequester>

  async declare({ name, native }: NodeSpec): Promise<void> {
    if (Object.keys(native).length > 0) throw refused('native arguments of a node', noNodes, name)
  }

  delete({ name }: NodeRef): Promise<boolean> {
    return Promise.reject(refused('deleting nodes', noNodes, name))
  }

  purge({ name }: NodeRef): Promise<number> {
    return Promise.reject(refused('emptying nodes', noNodes, name))
  }

  /** For address strings: every name is there, and what the string takes it for. */
  async inspect({ name, type = 'queue' }: NodeRef): Promise<NodeInfo> {
    return { name, type, depth: undefined, receivers: undefined, durable: undefined, details: {} }
  }

  list(): Promise<NodeInfo[]> {
    return Promise.reject(refused('listing nodes', noNodes, ''))
  }

  async close(): Promise<void> {
    this.closed = true
    for (const socket of [...this.#sockets]) this.release(socket)
  }

  protected use<S extends Socket>(make: () => S): S {
    const socket = openSocket(make)
    this.#sockets.add(socket)
    return socket
  }

  protected release(socket: Socket): void {
    this.#sockets.delete(socket)
    socket.close()
  }

  /** Calls `take` for every message of a socket, one after the other, until it is closed; what cannot be read is told. */
  protected async readAll(
    socket: AsyncIterable<Buffer[]> & Socket,
    take: (frames: Buffer[]) => void | Promise<void>,
  ): Promise<void> {
    try {
      for await (const frames of socket) {
        try {
          // A message that is handed over at once costs no turn of the microtask queue.
          const done = take(frames)
          if (done) await done
        } catch (error) {
          this.events.warning(asMessagingError(error))
        }
      }
    } catch (error) {
      if (socket.closed || this.closed) return
      await this.close()
      this.events.disconnected(connectionLost('a socket cannot be read', error))
    }
  }

  protected tellUntaken(address: string, count: number): void {
    this.tellLost(address, count, 'their receiver closed without taking them')
  }

  protected tellLost(address: string, count: number, why: string): void {
    if (count === 0) return
    this.events.warning(
      new MessagingError('DELIVERY_LOST', `${count} message${count === 1 ? ' was' : 's were'} lost: ${why}`, {
        context: { adapter: ADAPTER, address, count },
      }),
    )
  }
}

const noNodes = 'a node is a name on a message'

export function refused(what: string, why: string, address: string): MessagingError {
  return new MessagingError('NOT_SUPPORTED', `Not supported between peers: ${what}; ${why}`, {
    context: { adapter: ADAPTER, address },
    hint: 'Use a hub for that.',
  })
}

/** Live traffic, which has no queue at either end. */
export function isLive({ type }: NodeRef): boolean {
  return type === 'topic' || type === 'broadcast'
}

/** What peers cannot do and the API does not know of. @throws `NOT_SUPPORTED` */
export function checkReceiver({ source, limits, mode, subscription, exclusive }: ReceiverSpec): void {
  const { maxDeliveries, deadLetter, maxLength, ttlMs, expiresMs } = limits
  const limited = maxDeliveries ?? deadLetter ?? maxLength ?? ttlMs ?? expiresMs
  if (limited !== undefined || mode === 'browse' || subscription || exclusive)
    throw refused('limits, browsing, named subscriptions', 'nobody keeps a message', source.name)
}
