/**
 * Messages on their way to one node: those of one turn of the event loop go in one script call, several calls may be under
 * way, and their order is that of `send`.
 */
import type { Transfer } from '../../../contract/adapter.ts'
import { asMessagingError, MessagingError, nodeFull } from '../../../model/errors.ts'
import { NORMAL_PRIORITY, type OutgoingMessage } from '../../../model/message.ts'
import { type Attempt, attemptsOf, noteAttempt } from '../codec/attempts.ts'
import { HEADER_AT, writeHeader } from '../codec/envelope.ts'
import { formatHeader } from '../codec/outgoing.ts'
import { FACTS, RESEND, RecordWriter, TARGETS } from '../codec/records.ts'
import { ADAPTER, isConnectionError, tooLarge } from '../errors.ts'
import type { ScriptName } from '../scripts/index.ts'
import type { Session } from '../wire/session.ts'

/** Bound of a batch, so that one call does not hold up the server for others for long. */
const MAX_MESSAGES = 1_000
/** Unit: bytes of bodies. A larger message goes alone. */
const MAX_BYTES = 1_048_576
/** A limit of the server above this concerns no batch of small messages. Unit: bytes. */
const FAR_BYTES = 16 * MAX_BYTES
/** Of a record, beside header, body and names: see {@link recordBytes}. Unit: bytes. */
const RECORD_BYTES = 1_024
/** Answer of a script to a batch before which others of its sender are missing. */
const COMES_EARLY = 1

export interface OutboxParts {
  readonly session: Session
  /** Address, for errors. */
  readonly label: string
  /** Base key of the node. */
  readonly base: string
  /** Transfers are accepted once they are written. */
  readonly unconfirmed: boolean
  /** Nothing is sent again after a lost connection, so that the server need not note what it has. */
  readonly once?: boolean
}

/** Messages that are written together. */
export class Batch {
  readonly transfers: readonly Transfer[]
  /** Number of the first one on its link. */
  first = 0

  constructor(transfers: readonly Transfer[]) {
    this.transfers = transfers
  }
}

/** One message, ready to be written. */
export interface Encoded {
  readonly message: OutgoingMessage
  readonly header: string
  readonly headerBytes: number
  readonly attempts: readonly Attempt[]
  flags: number
  targets: readonly number[] | undefined
}

let links = 0

export abstract class Outbox {
  protected readonly session: Session
  protected readonly label: string
  protected readonly base: string
  readonly #unconfirmed: boolean
  /** Names this outbox in the server's notes; empty: nothing is noted. */
  readonly #link: string
  #waiting: Transfer[] = []
  #scheduled = false
  /** Whether the server takes as much as comes next is being tried. */
  #trying = false
  #next = 1
  /** Calls without an answer, oldest first. */
  readonly #written = new Set<Batch>()
  /** Batches of which the server took nothing: they are written again. */
  #again: Batch[] = []
  #ended = false

  constructor({ session, label, base, unconfirmed, once = false }: OutboxParts) {
    this.session = session
    this.label = label
    this.base = base
    this.#unconfirmed = unconfirmed
    this.#link = unconfirmed || once ? '' : `${session.token}.${(++links).toString(36)}`
  }

  /** Nothing is under way. */
  get idle(): boolean {
    return this.#waiting.length === 0 && this.#written.size === 0 && this.#again.length === 0
  }

