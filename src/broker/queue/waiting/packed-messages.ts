/**
 * Messages that wait in memory, as columns: what differs from one to the next, and an example of all the rest. The bytes
 * of a body stay where they are. About 70 bytes a message beside its body, where the objects take 450; and the garbage
 * collector, which walks all that waits again and again, finds next to nothing to walk.
 */
import type { OutgoingMessage } from '../../../model/message.ts'

/** What holds a message. */
interface MessageHolder {
  /** `undefined`: the store has it. */
  readonly message: OutgoingMessage | undefined
  /** 0: it is in memory only. */
  readonly storeKey: number
}

/** Kinds of messages in one pack; where there are more, little is alike. */
const MOST_EXAMPLES = 16

export class PackedMessages {
  /** All of them in one text: a string for each would be an object for each. */
  #ids = ''
  readonly #idEnds: Uint32Array
  readonly #subjects: Column<string | undefined>
  readonly #correlationIds: Column<string | undefined>
  readonly #groupIds: Column<string | undefined>
  readonly #properties: Column<OutgoingMessage['properties']>
  readonly #originals: Column<OutgoingMessage['original']>
  readonly #bodies: BodyColumn
  readonly #createdAt: Float64Array
  readonly #examples: OutgoingMessage[] = []
  readonly #exampleAt: Uint8Array

  private constructor(size: number, first: OutgoingMessage) {
    this.#idEnds = new Uint32Array(size)
    this.#subjects = new Column(size, first.subject)
    this.#correlationIds = new Column(size, first.correlationId)
    this.#groupIds = new Column(size, first.groupId)
    this.#properties = new Column(size, first.properties)
    this.#originals = new Column(size, first.original)
    this.#bodies = new BodyColumn(size)
    this.#createdAt = new Float64Array(size)
    this.#exampleAt = new Uint8Array(size)
  }

  /** `undefined`: one of them is not in memory only, or too little of them is alike. */
  static of(holders: readonly MessageHolder[]): PackedMessages | undefined {
    const first = holders[0]?.message
    if (!first) return undefined
    const packed = new PackedMessages(holders.length, first)
    const ids: string[] = []
    for (const { message, storeKey } of holders) {
      if (!message || storeKey !== 0 || !packed.#add(message, ids.length)) return undefined
      ids.push(message.id)
    }
    packed.#ids = ids.join('')
    return packed
  }

  /** `false`: it cannot be packed. */
  #add(message: OutgoingMessage, index: number): boolean {
    const { id, body } = message
    const example = this.#exampleOf(message)
    if (example < 0 || !(body instanceof Uint8Array)) return false
    this.#idEnds[index] = this.#idStart(index) + id.length
    this.#subjects.set(index, message.subject)
    this.#correlationIds.set(index, message.correlationId)
    this.#groupIds.set(index, message.groupId)
    this.#properties.set(index, message.properties)
    this.#originals.set(index, message.original)
    this.#bodies.set(index, body)
    this.#createdAt[index] = message.createdAt
    this.#exampleAt[index] = example
    return true
  }

  #exampleOf(message: OutgoingMessage): number {
    const examples = this.#examples
    for (let at = 0; at < examples.length; at++) if (isAlike(examples[at]!, message)) return at
    return examples.length < MOST_EXAMPLES ? examples.push(message) - 1 : -1
  }

  #idStart(index: number): number {
    return index === 0 ? 0 : this.#idEnds[index - 1]!
  }

  /** The message as it was, in a new object. */
  at(index: number): OutgoingMessage {
    const example = this.#examples[this.#exampleAt[index]!]!
    return {
      id: this.#ids.slice(this.#idStart(index), this.#idEnds[index]),
      to: example.to,
      members: example.members,
      subject: this.#subjects.at(index),
      body: this.#bodies.at(index),
      contentType: example.contentType,
      properties: this.#properties.at(index),
      replyTo: example.replyTo,
      correlationId: this.#correlationIds.at(index),
      priority: example.priority,
      ttlMs: example.ttlMs,
      delayMs: example.delayMs,
      durable: example.durable,
      userId: example.userId,
      groupId: this.#groupIds.at(index),
      createdAt: this.#createdAt[index]!,
      deliveriesBefore: example.deliveriesBefore,
      original: this.#originals.at(index),
    }
  }
}

/** Alike in all that has no column. */
function isAlike(a: OutgoingMessage, b: OutgoingMessage): boolean {
  return (
    a.contentType === b.contentType &&
    a.durable === b.durable &&
    a.priority === b.priority &&
    a.ttlMs === b.ttlMs &&
    a.replyTo === b.replyTo &&
    a.to === b.to &&
    a.members === b.members &&
    a.delayMs === b.delayMs &&
    a.userId === b.userId &&
    a.deliveriesBefore === b.deliveriesBefore
  )
}

/** Values that often are all the same. */
class Column<T> {
  readonly #size: number
  readonly #first: T
  /** `undefined`: all are like the first. */
  #values: T[] | undefined

  constructor(size: number, first: T) {
    this.#size = size
    this.#first = first
  }

  /** Called for every index, in order. */
  set(index: number, value: T): void {
    if (this.#values) this.#values[index] = value
    else if (value !== this.#first) {
      this.#values = new Array<T>(this.#size).fill(this.#first, 0, index)
      this.#values[index] = value
    }
  }

  at(index: number): T {
    return this.#values ? this.#values[index]! : this.#first
  }
}

/** Where the bytes of bodies are; those of small ones that follow each other share their memory. */
class BodyColumn {
  readonly #buffers: ArrayBufferLike[] = []
  readonly #bufferAt: Uint16Array
  readonly #offsets: Float64Array
  readonly #lengths: Float64Array

  constructor(size: number) {
    this.#bufferAt = new Uint16Array(size)
    this.#offsets = new Float64Array(size)
    this.#lengths = new Float64Array(size)
  }

  /** Called for every index, in order. */
  set(index: number, { buffer, byteOffset, byteLength }: Uint8Array): void {
    const last = this.#buffers.length - 1
    this.#bufferAt[index] = this.#buffers[last] === buffer ? last : this.#buffers.push(buffer) - 1
    this.#offsets[index] = byteOffset
    this.#lengths[index] = byteLength
  }

  at(index: number): Buffer {
    return Buffer.from(this.#buffers[this.#bufferAt[index]!]!, this.#offsets[index], this.#lengths[index])
  }
}
