/** The hub's end of one client: a session of the broker, its links by number, its outgoing records. */

import { MessageView, type Session } from '../../../broker/index.ts'
import type {
  AdapterDelivery,
  ReceiverEvents,
  ReceiverSpec,
  SenderSpec,
  Transfer,
} from '../../../contract/adapter.ts'
import { MessagingError } from '../../../model/errors.ts'
import type { OutgoingMessage } from '../../../model/message.ts'
import { DELIVERY_FRONT } from '../codec/incoming.ts'
import { writeMessage, writeRaw } from '../codec/message-codec.ts'
import { readJson } from '../codec/records.ts'
import { toWire } from '../errors.ts'
import { Batches } from '../wire/outbox.ts'
import { Op, type OpCode, type Verb } from '../wire/protocol.ts'
import { placeIn } from '../wire/slots.ts'
import { type LinkEnd, type PeerLink, PeerLinks } from './peer-links.ts'
import { creditOf, nodeRef, nodeSpec, receiverSpec, senderSpec, verdictOf } from './specs.ts'
import { WireMessage } from './wire-message.ts'

/** A message of a client on its way into the broker. */
class PeerTransfer implements Transfer {
  readonly message: OutgoingMessage
  readonly resend: boolean
  /** The client numbers its unanswered messages: the broker need not remember more than those. */
  readonly place: number
  readonly #peer: Peer
  readonly #link: number
  readonly #sequence: number

  constructor(peer: Peer, link: number, sequence: number, resend: boolean, message: OutgoingMessage) {
    this.#peer = peer
    this.#link = link
    this.#sequence = sequence
    this.resend = resend
    this.place = placeIn(sequence)
    this.message = message
  }

  settle(error?: MessagingError): void {
    if (error) this.#peer.write(Op.REFUSE, this.#link, { sequence: this.#sequence, error: toWire(error) })
    else this.#peer.confirm(this.#link, this.#sequence)
  }
}

/** What takes the news that a peer has something to be told. */
export interface PeerPost {
  touched(peer: Peer): void
  /** It may wait a little for company. */
  touchedLater(peer: Peer): void
}

export class Peer {
  readonly identity: Buffer
  readonly batches = new Batches()
  readonly heartbeatMs: number
  readonly #session: Session
  readonly #post: PeerPost
  readonly #links = new PeerLinks()
  heardAt = performance.now()
  saidAt = performance.now()
  /** Has something to be sent, and its writer knows. Owned by the writer. */
  queued = false

  constructor(identity: Buffer, session: Session, heartbeatMs: number, post: PeerPost) {
    this.identity = identity
    this.#session = session
    this.heartbeatMs = heartbeatMs
    this.#post = post
  }

  write(op: OpCode, link: number, value: unknown): void {
    this.batches.records.json(op, link, value)
    this.#post.touched(this)
  }

  confirm(link: number, sequence: number): void {
    this.batches.records.number(Op.CONFIRM, link, sequence)
    if (this.#links.mayWait(link)) this.#post.touchedLater(this)
    else this.#post.touched(this)
  }

  ping(): void {
    this.batches.records.empty(Op.PING, 0)
    this.#post.touched(this)
  }

  close(): Promise<void> {
    this.#links.clear()
    return this.#session.close()
  }

  /** @throws `DECODE_FAILED` on what no client of ours writes; the peer is then dropped */
  record(op: number, link: number, batch: Buffer, start: number, end: number): void {
    switch (op) {
      case Op.SEND:
        this.#send(link, batch, start, end)
        return
      case Op.ACCEPT:
        for (let at = start; at + 4 <= end; at += 4) this.#accept(link, batch.readUInt32BE(at))
        return
      case Op.FLOW: {
        this.#links.flow(link, creditOf(readJson<{ credit: unknown }>(batch, start, end).credit))
        return
      }
      case Op.SETTLE: {
        const settlement = readJson<{ call: number; delivery: number; verdict: unknown }>(batch, start, end)
        this.#answer(settlement.call, () => this.#settle(link, settlement.delivery, settlement.verdict))
        return
      }
      case Op.CALL: {
        const { call, verb, args } = readJson<{ call: number; verb: Verb; args: Record<string, unknown> }>(
          batch,
          start,
          end,
        )
        this.#answer(call, () => this.#call(verb, link, args ?? {}))
        return
      }
      case Op.PING:
        return
    }
    throw new MessagingError('DECODE_FAILED', `Record type ${op} is unknown`)
  }

  #send(link: number, batch: Buffer, start: number, end: number): void {
    if (end - start < 5) throw new MessagingError('DECODE_FAILED', 'A SEND without message')
    const sequence = batch.readUInt32BE(start)
    const message = new WireMessage(batch, start + 5, end)
    const sender = this.#links.get(link)?.end?.sender
    if (sender) sender.send(new PeerTransfer(this, link, sequence, batch[start + 4] === 1, message))
    else {
      const error = new MessagingError('CLOSED', 'The link is closed')
      this.write(Op.REFUSE, link, { sequence, error: toWire(error) })
    }
  }

