/** The hub's end of one client: a session of the broker, its links by number, its outgoing records. */
import type {
  AdapterDelivery,
  AdapterReceiver,
  AdapterSender,
  ReceiverEvents,
  ReceiverSpec,
  SenderSpec,
  Transfer,
  Verdict,
} from '../../../api/adapter.ts'
import { MessagingError } from '../../../api/errors.ts'
import type { OutgoingMessage } from '../../../api/message.ts'
import type { Session } from '../../../broker/index.ts'
import { toWire } from '../errors.ts'
import { decodeOutgoing, encodedLength, encodeIncoming, writeEncoded } from '../message-codec.ts'
import { Op, type OpCode, type Verb } from '../protocol.ts'
import { RecordWriter, readJson, readNumbers } from '../records.ts'

/** Links one client may have. */
const MAX_LINKS = 10_000

/** A link as the hub keeps it. */
interface Link {
  readonly sender?: AdapterSender
  readonly receiver?: AdapterReceiver
  /** Handed to the client and not settled. */
  readonly deliveries: Map<number, AdapterDelivery>
}

/** A message of a client on its way into the broker. */
class PeerTransfer implements Transfer {
  readonly message: OutgoingMessage
  readonly resend: boolean
  readonly #peer: Peer
  readonly #link: number
  readonly #sequence: number

  constructor(peer: Peer, link: number, sequence: number, resend: boolean, message: OutgoingMessage) {
    this.#peer = peer
    this.#link = link
    this.#sequence = sequence
    this.resend = resend
    this.message = message
  }

  settle(error?: MessagingError): void {
    if (error) this.#peer.write(Op.REFUSE, this.#link, { sequence: this.#sequence, error: toWire(error) })
    else this.#peer.writeNumber(Op.CONFIRM, this.#link, this.#sequence)
  }
}

export class Peer {
  readonly records = new RecordWriter()
  readonly heartbeatMs: number
  readonly #session: Session
  readonly #dirty: () => void
  readonly #links = new Map<number, Link>()
  #delivery = 0
  heardAt = performance.now()
  saidAt = performance.now()

  constructor(session: Session, heartbeatMs: number, dirty: () => void) {
    this.#session = session
    this.heartbeatMs = heartbeatMs
    this.#dirty = dirty
  }

  write(op: OpCode, link: number, value: unknown): void {
    this.records.json(op, link, value)
    this.#dirty()
  }

  writeNumber(op: OpCode, link: number, number: number): void {
    // Room first: making it may put another buffer in place.
    const at = this.records.reserve(op, link, 4)
    this.records.buffer.writeUInt32BE(number, at)
    this.#dirty()
  }

  ping(): void {
    this.records.bytes(Op.PING, 0, Buffer.alloc(0))
    this.#dirty()
  }

  close(): Promise<void> {
    this.#links.clear()
    return this.#session.close()
  }

  /** @throws `DECODE_FAILED` on what no client of ours writes; the peer is then dropped */
  record(op: number, link: number, payload: Buffer): void {
    switch (op) {
      case Op.SEND:
        this.#send(link, payload)
        return
      case Op.ACCEPT:
        readNumbers(payload, (number) => this.#accept(link, number))
        return
      case Op.FLOW:
        this.#links.get(link)?.receiver?.flow(wholeNumber(readJson<{ credit: unknown }>(payload).credit))
        return
      case Op.SETTLE: {
        const { call, delivery, verdict } = readJson<{ call: number; delivery: number; verdict: Verdict }>(
          payload,
        )
        this.#answer(call, () => this.#settle(link, delivery, verdict))
        return
      }
      case Op.CALL: {
        const { call, verb, args } = readJson<{ call: number; verb: Verb; args: Record<string, never> }>(
          payload,
        )
        this.#answer(call, () => this.#call(verb, link, args ?? {}))
        return
      }
      case Op.PING:
        return
    }
    throw new MessagingError('DECODE_FAILED', `Record type ${op} is unknown`)
  }

  #send(link: number, payload: Buffer): void {
    const sender = this.#links.get(link)?.sender
    if (payload.length < 5) throw new MessagingError('DECODE_FAILED', 'A SEND without message')
    const sequence = payload.readUInt32BE(0)
    if (!sender) {
      const error = new MessagingError('CLOSED', 'The link is closed')
      this.write(Op.REFUSE, link, { sequence, error: toWire(error) })
      return
    }
    sender.send(new PeerTransfer(this, link, sequence, payload[4] === 1, decodeOutgoing(payload.subarray(5))))
  }

