/**
 * Messages from a file that the user chose: lines of JSON as `drain --dump` writes them become one message each, anything
 * else one message with the whole file as its body.
 */
import type { OutgoingView } from '../../../protocol.ts'

const MAX_BYTES = 16 * 1024 * 1024

/** @throws Error when the file is larger than the page takes */
export async function messagesOfFile(file: Blob): Promise<readonly OutgoingView[]> {
  if (file.size > MAX_BYTES)
    throw new Error('The file is larger than 16 MiB: send it with sluice spout --content-stdin.')
  const bytes = new Uint8Array(await file.arrayBuffer())
  const text = decoded(bytes)
  if (text === undefined) return [{ body: { kind: 'base64', text: base64(bytes) } }]
  return dumped(text) ?? [{ body: { kind: isJson(text) ? 'json' : 'text', text } }]
}

const FIELD_NAMES = [
  'id',
  'subject',
  'contentType',
  'correlationId',
  'replyTo',
  'priority',
  'durable',
  'ttlMs',
  'groupId',
  'properties',
]

/** The lines of a dump; `undefined`: it is none. */
function dumped(text: string): readonly OutgoingView[] | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const messages: OutgoingView[] = []
  for (const line of lines) {
    const value = parsed(line)
    if (typeof value !== 'object' || value === null || !isLine(value)) return undefined
    messages.push(messageOfLine(value as Record<string, unknown>))
  }
  return messages.length > 0 ? messages : undefined
}

function messageOfLine(line: Record<string, unknown>): OutgoingView {
  const fields: Record<string, unknown> = {}
  for (const name of FIELD_NAMES)
    if (line[name] !== undefined && line[name] !== null) fields[name] = line[name]
  const { text, base64: bytes } = line
  if (typeof bytes === 'string') return { body: { kind: 'base64', text: bytes }, fields }
  const json = /[/+]json\b/.test(String(line.contentType)) && isJson(String(text))
  return { body: { kind: json ? 'json' : 'text', text: String(text) }, fields }
}

/** A body that is text stands under `text`, any other under `base64`. */
function isLine(value: object): boolean {
  const { text, base64: bytes, durable } = value as Record<string, unknown>
  return typeof durable === 'boolean' && (typeof text === 'string' || typeof bytes === 'string')
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isJson(text: string): boolean {
  return parsed(text) !== undefined
}

function base64(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}
