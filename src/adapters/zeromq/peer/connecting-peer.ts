/** A peer that connects: it works off and fills queues, subscribes, asks. All senders share a socket, every other link has its own. */
import type { Dealer, Subscriber } from 'zeromq'
import type {
  AdapterReceiver,
  AdapterRequester,
  AdapterSender,
  ConnectionEvents,
  LinkEvents,
  ReceiverEvents,
  ReceiverSpec,
  SenderSpec,
} from '../../../contract/adapter.ts'
import { socketReason } from '../../../core/connecting/socket-reason.ts'
import { randomName } from '../../../core/message-id.ts'
import { compilePattern } from '../../../core/pattern.ts'
import { MessagingError } from '../../../model/errors.ts'
import { RemoteDelivery } from '../codec/incoming.ts'
import { ADAPTER, connectionLost, HANDSHAKE_EVENTS } from '../errors.ts'
import type { Endpoint } from '../options.ts'
import { withoutHostName } from '../wire/host-names.ts'
import { type PeerAddresses, peerAddresses } from './addresses.ts'
import { LIVE_BUFFER } from './capabilities.ts'
import { checkReceiver, isLive, PeerConnection, refused, type ZeroMQ } from './connection.ts'
import { Desk } from './desk.ts'
import { isLiveToken, literalPrefix, liveToken, readMessageFrame, topicFront } from './frames.ts'
import { PeerReceiver } from './receiver.ts'
import { isAsker, QueueSender } from './senders.ts'
import { Writer } from './writer.ts'

export class ConnectingPeer extends PeerConnection {
  readonly #zmq: ZeroMQ
  readonly #addresses: PeerAddresses
  /** Tells whether the binding peer is there. */
  readonly #pilot: Dealer
  /** One for all senders, which keeps the order among them; made for the first. */
  #inward: Writer | undefined
  readonly #desks = new Set<Desk>()
  /** Subscriptions that wait for the publisher's word. */
  readonly #waiting = new Set<(error: MessagingError) => void>()

  private constructor(zmq: ZeroMQ, endpoint: Endpoint, events: ConnectionEvents) {
    super(zmq, endpoint, events)
    this.#zmq = zmq
    this.#addresses = peerAddresses(endpoint.address)
    this.#pilot = this.use(() => new zmq.Dealer({ ...this.common }))
  }

  /** Resolves when the binding peer is there. @throws `CONNECT_FAILED` when it is not */
  static async open(
    zmq: ZeroMQ,
    endpoint: Endpoint,
    events: ConnectionEvents,
    signal: AbortSignal,
  ): Promise<ConnectingPeer> {
    const peer = new ConnectingPeer(zmq, endpoint, events)
    try {
      // It is ZeroMQ that looks the name up, then and whenever it connects again; a wrong one it does not tell.
      await withoutHostName(endpoint.address)
      await peer.#meet(signal)
    } catch (cause) {
      await peer.close()
      const message = socketReason(cause) ?? (cause as Error).message
      throw new MessagingError('CONNECT_FAILED', `No peer binds ${endpoint.address}: ${message}`, {
        cause,
        hint: 'One peer binds: ?mode=peer&role=bind',
        context: { adapter: ADAPTER, address: endpoint.address, operation: 'connect' },
      })
    }
    peer.#watch()
    return peer
  }

