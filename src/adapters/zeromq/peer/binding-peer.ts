/** The peer that binds: it collects and deals out queues, publishes, answers. */
import type { Pull, Push, Router, Socket, XPublisher } from 'zeromq'
import type {
  AdapterReceiver,
  AdapterSender,
  ConnectionEvents,
  LinkEvents,
  ReceiverEvents,
  ReceiverSpec,
  SenderSpec,
} from '../../../contract/adapter.ts'
import { RemoteDelivery } from '../codec/incoming.ts'
import type { Endpoint } from '../options.ts'
import { listen, placesFree } from '../wire/listening.ts'
import { peerAddresses } from './addresses.ts'
import { checkReceiver, isLive, PeerConnection, refused, type ZeroMQ } from './connection.ts'
import { Desk } from './desk.ts'
import { isLiveToken, readMessageFrame, topicFront } from './frames.ts'
import { isAsker, LiveSender, QueueSender, RequestDelivery, ResponseSender } from './senders.ts'
import { Writer } from './writer.ts'

/** First byte of what an XPUB reads: somebody subscribes. */
const SUBSCRIBED = 1
/** Subscribers that wait for the publisher's word at once; strangers must not fill memory. */
const MAX_TOKENS = 1_000
/** The longest subscription: names and subjects are shorter. Unit: bytes. */
const SUBSCRIPTION_BYTES = 64 * 1024

const FOUR_PLACES =
  'A peer takes four places: the one of its URL and the next three. Check that they are of this machine and free.'

export class BindingPeer extends PeerConnection {
  readonly #pull: Pull
  readonly #push: Push
  readonly #publisher: XPublisher
  readonly #router: Router
  readonly #dealt: Writer
  readonly #published: Writer
  readonly #answers: Writer
  readonly #desk = new Desk()
  /** With their endpoints; not all four, when the connection fails half-way. */
  readonly #bound: [Socket, string][] = []
  /** The one queue this peer sends to. */
  #outward: string | undefined

  private constructor(zmq: ZeroMQ, endpoint: Endpoint, events: ConnectionEvents) {
    super(zmq, endpoint, events)
    const { common, sending, receiving } = this
    this.#pull = this.use(() => new zmq.Pull({ ...common, ...receiving }))
    this.#push = this.use(() => new zmq.Push({ ...common, ...sending }))
    this.#publisher = this.use(
      () => new zmq.XPublisher({ ...common, ...sending, noDrop: true, maxMessageSize: SUBSCRIPTION_BYTES }),
    )
    // An asker that comes back under a name of its own is answered, though its old connection may still stand.
    this.#router = this.use(
      () => new zmq.Router({ ...common, ...sending, ...receiving, mandatory: true, handover: true }),
    )
    this.#dealt = new Writer(this.#push)
    this.#published = new Writer(this.#publisher)
    this.#answers = new Writer(this.#router, 'refuse')
  }

  /** @throws `CONNECT_FAILED` when one of the places is taken */
  static async open(zmq: ZeroMQ, endpoint: Endpoint, events: ConnectionEvents): Promise<BindingPeer> {
    const addresses = peerAddresses(endpoint.address)
    const peer = new BindingPeer(zmq, endpoint, events)
    try {
      await peer.#bind(peer.#pull, addresses.inward)
      await peer.#bind(peer.#push, addresses.outward)
      await peer.#bind(peer.#publisher, addresses.live)
      await peer.#bind(peer.#router, addresses.requests)
    } catch (error) {
      await peer.close()
      throw error
    }
    void peer.readAll(peer.#pull, ([name, message]) =>
      peer.#arrived(name, readMessageFrame(message, RemoteDelivery)),
    )
    void peer.readAll(peer.#router, ([asker, name, message]) => {
      const request = readMessageFrame(message, RequestDelivery)
      request.asker = asker
      return peer.#arrived(name, request)
    })
    void peer.readAll(peer.#publisher, ([subscription]) => peer.#subscribed(subscription))
    return peer
  }

  async attachSender({ target }: SenderSpec, _events: LinkEvents): Promise<AdapterSender> {
    if (!target || isAsker(target.name)) return new ResponseSender(this.#answers, target?.name)
    const { name } = target
    if (isLive(target)) return new LiveSender(topicFront(name), this.#published)
    this.#outward ??= name
    if (this.#outward !== name) {
      throw refused(
        `a second queue ('${name}' beside '${this.#outward}') that the binding peer sends to`,
        'PUSH deals messages to whoever is connected, whatever their name: use another endpoint',
        name,
      )
    }
    return new QueueSender(name, this.#dealt)
  }

  async attachReceiver(spec: ReceiverSpec, events: ReceiverEvents): Promise<AdapterReceiver> {
    checkReceiver(spec)
    const { name } = spec.source
    if (isLive(spec.source))
      throw refused('a subscription at the binding peer', 'it publishes, the connecting ones subscribe', name)
    return this.#desk.receiver(spec, events, (lost) => this.tellUntaken(name, lost))
  }

  attachRequester({ target }: SenderSpec): Promise<never> {
    const why = 'it answers, the connecting ones ask'
    return Promise.reject(refused('a request of the binding peer', why, target?.name ?? ''))
  }

  /** The places are free again when this resolves; what was taken is still sent, up to the linger time. */
  override async close(): Promise<void> {
    if (this.closed) return
    this.#desk.close()
    const free = this.#bound.map(([socket, endpoint]) => placesFree(socket, [endpoint]))
    await super.close()
    await Promise.all(free)
  }

  async #bind(socket: Socket, address: string): Promise<void> {
    this.#bound.push([socket, await listen(socket, address, 'The peer', FOUR_PLACES)])
  }

  #arrived(nameFrame: Buffer | undefined, delivery: RemoteDelivery): void | Promise<void> {
    const name = String(nameFrame)
    return this.#desk.hand(name, delivery, () => this.tellLost(name, 1, 'nobody receives this name here'))
  }

  #subscribed(subscription: Buffer | undefined): void {
    const topic = subscription?.subarray(1)
    if (subscription?.[0] !== SUBSCRIBED || !topic || !isLiveToken(topic)) return
    if (this.#published.waiting < MAX_TOKENS) this.#published.send([topic])
  }
}
