/**
 * A send that is made later, by another process: checked and encoded now as `connection.send` does, kept as texts and bytes, and made again
 * of them. For a table of a database, or a file.
 */
import { type Annotations, annotationsJson, annotationsOf } from '../../model/annotations.ts'
import { type BodyCodec, bodyBytes, decodeBody } from '../../model/body-codec.ts'
import { MessagingError } from '../../model/errors.ts'
import {
  type IncomingMessage,
  noProperties,
  type Properties,
  StructuredBody,
  type StructuredValue,
} from '../../model/message.ts'
import type { AnyAddress, NodeOptions, Target } from '../address/address.ts'
import { cacheKey, planFor } from '../address/address-use.ts'
import { broadcast, mailbox, multicast, queue, topic } from '../address/builders.ts'
import { toAddress } from '../address/text-address.ts'
import type { ReceivedMessage } from '../message/received-message.ts'
import { WireMessage } from '../message/wire-message.ts'
import { checkOutgoing } from '../schema.ts'
import type { MessageFields } from './message-fields.ts'
import { outgoingMessage, readFields } from './outgoing.ts'

/** A send as it is kept: text and bytes. */
export interface SavedSend {
  /** The message's id. */
  readonly id: string
  /** The node it goes to; what shares a place should keep its order. */
  readonly place: string
  /** The address with its options, as JSON. A schema is not kept: it was asked before. */
  readonly target: string
  /** All fields but the body, as JSON that keeps their types. */
  readonly fields: string
  /** The encoded body. */
  readonly body: Uint8Array
}

/** A send that was kept, ready for `connection.sender(target)` and `sender.forward(message, { delayMs })`. */
export interface RestoredSend {
  readonly target: Target
  readonly message: ReceivedMessage
  readonly delayMs: number | undefined
}

/** A target's kind is one of these. */
interface SavedTarget {
  readonly kind: AnyAddress['kind']
  readonly name: string
  readonly text?: string
  readonly members?: readonly string[]
  readonly options?: unknown
  readonly deadLetter?: SavedTarget
}

const TYPED = 'amqp/'

/**
 * Checks and encodes a send, to be made later. Resolves at once unless a schema takes its time.
 *
 * @param codecs own body codecs, as the option of `connect()`
 * @throws what `connection.send` throws before it goes to the broker: `ENCODE_FAILED`, `CONFIG_INVALID`, `ADDRESS_MALFORMED`, `TypeError`
 * @example
 * const saved = await savedSend(queue('orders'), { id: 7 }, { priority: 5 })
 */
export async function savedSend<Body>(
  target: Target<Body>,
  body: NoInfer<Body>,
  fields?: MessageFields,
  codecs: readonly BodyCodec[] = [],
): Promise<SavedSend> {
  const address = toAddress(target)
  const plan = planFor('sender', address)
  const table = new Map(codecs.map((codec) => [codec.contentType.toLowerCase(), codec]))
  const message = outgoingMessage(body, readFields(fields), {
    subject: undefined,
    durable: plan.durableMessages,
    ttlMs: undefined,
    encoding: { codecs: table, structuredNative: false, maxBodyBytes: Number.POSITIVE_INFINITY },
  })
  if (plan.options.schema) await checkOutgoing(plan.options.schema, message, table)
  const { id, subject, contentType, replyTo, correlationId, priority, ttlMs, delayMs } = message
  const { durable, userId, groupId, createdAt } = message
  const plain = { id, subject, contentType, replyTo, correlationId, priority, ttlMs, delayMs }
  Object.assign(plain, { durable, userId, groupId, createdAt })
  const properties = annotationsJson(message.properties as Annotations)
  return {
    id,
    place: cacheKey(address),
    target: JSON.stringify(savedTarget(address)),
    fields: JSON.stringify({ ...plain, properties }),
    body: bodyBytes(message.body),
  }
}

/**
 * Makes a send again of what {@link savedSend} kept.
 *
 * @throws `DECODE_FAILED` when the texts are none of its
 * @example
 * const { target, message, delayMs } = restoredSend(saved)
 * await using sender = await connection.sender(target)
 * await sender.forward(message, { delayMs })
 */
export function restoredSend(saved: Pick<SavedSend, 'target' | 'fields' | 'body'>): RestoredSend {
  try {
    const { delayMs, properties, ...fields } = JSON.parse(saved.fields)
    const { contentType } = fields
    const bytes = saved.body
    const typed = typeof contentType === 'string' && contentType.startsWith(TYPED)
    const body = typed
      ? new StructuredBody(decodeBody(bytes, contentType, new Map()) as StructuredValue)
      : bytes
    const incoming: IncomingMessage = {
      ...ABSENT,
      ...fields,
      body,
      properties: (annotationsOf(properties) as Properties | undefined) ?? noProperties(),
    }
    return {
      target: restoredTarget(JSON.parse(saved.target)),
      message: new WireMessage(incoming, new Map()),
      delayMs,
    }
  } catch (cause) {
    throw new MessagingError('DECODE_FAILED', `The saved send is none: ${(cause as Error).message}`, {
      cause,
    })
  }
}

const ABSENT = {
  id: '',
  subject: undefined,
  contentType: undefined,
  replyTo: undefined,
  correlationId: undefined,
  priority: undefined,
  ttlMs: undefined,
  durable: true,
  userId: undefined,
  groupId: undefined,
  createdAt: undefined,
  annotations: undefined,
}

function savedTarget(address: AnyAddress): SavedTarget {
  const { kind, name } = address
  if (kind === 'text') return { kind, name, text: address.text }
  const { schema: _, deadLetter, ...options } = address.options
  return {
    kind,
    name,
    ...(kind === 'members' && { members: address.members }),
    ...(Object.keys(options).length > 0 && { options: annotationsJson(options as Annotations) }),
    ...(deadLetter !== undefined && { deadLetter: savedTarget(toAddress(deadLetter)) }),
  }
}

function restoredTarget(saved: SavedTarget): Target {
  const { kind, name, text, members, deadLetter } = saved
  const options = {
    ...(annotationsOf(saved.options ?? {}) as NodeOptions),
    ...(deadLetter && { deadLetter: restoredTarget(deadLetter) as NodeOptions['deadLetter'] }),
  }
  switch (kind) {
    case 'text':
      return text!
    case 'queue':
      return queue(name, options)
    case 'mailbox':
      return mailbox(name, options)
    case 'topic':
      return topic(name, options)
    case 'broadcast':
      return broadcast(name, options)
    case 'members':
      return multicast(name, options).to(...members!)
    default:
      throw new TypeError(`a ${kind} is no target`)
  }
}