  async attachSender({ target }: SenderSpec, _events: LinkEvents): Promise<AdapterSender> {
    if (!target || isAsker(target.name))
      throw refused('an answer of a connecting peer', 'the binding one answers', target?.name ?? '')
    const { name } = target
    if (isLive(target)) throw refused('publishing from a connecting peer', 'the binding one publishes', name)
    this.#inward ??= this.#push()
    return new QueueSender(name, this.#inward)
  }

  async attachReceiver(spec: ReceiverSpec, events: ReceiverEvents): Promise<AdapterReceiver> {
    checkReceiver(spec)
    return isLive(spec.source) ? this.#subscribe(spec, events) : this.#pull(spec, events)
  }

  async attachRequester({ target }: SenderSpec, events: ReceiverEvents): Promise<AdapterRequester> {
    const socket = this.use(
      () => new this.#zmq.Dealer({ ...this.common, ...this.sending, ...this.receiving }),
    )
    socket.connect(this.#addresses.requests)
    void this.readAll(socket, ([message]) => events.deliver(readMessageFrame(message, RemoteDelivery)))
    return new QueueSender(target!.name, new Writer(socket), () => this.release(socket))
  }

  override async close(): Promise<void> {
    const error = connectionLost('closed by this program')
    for (const giveUp of this.#waiting) giveUp(error)
    for (const desk of this.#desks) desk.close()
    await super.close()
  }

  #push(): Writer {
    const socket = this.use(() => new this.#zmq.Push({ ...this.common, ...this.sending }))
    socket.connect(this.#addresses.inward)
    return new Writer(socket)
  }

  #pull(spec: ReceiverSpec, events: ReceiverEvents): AdapterReceiver {
    const { name } = spec.source
    const socket = this.use(() => new this.#zmq.Pull({ ...this.common, ...this.receiving }))
    const desk = new Desk()
    this.#desks.add(desk)
    const receiver = desk.receiver(spec, events, (lost) => {
      this.#desks.delete(desk)
      desk.close()
      this.release(socket)
      this.tellUntaken(name, lost)
    })
    socket.connect(this.#addresses.outward)
    void this.readAll(socket, ([nameFrame, message]) => {
      const sentTo = String(nameFrame)
      return desk.hand(sentTo, readMessageFrame(message, RemoteDelivery), () =>
        this.tellLost(sentTo, 1, `this peer receives '${name}'`),
      )
    })
    return receiver
  }

  async #subscribe(
    { source, patterns, credit }: ReceiverSpec,
    events: ReceiverEvents,
  ): Promise<AdapterReceiver> {
    const { name } = source
    const socket = this.use(() => new this.#zmq.Subscriber({ ...this.common, ...this.receiving }))
    const receiver = new PeerReceiver({
      name,
      credit,
      events,
      buffer: LIVE_BUFFER,
      onFree: () => {},
      onClose: () => this.release(socket),
    })
    const front = topicFront(name)
    const wanted = source.type === 'broadcast' || patterns.length === 0 ? ['#'] : patterns
    const matchers = wanted.map(compilePattern)
    socket.events.on('disconnect', () => events.gap('the connection to the publisher was lost', undefined))
    socket.connect(this.#addresses.live)
    for (const pattern of wanted)
      socket.subscribe(Buffer.concat([front, Buffer.from(literalPrefix(pattern))]))
    await this.#live(socket, ([topic, message]) => {
      const subject = topic!.toString('utf8', front.length)
      if (matchers.some((matches) => matches(subject)))
        receiver.offer(readMessageFrame(message, RemoteDelivery))
    })
    return receiver
  }

  /** Reads the socket; resolves when its subscriptions have reached the publisher, whose word comes behind them. */
  async #live(socket: Subscriber, take: (frames: Buffer[]) => void): Promise<void> {
    const token = liveToken(randomName())
    let giveUp: ((error: MessagingError) => void) | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        giveUp = reject
        this.#waiting.add(reject)
        socket.subscribe(token)
        void this.readAll(socket, (frames) => {
          if (!isLiveToken(frames[0]!)) take(frames)
          else if (token.equals(frames[0]!)) {
            socket.unsubscribe(token)
            resolve()
          }
        })
      })
    } finally {
      this.#waiting.delete(giveUp!)
    }
  }

  #meet(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (text: string) => (): void => reject(new Error(text))
      const { events } = this.#pilot
      events.on('handshake', () => resolve())
      events.on('connect:retry', fail('nothing listens there'))
      events.on('disconnect', fail('the other end hung up'))
      for (const event of HANDSHAKE_EVENTS) events.on(event, fail('the other end refused the handshake'))
      signal.addEventListener('abort', fail('no answer in the time allowed'), { once: true })
      if (signal.aborted) fail('no answer in the time allowed')()
      this.#pilot.connect(this.#addresses.requests)
    })
  }

  /** ZeroMQ connects again by itself; meanwhile nothing is sent, so that nothing is lost at the sockets. */
  #watch(): void {
    let away = false
    const { events } = this.#pilot
    events.on('disconnect', () => {
      if (away || this.closed) return
      away = true
      this.events.blocked('the binding peer is away')
    })
    events.on('handshake', () => {
      if (!away || this.closed) return
      away = false
      this.events.unblocked()
    })
  }
}
