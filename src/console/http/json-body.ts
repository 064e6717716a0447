/** Bodies of calls: JSON of bounded size and depth, whatever their type says. */
import type { IncomingMessage } from 'node:http'
import { invalid, Refused } from '../errors.ts'
import { valuesOf } from './guard.ts'

/** What a call may hold, except an act. Unit: bytes. */
export const CALL_BYTES = 64 * 1024
/** An act may carry the messages to be sent. Unit: bytes. */
export const ACT_BYTES = 32 * 1024 * 1024
const MAX_DEPTH = 64

/** @throws Refused */
export async function readJson(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  const [type, ...others] = valuesOf(request, 'content-type')
  if (others.length > 0 || !/^application\/json(?:; ?charset=utf-8)?$/i.test(type ?? ''))
    throw new Refused(415, 'REQUEST_INVALID', 'The body of a call is application/json')
  if (request.headers['content-encoding'] !== undefined)
    throw new Refused(415, 'REQUEST_INVALID', 'The body of a call is not compressed')
  const bytes = await read(request, maxBytes)
  // Before it is parsed: what is nested deeply takes many times its size in memory.
  if (isDeep(bytes)) throw invalid(`The body is nested deeper than ${MAX_DEPTH}`)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw invalid('The body is no JSON')
  }
}

/** Not by iteration, whose end would destroy the request before it is answered. */
function read(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) return reject(tooLarge(maxBytes))
    const chunks: Buffer[] = []
    let size = 0
    const end = (): void => {
      request.off('data', take)
      request.pause()
    }
    const take = (chunk: Buffer): void => {
      size += chunk.byteLength
      chunks.push(chunk)
      if (size <= maxBytes) return
      end()
      reject(tooLarge(maxBytes))
    }
    request.on('data', take)
    request.once('end', () => resolve(Buffer.concat(chunks)))
    request.once('close', () => reject(invalid('The request ended early')))
  })
}

function tooLarge(maxBytes: number): Refused {
  return new Refused(413, 'TOO_LARGE', `The body of this call may have ${maxBytes} bytes`)
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

function isDeep(bytes: Uint8Array): boolean {
  let depth = 0
  let inText = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (inText) {
      if (byte === BACKSLASH) at++
      else if (byte === QUOTE) inText = false
    } else if (byte === QUOTE) inText = true
    else if (byte === 0x5b || byte === 0x7b) {
      depth += 1
      if (depth > MAX_DEPTH) return true
    } else if (byte === 0x5d || byte === 0x7d) depth -= 1
  }
  return false
}
