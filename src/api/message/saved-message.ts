/**
 * Messages that leave this process and come back: what a message says beyond the fields of the API, as JSON can hold it, and the
 * message made of it again, to be forwarded.
 */
import type { Adapter } from '../../contract/adapter.ts'
import { annotationsJson, annotationsOf, belonging } from '../../model/annotations.ts'
import { bodyBytes, type CodecTable } from '../../model/body-codec.ts'
import { MessagingError } from '../../model/errors.ts'
import {
  type IncomingMessage,
  noProperties,
  type Properties,
  StructuredBody,
  type StructuredValue,
} from '../../model/message.ts'
import { replyAddress } from '../address/reply-address.ts'
import type { MessageFields } from '../send/message-fields.ts'
import type { ReceivedMessage } from './received-message.ts'
import { incomingOf, WireMessage } from './wire-message.ts'

/** What a message says beyond the fields of the API. */
export interface MessageExtras {
  /** Native extras by name, with their types: see `delivery.annotations`. */
  readonly annotations?: unknown
  /** All that stood on the wire beside the body, in the adapter's own form (base64): restores the message exactly on that adapter. */
  readonly native?: { readonly adapter: string; readonly form: string }
}

const NO_CODECS: CodecTable = new Map()

/**
 * The extras of a received message, for a file; `undefined` when its fields and body say it all.
 *
 * @param adapter name of the connection's adapter that the message came by
 * @example
 * const line = JSON.stringify({ id: delivery.id, ...messageExtras(delivery, connection.adapter) })
 */
export function messageExtras(message: ReceivedMessage, adapter: string): MessageExtras | undefined {
  const incoming = incomingOf(message)
  const annotations = belonging(incoming)
  const { wireForm } = incoming
  if (annotations === undefined && wireForm === undefined) return undefined
  return {
    ...(annotations && { annotations: annotationsJson(annotations) }),
    ...(wireForm && { native: { adapter, form: Buffer.from(wireForm).toString('base64') } }),
  }
}

/**
 * A message made again of what was saved, to be given to `sender.forward()`. A target of the adapter that it came by gets it with
 * every native property and type; any other gets fields and annotations, as by a bridge.
 *
 * @param body bytes, or the value of a typed body
 * @param adapter speaks the wire form; `undefined`: the wire form is left out
 * @throws `DECODE_FAILED` when the extras are none that {@link messageExtras} made
 * @example
 * const message = restoredMessage(bytes, { id: 'a', subject: 'us.weather' }, extras, await adapterFor('rabbitmq:'))
 * await sender.forward(message)
 */
export function restoredMessage(
  body: Uint8Array | StructuredValue,
  fields: MessageFields,
  extras: MessageExtras,
  adapter?: Adapter,
): ReceivedMessage {
  const annotations = extras.annotations === undefined ? undefined : annotationsOf(extras.annotations)
  if (extras.annotations !== undefined && annotations === undefined)
    throw new MessagingError('DECODE_FAILED', 'The saved annotations are no record')
  const encoded = body instanceof Uint8Array ? body : new StructuredBody(body)
  const form = extras.native?.form
  if (form !== undefined && adapter?.fromWireForm)
    return new WireMessage(adapter.fromWireForm(Buffer.from(form, 'base64'), bodyBytes(encoded)), NO_CODECS)
  const incoming: IncomingMessage = {
    id: fields.id ?? '',
    subject: fields.subject,
    body: encoded,
    contentType: fields.contentType,
    properties: (fields.properties as Properties | undefined) ?? noProperties(),
    replyTo: fields.replyTo && replyAddress(fields.replyTo),
    correlationId: fields.correlationId,
    priority: fields.priority,
    ttlMs: fields.ttlMs,
    durable: fields.durable ?? false,
    userId: fields.userId,
    groupId: fields.groupId,
    createdAt: fields.createdAt?.getTime(),
    annotations,
  }
  return new WireMessage(incoming, NO_CODECS)
}
