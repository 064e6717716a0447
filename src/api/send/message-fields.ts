/** What an application may say of a message beside its body. */
import type { PropertyValue } from '../../model/message.ts'
import type { ReplyTarget } from '../address/reply-address.ts'

/** The fields an application may set beside the body. Wrong values are `CONFIG_INVALID`, wrong types a `TypeError`. */
export interface MessageFields {
  /** Identity for de-duplication and tracing. Default: made by Sluice, unique. */
  id?: string | undefined
  /** Key that patterns are matched against; words separated by `.`. */
  subject?: string | undefined
  /** Media type of the body. Default: told from the body's type. */
  contentType?: string | undefined
  /** The application's own properties. */
  properties?: Readonly<Record<string, PropertyValue | undefined>> | undefined
  /** Where an answer should go: an address value, or an address string. It arrives as a string. */
  replyTo?: ReplyTarget | undefined
  /** Ties an answer to its question: by habit the question's `id`. */
  correlationId?: string | undefined
  /** 0 to 9, larger first. Default 4. */
  priority?: number | undefined
  /** Time to live. Unit: milliseconds, above 0. Default: lives for ever (or the node's `ttlMs`, the shorter wins). */
  ttlMs?: number | undefined
  /** Survives a restart of the broker where node and store do. Default: true for queue and mailbox, else false. */
  durable?: boolean | undefined
  /** Who sends; some brokers refuse another name than the login's. */
  userId?: string | undefined
  /** Name of the group of messages it belongs to; carried, not acted upon. */
  groupId?: string | undefined
  /** Default: now. */
  createdAt?: Date | undefined
  /** Not delivered before this many milliseconds have passed. Default 0. */
  delayMs?: number | undefined
}
