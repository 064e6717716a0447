/** What spout sends: one body again and again, the lines of the standard input, or messages saved before. */
import type { Readable } from 'node:stream'
import type { MessageExtras, MessageFields, PropertyValue } from '../../../index.ts'
import type { Arguments } from '../../command/arguments.ts'
import { UsageError } from '../../command/errors.ts'
import { inputLines } from '../../lines/input-lines.ts'
import { lineToMessage } from '../../lines/message-lines.ts'

/** Largest body of `--content-size`. Unit: bytes. */
const MAX_SIZE = 2 ** 31 - 1

/** One message to send, before the fields that every message of the run gets. */
export interface Content {
  readonly body: unknown
  readonly fields: MessageFields
  /** As the print form shows it; `undefined`: there is no content. */
  readonly shown: unknown
  /** Of a saved message: what it says beyond its fields. */
  readonly extras?: MessageExtras | undefined
}

export interface ContentPlan {
  /** Many messages from a stream: all of them, pipelined and not printed, unless said otherwise. */
  readonly bulk: boolean
  /** A whole message comes with its own fields. */
  readonly whole: boolean
  readonly messages: AsyncIterable<Content>
  /** Ends the waiting for further input. */
  readonly cancel: () => void
}

/** @throws UsageError when two sources of content are given */
export function contentPlan(args: Arguments, words: readonly string[], input: () => Readable): ContentPlan {
  const sources = [
    words.length > 0 && 'CONTENT',
    args.has('content') && '--content',
    args.flag('content-stdin') && '--content-stdin',
    args.has('content-size') && '--content-size',
    args.flag('restore') && '--restore',
  ].filter((name) => name !== false)
  if (sources.length > 1) throw new UsageError(`${sources.join(' and ')} cannot be given together`)
  const entries = args.list('map')
  if (entries.length > 0) {
    if (sources.some((name) => name !== 'CONTENT' && name !== '--content')) {
      throw new UsageError(`--map and ${sources[0]} cannot be given together`)
    }
    return again(mapContent(args.text('content') ?? words.join(' '), entries))
  }
  const contentType = args.text('content-type')
  if (args.flag('content-stdin') || args.flag('restore')) {
    const source = input()
    const whole = args.flag('restore')
    const messages = whole ? saved(source) : lines(source, contentType ?? 'text/plain')
    return { bulk: true, whole, messages, cancel: () => void source.destroy() }
  }
  const size = args.number('content-size')
  if (size !== undefined) {
    if (size < 0) throw new UsageError('option --content-size: less than 0')
    if (size > MAX_SIZE) throw new UsageError(`option --content-size: more than ${MAX_SIZE}`)
    const body = Buffer.alloc(size, 'X')
    return { ...again({ body, fields: { contentType }, shown: body }), bulk: true }
  }
  const text = args.text('content') ?? (words.length > 0 ? words.join(' ') : undefined)
  // Bytes, so that any content type can be given to a text. Without a text too the type is text/plain, as in the original.
  const body = Buffer.from(text ?? '')
  return again({ body, fields: { contentType: contentType ?? 'text/plain' }, shown: text })
}

/** `NAME` alone has no value, `NAME=` an empty one; only the first `=` divides. */
export function nameValue(pair: string): [name: string, value: string | null] {
  const at = pair.indexOf('=')
  return at < 0 ? [pair, null] : [pair.slice(0, at), pair.slice(at + 1)]
}

/** `-P NAME=VALUE`: values stay strings, the last of equal names wins. */
export function propertiesOf(pairs: readonly string[]): Record<string, PropertyValue> {
  const properties: Record<string, PropertyValue> = Object.create(null)
  for (const pair of pairs) {
    const [name, value] = nameValue(pair)
    properties[name] = value
  }
  return properties
}

function mapContent(text: string, entries: readonly string[]): Content {
  const map: Record<string, string | null> = Object.create(null)
  if (text !== '') map.text = text
  for (const entry of entries) {
    const [key, value] = nameValue(entry)
    map[key] = value
  }
  return { body: map, fields: { contentType: 'amqp/map' }, shown: map }
}

function again(content: Content): ContentPlan {
  return { bulk: false, whole: false, messages: forEver(content), cancel: () => {} }
}

async function* forEver(content: Content): AsyncGenerator<Content> {
  for (;;) yield content
}

async function* lines(input: Readable, contentType: string): AsyncGenerator<Content> {
  for await (const line of inputLines(input)) yield { body: line, fields: { contentType }, shown: line }
}

async function* saved(input: Readable): AsyncGenerator<Content> {
  let number = 0
  for await (const line of inputLines(input)) {
    number += 1
    if (line.length === 0) continue
    const { body, fields, extras } = lineToMessage(line, number)
    yield { body, fields, shown: body, extras }
  }
}
