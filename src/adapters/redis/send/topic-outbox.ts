/** To a topic or broadcast: whoever listens hears it, named subscriptions keep it, all in one step. */
import type { Transfer } from '../../../contract/adapter.ts'
import { newMessageId } from '../../../core/message-id.ts'
import { carriedAnnotations } from '../../../model/annotations.ts'
import { noProperties, type OutgoingMessage } from '../../../model/message.ts'
import { HEADER_AT, isPlain } from '../codec/envelope.ts'
import { CHANNEL, RecordWriter, TARGETS } from '../codec/records.ts'
import { channelOf, channelRoot } from '../nodes/keys.ts'
import {
  type Batch,
  bodyOf,
  type Encoded,
  envelopeBytes,
  Outbox,
  type OutboxParts,
  recordBytes,
  settleAll,
  writeEnvelope,
  writeRecord,
} from './outbox.ts'
import { TopicTable } from './topic-table.ts'

interface Publish {
  readonly encoded: Encoded
  readonly channel: string
  /** What listeners get begins here: 0, or behind the header. */
  readonly from: number
  /** Nobody keeps it and listeners need no header: the body is all. */
  readonly bare: boolean
}

/** A made time of creation is not worth a header unless the message waited. Unit: ms. */
const JUST_NOW_MS = 1_000
/** Ids that this process made begin so. */
const MADE_ID = newMessageId().slice(0, 17)

export class TopicOutbox extends Outbox {
  readonly #root: string
  readonly #durableByDefault: boolean
  readonly #table = new TopicTable()

  constructor(parts: OutboxParts, type: 'topic' | 'broadcast') {
    super(parts)
    this.#root = channelRoot(parts.label)
    this.#durableByDefault = type === 'topic'
  }

  protected override get mostBytes(): number {
    return this.session.facts.maxPublishBytes
  }

  /** Fetches the table, so that the first publish need not be written twice. */
  async load(): Promise<void> {
    const [version, table] = await this.session.ask((commands) =>
      Promise.all([commands.hget(this.base, 'version'), commands.hgetallBuffer(`${this.base}#subs`)]),
    )
    this.#table.update(
      version ?? '0',
      Object.entries(table).flatMap(([base, entry]) => [Buffer.from(base), entry]),
    )
  }

  protected call(batch: Batch, head: readonly (string | number)[]) {
    const used = new Map<number, number>()
    const publishes = batch.transfers.map((transfer) => this.#publish(transfer, used))
    const bases = [...used.keys()].map((index) => this.#table.targets[index]!.base)
    const { version } = this.#table
    return {
      script: 'publish' as const,
      keys: [this.base, ...bases],
      args: [...head, writePublishes(publishes), version],
    }
  }

  protected override mustRepeat(reply: unknown): boolean {
    if (super.mustRepeat(reply)) return true
    const [outcome, version, table] = reply as [number, Buffer, Buffer[]]
    if (outcome !== 1) return false
    this.#table.update(version.toString(), table)
    return true
  }

  protected answered(batch: Batch, reply: unknown): void {
    const [outcome, full, unheard = [], problem] = reply as [number, number[], number[]?, Buffer?]
    const { transfers } = batch
    if (unheard.length > 0) {
      const error = this.session.error(new Error(String(problem)), this.context(undefined))
      for (const number of unheard) transfers[number - 1]!.settle(error)
    }
    if (outcome === 0) this.nowhere(batch, `There is no topic '${this.label}'`)
    else if (full.length === 0 && unheard.length === 0) settleAll(batch, undefined)
    else this.#settleRefused(batch, full, new Set(unheard))
  }

  #settleRefused({ transfers }: Batch, full: readonly number[], unheard: ReadonlySet<number>): void {
    const refusedBy = new Map<number, number>()
    for (let at = 0; at < full.length; at += 2) refusedBy.set(full[at]!, full[at + 1]!)
    transfers.forEach((transfer, at) => {
      if (unheard.has(at + 1)) return
      transfer.settle(
        refusedBy.has(at + 1) ? this.full(transfer.message, `a subscription of ${this.label}`) : undefined,
      )
    })
  }

  #publish(transfer: Transfer, used: Map<number, number>): Publish {
    const { message } = transfer
    const { subject } = message
    const targets = this.#table.match(subject ?? '')
    const encoded = this.encode(transfer)
    encoded.flags |= CHANNEL
    if (targets.length > 0) {
      encoded.flags |= TARGETS
      encoded.targets = targets.map((index) => {
        const known = used.get(index)
        if (known !== undefined) return known
        used.set(index, used.size + 1)
        return used.size
      })
    }
    const channel = channelOf(this.#root, subject)
    const plain = this.#isPlain(message)
    const kept = targets.length > 0
    return {
      encoded,
      channel,
      from: plain && kept ? HEADER_AT + encoded.headerBytes : 0,
      bare: plain && !kept,
    }
  }

  /** Whether a listener can tell everything that the application set from channel and body. */
  #isPlain(message: OutgoingMessage): boolean {
    if (this.session.endpoint.alwaysEnvelope) return false
    const { properties, replyTo, correlationId, priority, ttlMs, delayMs, userId, groupId } = message
    if (properties !== noProperties() && Object.keys(properties).length > 0) return false
    if (replyTo !== undefined || correlationId !== undefined || priority !== undefined) return false
    if (ttlMs !== undefined || delayMs !== undefined || userId !== undefined || groupId !== undefined)
      return false
    if (carriedAnnotations(message) !== undefined) return false
    if (message.durable !== this.#durableByDefault || !message.id.startsWith(MADE_ID)) return false
    const age = Date.now() - message.createdAt
    if (age < 0 || age > JUST_NOW_MS) return false
    const body = bodyOf(message)
    return isPlain(message.contentType, Buffer.from(body.buffer, body.byteOffset, body.byteLength))
  }
}

function writePublishes(publishes: readonly Publish[]): Buffer {
  let bytes = 0
  const channelBytes: number[] = []
  for (const { encoded, channel, bare } of publishes) {
    const size = Buffer.byteLength(channel)
    channelBytes.push(size)
    bytes += recordBytes(encoded) + 8 + size + payloadBytes(encoded, bare)
  }
  const writer = new RecordWriter(bytes)
  publishes.forEach(({ encoded, channel, from, bare }, at) => {
    writeRecord(writer, encoded, payloadBytes(encoded, bare))
    writer.long(channelBytes[at]!)
    writer.text(channel)
    writer.long(from)
    if (bare) writer.bytes(bodyOf(encoded.message))
    else writeEnvelope(writer, encoded)
  })
  return writer.buffer
}

function payloadBytes(encoded: Encoded, bare: boolean): number {
  return bare ? bodyOf(encoded.message).byteLength : envelopeBytes(encoded)
}
