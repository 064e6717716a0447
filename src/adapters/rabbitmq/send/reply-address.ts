/** Addresses of direct reply-to: `amq.rabbitmq.reply-to.<process>.<key>`, made by the broker for a requester's channel. */
import { MessagingError } from '../../../model/errors.ts'
import { DIRECT_REPLY_TO } from '../codec/codec.ts'
import { ADAPTER } from '../errors.ts'

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

/** The broker makes these itself and answers some calls on them by ending the connection. */
export function brokersOwn(address: string): MessagingError {
  return new MessagingError('UNAUTHORIZED', 'A reply address can be sent to, nothing else', {
    hint: 'Answer it by connection.send() or as a responder.',
    context: { adapter: ADAPTER, address },
  })
}
