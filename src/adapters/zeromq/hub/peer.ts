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
import { PartReader } from '../codec/parts.ts'
import { malformed, readJson, readNumbers } from '../codec/records.ts'
import { toWire } from '../errors.ts'
import { Batches } from '../wire/outbox.ts'
import { type Hello, OLDEST_PROTOCOL, Op, type OpCode, type Verb } from '../wire/protocol.ts'
import { placeIn } from '../wire/slots.ts'
import { type LinkEnd, type PeerLink, PeerLinks } from './peer-links.ts'
import {
  creditOf,
  isTake,
  nodeRef,
  nodeSpec,
  receiverSpec,
  requestOf,
  type Settlement,
  senderSpec,
  settlementOf,
  verdictOf,
} from './specs.ts'
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

/** What the hub knows of a client before its first request. */
export interface PeerFacts {
  readonly identity: Buffer
  readonly hello: Hello
  /** Largest body. Unit: bytes. */
  readonly maxBodyBytes: number
  /** Largest batch that comes in parts. Unit: bytes. */
  readonly maxBatchBytes: number
  /** Ends the session: the client goes on sending what is wrong. */
  readonly dismiss: (error: MessagingError) => void
}

/** Something wrong may be a mistake; so many in so short a time are none. */
const MOST_FAULTS = 100
const FAULTS_MS = 60_000
/**
 * Nothing more is handed to a client while so much waits to be sent to it, until less than that waits: a slow line with much credit must
 * not fill the memory of the hub. Unit: bytes.
 */
const PAUSE_BYTES = 32 * 1024 * 1024
const RESUME_BYTES = 8 * 1024 * 1024

export class Peer {
  readonly identity: Buffer
  readonly batches = new Batches()
  readonly heartbeatMs: number
  readonly #facts: PeerFacts
  readonly #session: Session
  readonly #post: PeerPost
  readonly #links = new PeerLinks()
  /** Puts together what comes in parts. */
  readonly parts: PartReader
  #faults = 0
  /** When the first of {@link #faults} was. */
  #faultsSince = 0
  /** By the hub's clock. */
  heardAt = 0
  saidAt = performance.now()
  /** Has something to be sent, and its writer knows. Owned by the writer. */
  queued = false

  constructor(facts: PeerFacts, session: Session, post: PeerPost) {
    this.#facts = facts
    this.identity = facts.identity
    this.heartbeatMs = facts.hello.heartbeatMs
    this.#session = session
    this.#post = post
    this.parts = new PartReader(facts.maxBatchBytes)
    this.batches.parts = facts.hello.protocol > OLDEST_PROTOCOL
  }

