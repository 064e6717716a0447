/** A client of the hub made of the bare zeromq library and the protocol's description: well-behaved or not, and able to die without a word. */
import { Dealer } from 'zeromq'
import { RecordWriter, readRecords } from '../../../src/adapters/zeromq/codec/records.ts'
import { Op, type OpCode } from '../../../src/adapters/zeromq/wire/protocol.ts'

export interface PeerRecord {
  readonly op: number
  readonly link: number
  readonly payload: Buffer
}

/** As ZeroMQ takes it. */
export function addressOf(url: string): string {
  return url.replace(/^zmq:/, 'tcp:').replace(/^zmq\+/, '')
}

export class BarePeer implements Disposable {
  readonly #socket = new Dealer({ linger: 0, sendHighWaterMark: 0, receiveTimeout: 5_000 })
  readonly #came: PeerRecord[] = []

  /** 1 is one that knows of no parts. */
  constructor(
    url: string,
    readonly protocol: 1 | 2 = 2,
  ) {
    this.#socket.connect(addressOf(url))
  }

  send(...batches: Uint8Array[]): Promise<void> {
    return this.#socket.send(batches)
  }

  json(op: OpCode, link: number, value: unknown): Promise<void> {
    return this.send(record(op, link, Buffer.from(JSON.stringify(value))))
  }

  async hello(): Promise<void> {
    await this.json(Op.HELLO, 0, { protocol: this.protocol, name: 'bare', heartbeatMs: 10_000 })
    await this.next(Op.WELCOME)
  }

  /** Makes a call and resolves with its REPLY. */
  async call(verb: string, link: number, args: object): Promise<{ result?: unknown; error?: unknown }> {
    await this.json(Op.CALL, link, { call: 1, verb, args })
    return JSON.parse((await this.next(Op.REPLY)).payload.toString())
  }

  /** The next record of this kind; others are kept. Rejects after five seconds of silence. */
  async next(op: OpCode): Promise<PeerRecord> {
    for (;;) {
      const at = this.#came.findIndex((each) => each.op === op)
      if (at >= 0) return this.#came.splice(at, 1)[0]!
      const [batch] = await this.#socket.receive()
      readRecords(batch as Buffer, {
        record: (kind, link, bytes, start, end) =>
          this.#came.push({ op: kind, link, payload: Buffer.from(bytes.subarray(start, end)) }),
      })
    }
  }

  /** Without BYE: as a program that was killed. */
  [Symbol.dispose](): void {
    this.#socket.close()
  }
}

/** A message with the values of `fields`, of no content type. */
export function send(
  link: number,
  sequence: number,
  message: { readonly fields: number; readonly values: Uint8Array; readonly body: string },
): Buffer {
  const front = Buffer.alloc(5 + 4 + 3)
  front.writeUInt32BE(sequence)
  front.writeUInt32BE(3 + message.values.length, 5)
  front.writeUInt16BE(message.fields, 9)
  return record(Op.SEND, link, Buffer.concat([front, message.values, Buffer.from(message.body)]))
}

export function record(op: OpCode, link: number, payload: Uint8Array): Buffer {
  const records = new RecordWriter()
  const at = records.begin(op, link, payload.length)
  records.buffer.set(payload, at)
  records.end(at + payload.length)
  return records.take()
}

/** The least message: no field but the body. */
export function sendRecord(link: number, sequence: number, body: string): Buffer {
  const front = Buffer.alloc(5)
  front.writeUInt32BE(sequence)
  return record(Op.SEND, link, Buffer.concat([front, Buffer.from([0, 0, 0, 3, 0, 0, 0]), Buffer.from(body)]))
}