  #accept(link: number, number: number): void {
    const known = this.#links.get(link)
    const delivery = known?.deliveries.get(number)
    if (!delivery) return
    known!.deliveries.delete(number)
    known!.receiver!.accept(delivery)
  }

  async #settle(link: number, number: number, verdict: Verdict): Promise<void> {
    const known = this.#links.get(link)
    const delivery = known?.deliveries.get(number)
    if (!delivery) throw new MessagingError('DELIVERY_LOST', 'The delivery is not held by this link any more')
    known!.deliveries.delete(number)
    await known!.receiver!.settle(delivery, checkedVerdict(verdict))
  }

  #answer(call: number, work: () => Promise<unknown>): void {
    work().then(
      (result) => this.write(Op.REPLY, 0, { call, result: result ?? null }),
      (error) => this.write(Op.REPLY, 0, { call, error: toWire(error) }),
    )
  }

  async #call(verb: Verb, link: number, args: Record<string, never>): Promise<unknown> {
    switch (verb) {
      case 'declare':
        return this.#session.declare(args.node as never)
      case 'delete':
        return this.#session.delete(args.node as never)
      case 'purge':
        return this.#session.purge(args.node as never)
      case 'inspect':
        return this.#session.inspect(args.node as never)
      case 'list':
        return this.#session.list()
      case 'attachSender':
        return this.#attachSender(link, args.spec as never)
      case 'attachReceiver':
        return this.#attachReceiver(link, args.spec as never)
      case 'attachRequester':
        return this.#attachRequester(link, args.spec as never)
      case 'flush':
        return this.#links.get(link)?.receiver?.flush()
      case 'closeLink':
        return this.#closeLink(link)
    }
    throw new MessagingError('NOT_SUPPORTED', `The hub knows no call '${String(verb)}'`)
  }

  async #attachSender(link: number, spec: SenderSpec): Promise<void> {
    this.#checkRoom(link)
    const sender = await this.#session.attachSender(withoutNulls(spec), {
      detached: (error) => this.#detached(link, error),
    })
    this.#links.set(link, { sender, deliveries: new Map() })
  }

  async #attachRequester(link: number, spec: SenderSpec): Promise<{ replyTo: string }> {
    this.#checkRoom(link)
    const deliveries = new Map<number, AdapterDelivery>()
    const requester = await this.#session.attachRequester(withoutNulls(spec), {
      ...this.#receiverEvents(link, deliveries),
      deliver: (delivery) => this.#deliver(link, 0, delivery),
    })
    this.#links.set(link, { sender: requester, deliveries })
    return { replyTo: requester.replyTo }
  }

  async #attachReceiver(link: number, spec: ReceiverSpec): Promise<void> {
    this.#checkRoom(link)
    const deliveries = new Map<number, AdapterDelivery>()
    const receiver = await this.#session.attachReceiver(
      withoutNulls(spec),
      this.#receiverEvents(link, deliveries),
    )
    this.#links.set(link, { receiver, deliveries })
  }

  #receiverEvents(link: number, deliveries: Map<number, AdapterDelivery>): ReceiverEvents {
    return {
      deliver: (delivery) => {
        this.#delivery = (this.#delivery + 1) >>> 0
        deliveries.set(this.#delivery, delivery)
        this.#deliver(link, this.#delivery, delivery)
      },
      lost: (delivery) => {
        for (const [number, held] of deliveries) {
          if (held !== delivery) continue
          deliveries.delete(number)
          this.write(Op.LOST, link, { delivery: number })
        }
      },
      gap: (reason, count) => this.write(Op.GAP, link, { reason, count }),
      end: () => this.write(Op.END, link, {}),
      detached: (error) => this.#detached(link, error),
    }
  }

  #deliver(link: number, number: number, { message, deliveryCount, redelivered }: AdapterDelivery): void {
    const encoded = encodeIncoming(message)
    const at = this.records.reserve(Op.DELIVER, link, 9 + encodedLength(encoded))
    this.records.buffer.writeUInt32BE(number, at)
    this.records.buffer.writeUInt32BE(deliveryCount, at + 4)
    this.records.buffer[at + 8] = redelivered ? 1 : 0
    writeEncoded(encoded, this.records.buffer, at + 9)
    this.#dirty()
  }

  #detached(link: number, error: MessagingError): void {
    this.#links.delete(link)
    this.write(Op.DETACHED, link, { error: toWire(error) })
  }

  async #closeLink(link: number): Promise<void> {
    const known = this.#links.get(link)
    this.#links.delete(link)
    await (known?.sender ?? known?.receiver)?.close()
  }

  #checkRoom(link: number): void {
    if (link === 0 || this.#links.has(link))
      throw new MessagingError('INTERNAL', `The link number ${link} is taken`)
    if (this.#links.size >= MAX_LINKS)
      throw new MessagingError('CAPACITY_EXCEEDED', `A client has at most ${MAX_LINKS} links`)
  }
}

/** JSON has no `undefined`: an absent field comes as nothing, which the contract writes as `undefined`. */
function withoutNulls<T>(spec: T): T {
  if (typeof spec !== 'object' || spec === null)
    throw new MessagingError('DECODE_FAILED', 'A link without specification')
  return { link: {}, patterns: [], ...spec }
}

function checkedVerdict(verdict: Verdict): Verdict {
  if (verdict?.kind === 'reject') return { kind: 'reject', reason: String(verdict.reason) }
  if (verdict?.kind === 'release') {
    return {
      kind: 'release',
      delayMs: Math.max(0, Number(verdict.delayMs) || 0),
      unseen: verdict.unseen === true,
    }
  }
  throw new MessagingError('DECODE_FAILED', 'A verdict is release or reject')
}

function wholeNumber(value: unknown): number {
  return Number.isInteger(value) && (value as number) >= 0 ? (value as number) : 0
}