  /** What it is known by when it comes back. */
  get client(): string | undefined {
    return this.#facts.hello.client
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

  /** A part of what waited is on its way. */
  sent(): void {
    if (this.#links.paused && this.batches.bytes < RESUME_BYTES) this.#links.resume()
  }

  close(): Promise<void> {
    this.#links.lost()
    return this.#session.close()
  }

  /** @throws `DECODE_FAILED`, `CONFIG_INVALID` on what cannot be answered; the peer is then dropped */
  record(op: number, link: number, batch: Buffer, start: number, end: number): void {
    switch (op) {
      case Op.SEND:
        this.#send(link, batch, start, end)
        return
      case Op.ACCEPT:
        readNumbers(batch, start, end, (number) => this.#accept(link, number))
        return
      case Op.HANDED:
        readNumbers(batch, start, end, (number) => this.#links.handed(link, number))
        return
      case Op.FLOW: {
        this.#links.flow(link, creditOf(readJson<{ credit: unknown }>(batch, start, end).credit))
        return
      }
      case Op.SETTLE: {
        const settlement = settlementOf(readJson(batch, start, end))
        this.#request(settlement.call, () => this.#settle(link, settlement))
        return
      }
      case Op.CALL: {
        const { call, verb, args } = requestOf(readJson(batch, start, end))
        this.#request(call, () => this.#call(verb, link, args))
        return
      }
      case Op.PING:
        return
    }
    throw new MessagingError('DECODE_FAILED', `Record type ${op} is unknown`)
  }

  #send(link: number, batch: Buffer, start: number, end: number): void {
    if (end - start < 5) throw malformed('a SEND without message')
    const sequence = batch.readUInt32BE(start)
    let message: WireMessage
    try {
      message = new WireMessage(batch, start + 5, end, this.#facts.maxBodyBytes)
    } catch (error) {
      this.write(Op.REFUSE, link, { sequence, error: toWire(error) })
      this.#fault()
      return
    }
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

  /** Answered by REPLY. `prepare` checks what was asked for, and returns the work. */
  #request(call: number, prepare: () => () => Promise<unknown>): void {
    let work: () => Promise<unknown>
    try {
      work = prepare()
    } catch (error) {
      this.write(Op.REPLY, 0, { call, error: toWire(error) })
      this.#fault()
      return
    }
    work()
      .then((result) => this.write(Op.REPLY, 0, { call, result: result ?? null }))
      .catch((error) => this.write(Op.REPLY, 0, { call, error: toWire(error) }))
  }

  #fault(): void {
    const now = performance.now()
    if (now - this.#faultsSince > FAULTS_MS) {
      this.#faultsSince = now
      this.#faults = 0
    }
    if (++this.#faults < MOST_FAULTS) return
    const text = `The hub was sent ${MOST_FAULTS} messages or requests that are none within a minute`
    this.#facts.dismiss(new MessagingError('CONNECTION_LOST', text))
  }

  #settle(link: number, { delivery: number, verdict }: Settlement): () => Promise<void> {
    const checked = isTake(verdict) ? 'take' : verdictOf(verdict)
    return async () => {
      const known = this.#links.get(link)
      const delivery = known && this.#links.settled(known, number)
      if (!delivery)
        throw new MessagingError('DELIVERY_LOST', 'The delivery is not held by this link any more')
      const receiver = known.end?.receiver
      if (checked !== 'take') await receiver?.settle(delivery, checked)
      else if (receiver?.takeOut) await receiver.takeOut(delivery)
      else throw new MessagingError('CONFIG_INVALID', 'Only a browser takes what it was shown')
    }
  }

  #call(verb: string, link: number, args: Readonly<Record<string, unknown>>): () => Promise<unknown> {
    const known = verb as Verb
    switch (known) {
      case 'declare': {
        const node = nodeSpec(args.node)
        return () => this.#session.declare(node)
      }
      case 'delete':
      case 'purge':
      case 'inspect': {
        const node = nodeRef(args.node)
        return () => this.#session[known](node)
      }
      case 'list':
        return () => this.#session.list()
      case 'attachSender': {
        const spec = senderSpec(args.spec)
        return () => this.#attachSender(link, spec)
      }
      case 'attachReceiver': {
        const spec = receiverSpec(args.spec)
        return () => this.#attachReceiver(link, spec)
      }
      case 'attachRequester': {
        const spec = senderSpec(args.spec)
        return () => this.#attachRequester(link, spec)
      }
      case 'flush':
        return async () => this.#links.get(link)?.end?.receiver?.flush()
      case 'closeLink':
        return () => this.#closeLink(link)
    }
    throw new MessagingError('NOT_SUPPORTED', 'The hub does not know this call')
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

  /** The answer says whether the hub wants to hear of deliveries that the program has in hand. */
  async #attachReceiver(link: number, spec: ReceiverSpec): Promise<{ counts: boolean }> {
    const { protocol } = this.#facts.hello
    let counts = false
    await this.#attach(link, spec.credit, async (claimed) => {
      const events = this.#receiverEvents(link, claimed)
      const receiver = await this.#session.attachReceiver(spec, events, protocol > OLDEST_PROTOCOL)
      counts = receiver.tells === true
      return { receiver }
    })
    return { counts }
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
    const annotated = this.#facts.hello.protocol > OLDEST_PROTOCOL
    const kept = message.ttlMs === undefined ? MessageView.kept(message) : undefined
    const raw = annotated || !kept?.original ? WireMessage.bytes(kept) : undefined
    const at = raw
      ? writeRaw(records, Op.DELIVER, link, DELIVERY_FRONT, raw)
      : writeMessage(records, Op.DELIVER, link, DELIVERY_FRONT, message, annotated)
    const { buffer } = records
    buffer.writeUInt32BE(number, at)
    buffer.writeUInt32BE(deliveryCount, at + 4)
    buffer[at + 8] = redelivered ? 1 : 0
    this.#post.touched(this)
    if (this.batches.bytes > PAUSE_BYTES) this.#links.pause()
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