  send(transfer: Transfer): void {
    this.#waiting.push(transfer)
    if (this.#scheduled || this.#ended) return
    this.#scheduled = true
    // Behind everything that this turn still sends.
    process.nextTick(flush, this)
  }

  /** Notes what is in doubt: the connection is gone, or the link is. */
  abandon(): void {
    if (this.#ended) return
    this.#ended = true
    this.#waiting = []
    this.#again = []
    if (this.#link === '') return
    for (const { transfers, first } of this.#written) {
      transfers.forEach(({ message }, at) => {
        noteAttempt(message, { link: this.#link, number: first + at })
      })
    }
  }

  /** Ends the outbox and what the server keeps for it. */
  async close(): Promise<void> {
    this.abandon()
    if (this.#next === 1 || this.#link === '' || !this.session.alive) return
    const note = this.noteBase
    if (note === undefined) return
    await this.session.wire.commands
      .unlink(`${note}#sent:${this.#link}`, `${note}#refused:${this.#link}`)
      .catch((error) => this.session.check(error))
  }

  /** The largest message that may leave, whatever the server takes. Unit: bytes. */
  protected get mostBytes(): number {
    return Infinity
  }

  /** Where the server notes how far this outbox has come; `undefined`: nowhere. */
  protected get noteBase(): string | undefined {
    return this.base
  }

  /** What is to be run for a batch. `head` are the arguments that every batch has. */
  protected abstract call(
    batch: Batch,
    head: readonly (string | number)[],
  ): { script: ScriptName; keys: readonly string[]; args: (string | number | Buffer)[] }

  /** Whether the server took nothing of a batch for now, so that it must be written again. */
  protected mustRepeat(reply: unknown): boolean {
    return reply === COMES_EARLY
  }

  /** Settles every transfer of a batch by the script's answer. */
  protected abstract answered(batch: Batch, reply: unknown): void

  protected flush(): void {
    this.#scheduled = false
    // order: what is written again goes first.
    if (this.#ended || this.#trying || this.#again.length > 0 || this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    const { most, proven } = this.#limits
    for (const [batch, bytes] of this.#batches(waiting)) {
      if (bytes > proven) {
        // order: what was sent behind it waits for it; what was refused was settled.
        this.#waiting = waiting
          .slice(waiting.indexOf(batch.transfers[0]!))
          .filter(({ message }) => this.#sizeOf(message, Math.min(most, proven)) <= most)
        void this.#try(bytes)
        return
      }
      batch.first = this.#next
      this.#next += batch.transfers.length
      this.#write(batch)
    }
  }

  get #limits(): { readonly most: number; readonly proven: number } {
    const { most, proven } = this.session.argumentLimit
    return { most: Math.min(most, this.mostBytes), proven }
  }

  async #try(bytes: number): Promise<void> {
    this.#trying = true
    await this.session.argumentLimit.prove(bytes)
    this.#trying = false
    this.flush()
  }

  /** No batch is longer than an argument may be: the server would end the connection. What is too long alone is refused. */
  *#batches(transfers: readonly Transfer[]): Iterable<[batch: Batch, bytes: number]> {
    const { most: limit, proven } = this.#limits
    const most = Math.min(MAX_BYTES, proven)
    let batch: Transfer[] = []
    let bytes = 0
    for (const transfer of transfers) {
      const size = this.#sizeOf(transfer.message, Math.min(limit, proven))
      if (size > limit) {
        transfer.settle(this.#tooLarge(transfer.message, size, limit))
        continue
      }
      if (batch.length > 0 && (bytes + size > most || batch.length >= MAX_MESSAGES)) {
        yield [new Batch(batch), bytes]
        batch = []
        bytes = 0
      }
      batch.push(transfer)
      bytes += size
    }
    if (batch.length > 0) yield [new Batch(batch), bytes]
  }

  /** At least what it takes in a batch; where the limit is far away, the body alone. */
  #sizeOf(message: OutgoingMessage, limit: number): number {
    const body = bodyOf(message).byteLength
    if (limit > FAR_BYTES && body < limit / 2) return body
    const { subject = '', members = [] } = message
    const names = Buffer.byteLength(subject) + Buffer.byteLength(this.label) + 4 * members.length
    return RECORD_BYTES + 3 * names + Buffer.byteLength(formatHeader(message)) + body
  }

  #tooLarge(message: OutgoingMessage, bytes: number, limit: number): MessagingError {
    const hint =
      limit === this.mostBytes
        ? "Send less, or to a queue, or raise the server's client-output-buffer-limit for pubsub: it ends the connection of every subscriber that is told more."
        : undefined
    return tooLarge(bytes, limit, this.context(message), hint)
  }

  static flush(outbox: Outbox): void {
    outbox.flush()
  }

  #write(batch: Batch): void {
    const [oldest = batch] = this.#written
    this.#written.add(batch)
    const head = [this.#link, batch.first, batch.transfers.length, oldest.first - 1]
    let call: ReturnType<Outbox['call']>
    try {
      call = this.call(batch, head)
    } catch (cause) {
      // What cannot be written ends with those that wait for it, and not with the process.
      this.#written.delete(batch)
      settleAll(batch, asMessagingError(cause))
      return
    }
    const { script, keys, args } = call
    const running = this.session.runSend(script, keys, args)
    if (this.#unconfirmed) settleAll(batch, undefined)
    running.then(
      ({ reply, replicas }) => this.#replied(batch, reply, replicas),
      (error) => this.#failed(batch, error),
    )
  }

  #replied(batch: Batch, reply: unknown, replicas: number | undefined): void {
    this.#written.delete(batch)
    if (this.#ended) return
    if (this.mustRepeat(reply)) this.#again.push(batch)
    else if (!this.#unconfirmed) {
      if (replicas !== undefined) settleAll(batch, this.#unreplicated(replicas))
      else this.answered(batch, reply)
    }
    this.#writeAgain()
  }

  /** order: only when nothing is under way, so that nothing can come in between. */
  #writeAgain(): void {
    if (this.#again.length === 0 || this.#written.size > 0) return
    const again = this.#again.sort((one, other) => one.first - other.first)
    this.#again = []
    for (const batch of again) this.#write(batch)
    this.flush()
  }

  #failed(batch: Batch, error: unknown): void {
    // In doubt: `abandon` has noted them, the API sends them again.
    if (this.#ended || !this.session.alive || isConnectionError(error)) return
    this.#written.delete(batch)
    if (!this.#unconfirmed) settleAll(batch, this.session.error(error, this.context(undefined)))
    this.#writeAgain()
  }

  // ── for the kinds of outbox ──

  protected encode(transfer: Transfer): Encoded {
    const { message } = transfer
    const header = formatHeader(message)
    const attempts = transfer.resend ? attemptsOf(message) : NO_ATTEMPTS
    let flags = 0
    const { priority, ttlMs, delayMs, deliveriesBefore } = message
    if (
      (priority !== undefined && priority !== NORMAL_PRIORITY) ||
      ttlMs !== undefined ||
      delayMs !== undefined
    )
      flags |= FACTS
    if (deliveriesBefore > 0) flags |= FACTS
    if (attempts.length > 0) flags |= RESEND
    return { message, header, headerBytes: Buffer.byteLength(header), attempts, flags, targets: undefined }
  }

  protected context(message: OutgoingMessage | undefined): Record<string, unknown> {
    return { adapter: ADAPTER, address: this.label, operation: 'send', messageId: message?.id }
  }

  protected unroutable(
    message: OutgoingMessage,
    text: string,
    more?: Record<string, unknown>,
  ): MessagingError {
    return new MessagingError('SEND_UNROUTABLE', text, { context: { ...this.context(message), ...more } })
  }

  /** No message of a batch has reached anybody. */
  protected nowhere({ transfers }: Batch, text: string): void {
    for (const transfer of transfers) transfer.settle(this.unroutable(transfer.message, text))
  }

  protected full(message: OutgoingMessage, name: string): MessagingError {
    return nodeFull(`The queue '${name}' is full`, { context: this.context(message) })
  }

  #unreplicated(replicas: number): MessagingError {
    const { waitReplicas, waitMs } = this.session.endpoint
    const text = `Only ${replicas} of ${waitReplicas} replicas had the message after ${waitMs} ms`
    return new MessagingError('SEND_UNCONFIRMED', text, {
      hint: 'The master holds it; a fail-over at this moment could lose it.',
      context: this.context(undefined),
    })
  }
}

const NO_ATTEMPTS: readonly Attempt[] = []

function flush(outbox: Outbox): void {
  Outbox.flush(outbox)
}

export function settleAll(batch: Batch, error: MessagingError | undefined): void {
  for (const transfer of batch.transfers) transfer.settle(error)
}

/** The API hands bytes where `structuredBodies` is not native. */
export function bodyOf(message: OutgoingMessage): Uint8Array {
  return message.body as Uint8Array
}

/** Bytes of a record without its payload. */
export function recordBytes({ flags, attempts, targets }: Encoded): number {
  let bytes = 5
  if ((flags & FACTS) !== 0) bytes += 21
  if ((flags & RESEND) !== 0) {
    bytes += 1
    for (const { link } of attempts) bytes += 9 + link.length
  }
  if (targets !== undefined) bytes += 4 + 4 * targets.length
  return bytes
}

/** Bytes of a message with its header. */
export function envelopeBytes({ message, headerBytes }: Encoded): number {
  return HEADER_AT + headerBytes + bodyOf(message).byteLength
}

/** Writes everything before the payload, channel left out. */
export function writeRecord(writer: RecordWriter, encoded: Encoded, payloadBytes: number): void {
  const { flags, message, attempts, targets } = encoded
  writer.byte(flags)
  writer.long(payloadBytes)
  if ((flags & FACTS) !== 0) {
    writer.byte(message.priority ?? NORMAL_PRIORITY)
    writer.float(message.ttlMs ?? 0)
    writer.float(message.delayMs ?? 0)
    writer.long(message.deliveriesBefore)
  }
  if ((flags & RESEND) !== 0) {
    writer.byte(attempts.length)
    for (const { link, number } of attempts) {
      writer.byte(link.length)
      writer.text(link)
      writer.float(number)
    }
  }
  if ((flags & TARGETS) !== 0) {
    writer.long(targets!.length)
    for (const target of targets!) writer.long(target)
  }
}

export function writeEnvelope(writer: RecordWriter, { header, headerBytes, message }: Encoded): void {
  writer.at = writeHeader(writer.buffer, writer.at, header, headerBytes)
  writer.bytes(bodyOf(message))
}

/** A batch whose payloads all have their header. */
export function writeAll(encoded: readonly Encoded[]): Buffer {
  let bytes = 0
  for (const one of encoded) bytes += recordBytes(one) + envelopeBytes(one)
  const writer = new RecordWriter(bytes)
  for (const one of encoded) {
    writeRecord(writer, one, envelopeBytes(one))
    writeEnvelope(writer, one)
  }
  return writer.buffer
}
