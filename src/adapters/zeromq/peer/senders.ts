/** Senders between peers: a frame that says where to, one with the message, and the writer of the socket. */
import type { AdapterRequester, AdapterSender, Transfer } from '../../../contract/adapter.ts'
import { asMessagingError, MessagingError } from '../../../model/errors.ts'
import { RemoteDelivery } from '../codec/incoming.ts'
import { RecordWriter } from '../codec/records.ts'
import { ADAPTER } from '../errors.ts'
import { messageFrame, topicFrame } from './frames.ts'
import type { Writer } from './writer.ts'

/** How a request names its asker at the peer that answers. */
const ASKER = 'asker:'

abstract class PeerSender implements AdapterSender {
  readonly #writer: Writer
  readonly #records = new RecordWriter()
  readonly #release: () => void

  /** `release`: the link is closed, what was written goes on. */
  constructor(writer: Writer, release: () => void = () => {}) {
    this.#writer = writer
    this.#release = release
  }

  send(transfer: Transfer): void {
    const front = this.front(transfer)
    if (!front) return
    let frame: Buffer
    try {
      frame = messageFrame(this.#records, transfer.message)
    } catch (error) {
      transfer.settle(asMessagingError(error))
      return
    }
    this.#writer.send([front, frame], transfer)
  }

  async close(): Promise<void> {
    this.#release()
  }

  /** Where to; `undefined`: it was refused. */
  protected abstract front(transfer: Transfer): Buffer | undefined
}

export class QueueSender extends PeerSender implements AdapterRequester {
  /** Nobody reads it: the peer that answers knows the asker by its connection. */
  readonly replyTo = ASKER
  readonly #name: Buffer

  constructor(name: string, writer: Writer, release?: () => void) {
    super(writer, release)
    this.#name = Buffer.from(name)
  }

  protected override front(): Buffer {
    return this.#name
  }
}

export class LiveSender extends PeerSender {
  readonly #front: Buffer

  constructor(front: Buffer, writer: Writer) {
    super(writer)
    this.#front = front
  }

  protected override front({ message }: Transfer): Buffer {
    return topicFrame(this.#front, message.subject)
  }
}

/** Whether a name is where a request says its response should go. */
export function isAsker(name: string): boolean {
  return name.startsWith(ASKER)
}

/** Sends responses to where the requests came from. */
export class ResponseSender extends PeerSender {
  readonly #target: string | undefined

  /** `target`: the asker; absent: every message says it. */
  constructor(writer: Writer, target?: string) {
    super(writer)
    this.#target = target
  }

  protected override front(transfer: Transfer): Buffer | undefined {
    const to = this.#target ?? transfer.message.to
    if (to !== undefined && isAsker(to)) return Buffer.from(to.slice(ASKER.length), 'hex')
    transfer.settle(
      new MessagingError('SEND_UNROUTABLE', 'Between peers only the asker of a request can be addressed', {
        context: { adapter: ADAPTER, address: to, operation: 'send' },
      }),
    )
    return undefined
  }
}

/** A request as the peer that answers has it: the response goes back over the connection it came by. */
export class RequestDelivery extends RemoteDelivery {
  asker: Buffer | undefined

  override get replyTo(): string | undefined {
    return this.asker ? ASKER + this.asker.toString('hex') : undefined
  }
}
