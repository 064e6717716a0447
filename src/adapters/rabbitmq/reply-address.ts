/**
 * Addresses of direct reply-to: `amq.rabbitmq.reply-to.<process>.<key>`, made by the broker for a requester's channel.
 *
 * A `mandatory` publish to one comes back as unroutable even when it was delivered (RabbitMQ 3.10), so answers go without,
 * and whether the requester is still there is asked afterwards.
 */
import type { Transfer } from '../../api/adapter.ts'
import { MessagingError } from '../../api/errors.ts'
import type { OutgoingMessage } from '../../api/message.ts'
import { DIRECT_REPLY_TO } from './codec.ts'
import { ADAPTER } from './errors.ts'
import type { InFlight } from './publish-channel.ts'
import type { Session } from './session.ts'

export function isReplyAddress(name: string): boolean {
  return name.startsWith(`${DIRECT_REPLY_TO}.`)
}

/**
 * protocol: the part after the prefix is a process id in Erlang's external format, base64, a dot, and a key. RabbitMQ 3.10
 * ends the whole connection (541) on one it cannot read, so a forged address must not reach it.
 */
export function isSoundReplyAddress(name: string): boolean {
  const [, pid] =
    /^\.([A-Za-z0-9+/]+={0,2})\.[A-Za-z0-9+/]+={0,2}$/.exec(name.slice(DIRECT_REPLY_TO.length)) ?? []
  if (pid === undefined) return false
  const bytes = Buffer.from(pid, 'base64')
  if (bytes.toString('base64') !== pid || bytes[0] !== VERSION) return false
  const identifierBytes = bytes[1] === NEW_PID ? 12 : bytes[1] === OLD_PID ? 9 : undefined
  const lengthBytes = ATOMS.get(bytes[2] ?? 0)
  if (identifierBytes === undefined || lengthBytes === undefined || bytes.length < 3 + lengthBytes)
    return false
  return bytes.length === 3 + lengthBytes + bytes.readUIntBE(3, lengthBytes) + identifierBytes
}

const VERSION = 131
const NEW_PID = 88
const OLD_PID = 103
/** Tag of a node's name, and how many bytes its length has. */
const ATOMS = new Map([
  [100, 2],
  [115, 1],
  [118, 2],
  [119, 1],
])

/** An answer on its way: taken by the broker is not enough. */
export class Answer implements InFlight {
  readonly message: OutgoingMessage
  readonly #witness: ReplyWitness
  readonly #transfer: Transfer
  readonly #address: string

  constructor(witness: ReplyWitness, transfer: Transfer, address: string) {
    this.message = transfer.message
    this.#witness = witness
    this.#transfer = transfer
    this.#address = address
  }

  settle(error?: MessagingError): void {
    if (error) this.#transfer.settle(error)
    else this.#witness.confirmed(this.#address, this.#transfer)
  }
}

/** Asks whether requesters are there; one question covers all answers that were confirmed before it. */
export class ReplyWitness {
  readonly #session: Session
  /** By reply address, while a question is open. Bound: the capacity of the link. */
  readonly #waiting = new Map<string, InFlight[]>()

  constructor(session: Session) {
    this.#session = session
  }

  /** The broker has taken the answer; `item` is settled once it is known whether anybody was there. */
  confirmed(address: string, item: InFlight): void {
    const waiting = this.#waiting.get(address)
    if (waiting) waiting.push(item)
    else {
      this.#waiting.set(address, [item])
      void this.#ask(address)
    }
  }

  async #ask(address: string): Promise<void> {
    const waiting = this.#waiting.get(address)!
    while (waiting.length > 0) {
      const asked = waiting.splice(0)
      try {
        const there = await this.#session.scratch.queue(address)
        for (const item of asked) item.settle(there ? undefined : gone(item.message))
      } catch (cause) {
        // Told by the connection, if that is what ended.
        if (!this.#session.alive) break
        const error = this.#session.error(cause, { operation: 'send' })
        for (const item of asked) item.settle(error)
      }
    }
    this.#waiting.delete(address)
  }
}

/** The broker makes these itself and answers some calls on them by ending the connection. */
export function brokersOwn(address: string): MessagingError {
  return new MessagingError('UNAUTHORIZED', 'A reply address can be sent to, nothing else', {
    hint: 'Answer it by connection.send() or as a responder.',
    context: { adapter: ADAPTER, address },
  })
}

function gone({ id }: OutgoingMessage): MessagingError {
  return new MessagingError('SEND_UNROUTABLE', 'The requester is no longer there', {
    hint: 'It gave up waiting or lost its connection; nothing is to be done about the answer.',
    context: { adapter: ADAPTER, operation: 'send', messageId: id },
  })
}
