/** Headers of messages that leave. What a copy of a message of this adapter does not change stands in it as it stood before. Pure. */
import { annotationsText, carriedAnnotations } from '../../../model/annotations.ts'
import { sameProperty } from '../../../model/copy.ts'
import {
  noProperties,
  type OutgoingMessage,
  type Properties,
  type PropertyValue,
} from '../../../model/message.ts'
import { toldTime } from '../../../model/ranges.ts'
import { HEADER_AT, type Header, jsonText, parseValue, strangers, writeHeader } from './envelope.ts'
import { propertiesOf, RedisMessage } from './incoming.ts'

export function formatHeader(message: OutgoingMessage): string {
  const original = message.original instanceof RedisMessage ? message.original.header : undefined
  const { subject, contentType, properties, replyTo, correlationId, priority, ttlMs, delayMs } = message
  let text = `{"id":${JSON.stringify(message.id)}`
  const createdAt = toldTime(message.createdAt)
  if (createdAt !== undefined) text += `,"createdAt":${createdAt}`
  if (contentType !== undefined) text += `,"contentType":${JSON.stringify(contentType)}`
  if (subject !== undefined) text += `,"subject":${JSON.stringify(subject)}`
  if (properties !== noProperties()) text += formatProperties(properties, propertiesOf(original))
  if (correlationId !== undefined) text += `,"correlationId":${JSON.stringify(correlationId)}`
  if (replyTo !== undefined) text += `,"replyTo":${JSON.stringify(replyTo)}`
  if (priority !== undefined) text += `,"priority":${priority}`
  if (ttlMs !== undefined) text += `,"ttlMs":${ttlMs}`
  if (delayMs !== undefined) text += `,"delayMs":${delayMs}`
  if (!message.durable) text += ',"durable":false'
  if (message.userId !== undefined) text += `,"userId":${JSON.stringify(message.userId)}`
  if (message.groupId !== undefined) text += `,"groupId":${JSON.stringify(message.groupId)}`
  if (message.deliveriesBefore > 0) text += `,"deliveries":${message.deliveriesBefore}`
  if (original === undefined) {
    const annotations = carriedAnnotations(message)
    if (annotations !== undefined) text += `,"annotations":${annotationsText(annotations)}`
  } else {
    if (original.annotations !== undefined) text += `,"annotations":${jsonText(original.annotations)}`
    for (const name of strangers(original))
      text += `,${JSON.stringify(name)}:${jsonText((original as Record<string, unknown>)[name])}`
  }
  return `${text}}`
}

/** A whole payload. */
export function envelope(message: OutgoingMessage, body: Uint8Array): Buffer {
  const header = formatHeader(message)
  const headerBytes = Buffer.byteLength(header)
  const buffer = Buffer.allocUnsafe(HEADER_AT + headerBytes + body.byteLength)
  buffer.set(body, writeHeader(buffer, 0, header, headerBytes))
  return buffer
}

/** What is still as another program wrote it stays so, also a list or a map, which is read as its text. */
function formatProperties(properties: Properties, written: Header['properties']): string {
  let text = ''
  for (const key of Object.keys(properties)) {
    const value = properties[key]!
    const kept = written && Object.hasOwn(written, key) ? written[key] : undefined
    const same = typeof kept === 'object' && sameProperty(parseValue(kept), value)
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${same ? jsonText(kept) : formatValue(value)}`
  }
  return text === '' ? '' : `,"properties":{${text}}`
}

function formatValue(value: PropertyValue): string {
  switch (typeof value) {
    case 'bigint':
      return `["bigint","${value}"]`
    case 'number':
      if (Number.isFinite(value) && !Object.is(value, -0)) return String(value)
      return `["number","${Object.is(value, -0) ? '-0' : value}"]`
    case 'object':
      if (value === null) return 'null'
      if (value instanceof Date) return `["date",${value.getTime()}]`
      return `["bytes","${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')}"]`
    default:
      return JSON.stringify(value)
  }
}