  #accept(link: number, number: number): void {
    const known = this.#links.get(link)
    const delivery = known && this.#links.settled(known, number)
    if (delivery) known.end?.receiver?.accept(delivery)
  }

  async #settle(link: number, number: number, verdict: unknown): Promise<void> {
    const checked = verdictOf(verdict)
    const known = this.#links.get(link)
    const delivery = known && this.#links.settled(known, number)
    if (!delivery) throw new MessagingError('DELIVERY_LOST', 'The delivery is not held by this link any more')
    await known.end?.receiver?.settle(delivery, checked)
  }

  #answer(call: number, work: () => Promise<unknown>): void {
    work().then(
      (result) => this.write(Op.REPLY, 0, { call, result: result ?? null }),
      (error) => this.write(Op.REPLY, 0, { call, error: toWire(error) }),
    )
  }

  async #call(verb: Verb, link: number, args: Record<string, unknown>): Promise<unknown> {
    switch (verb) {
      case 'declare':
        return this.#session.declare(nodeSpec(args.node))
      case 'delete':
        return this.#session.delete(nodeRef(args.node))
      case 'purge':
        return this.#session.purge(nodeRef(args.node))
      case 'inspect':
        return this.#session.inspect(nodeRef(args.node))
      case 'list':
        return this.#session.list()
      case 'attachSender':
        return this.#attachSender(link, senderSpec(args.spec))
      case 'attachReceiver':
        return this.#attachReceiver(link, receiverSpec(args.spec))
      case 'attachRequester':
        return this.#attachRequester(link, senderSpec(args.spec))
      case 'flush':
        return this.#links.get(link)?.end?.receiver?.flush()
      case 'closeLink':
        return this.#closeLink(link)
    }
    throw new MessagingError('NOT_SUPPORTED', `The hub knows no call '${String(verb)}'`)
  }

  async #attachSender(link: number, spec: SenderSpec): Promise<void> {
    await this.#attach(link, 0, async () => {
      const events = { detached: (error: MessagingError) => this.#detached(link, error) }
      const sender = await this.#session.attachSender(spec, events)
      return spec.target ? { sender } : { sender, patience: 'answers' }
    })
  }

  async #attachRequester(link: number, spec: SenderSpec): Promise<{ replyTo: string }> {
    let replyTo = ''
    await this.#attach(link, 0, async (claimed) => {
      const sender = await this.#session.attachRequester(spec, {
        ...this.#receiverEvents(link, claimed),
        deliver: (delivery) => this.#deliver(link, 0, delivery),
      })
      replyTo = sender.replyTo
      return { sender, patience: 'requests' }
    })
    return { replyTo }
  }

  async #attachReceiver(link: number, spec: ReceiverSpec): Promise<void> {
    await this.#attach(link, spec.credit, async (claimed) => ({
      receiver: await this.#session.attachReceiver(spec, this.#receiverEvents(link, claimed)),
    }))
  }

  async #attach(link: number, credit: number, open: (claimed: PeerLink) => Promise<LinkEnd>): Promise<void> {
    const claimed = this.#links.claim(link)
    let end: LinkEnd
    try {
      end = await open(claimed)
    } catch (error) {
      this.#links.remove(link)
      throw error
    }
    if (!this.#links.attached(link, claimed, end, credit)) await closeEnd(end)
  }

  #receiverEvents(link: number, known: PeerLink): ReceiverEvents {
    return {
      deliver: (delivery) => this.#deliver(link, this.#links.opened(known, delivery), delivery),
      lost: (delivery) => {
        const number = known.deliveries.numberOf(delivery)
        if (number === undefined) return
        this.#links.settled(known, number)
        this.write(Op.LOST, link, { delivery: number })
      },
      gap: (reason, count) => this.write(Op.GAP, link, { reason, count }),
      end: () => this.write(Op.END, link, {}),
      detached: (error) => this.#detached(link, error),
    }
  }

  #deliver(link: number, number: number, { message, deliveryCount, redelivered }: AdapterDelivery): void {
    const { records } = this.batches
    const raw = message.ttlMs === undefined ? WireMessage.bytes(MessageView.kept(message)) : undefined
    const at = raw
      ? writeRaw(records, Op.DELIVER, link, DELIVERY_FRONT, raw)
      : writeMessage(records, Op.DELIVER, link, DELIVERY_FRONT, message)
    const { buffer } = records
    buffer.writeUInt32BE(number, at)
    buffer.writeUInt32BE(deliveryCount, at + 4)
    buffer[at + 8] = redelivered ? 1 : 0
    this.#post.touched(this)
  }

  #detached(link: number, error: MessagingError): void {
    this.#links.remove(link)
    this.write(Op.DETACHED, link, { error: toWire(error) })
  }

  async #closeLink(link: number): Promise<void> {
    const end = this.#links.remove(link)?.end
    if (end) await closeEnd(end)
  }
}

async function closeEnd({ sender, receiver }: LinkEnd): Promise<void> {
  await (sender ?? receiver)?.close()
}
