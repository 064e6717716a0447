/** Where an answer should go, as the text that travels with the question. */
import { memberQueue } from '../../contract/adapter.ts'
import { formatAddress } from '../../model/address-text/index.ts'
import type {
  BroadcastAddress,
  MailboxAddress,
  MemberAddress,
  QueueAddress,
  ServiceAddress,
  TextAddress,
  TopicAddress,
} from './address.ts'
import { toAddress } from './text-address.ts'

/** What an answer can be sent to. */
export type ReplyTarget =
  | QueueAddress
  | MailboxAddress
  | TopicAddress
  | BroadcastAddress
  | MemberAddress
  | ServiceAddress
  | TextAddress
  | string

/** A string stays as it is. Options of an address do not travel. @throws TypeError on what no answer can be sent to */
export function replyAddress(target: ReplyTarget): string {
  if (typeof target === 'string') return target
  const { kind, name } = toAddress(target)
  switch (kind) {
    case 'queue':
    case 'mailbox':
    case 'service':
    case 'topic':
    case 'broadcast':
      return formatAddress({ name })
    case 'member':
      return formatAddress({ name: memberQueue(name, (target as MemberAddress).member) })
    case 'text': {
      const { subject } = (target as TextAddress).parsed
      return formatAddress({ name, ...(subject !== undefined && { subject }) })
    }
    default:
      throw new TypeError(`replyTo: no answer can be sent to a ${kind} address`)
  }
}
