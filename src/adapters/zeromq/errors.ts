/** Errors over the wire and of the transport. Pure. */
import { type Speech, speaksOther } from '../../core/connecting/first-words.ts'
import { ERROR_CODES, type ErrorCode, type ErrorContext, MessagingError } from '../../model/errors.ts'

export const ADAPTER = 'zeromq'

/** An error as the hub writes it. */
export interface WireError {
  readonly code: string
  readonly message: string
  readonly hint?: string
  readonly retryable?: boolean
  readonly context?: ErrorContext
}

export function toWire(error: unknown): WireError {
  if (error instanceof MessagingError) {
    const { code, message, hint, retryable, context } = error
    return { code, message, hint, retryable, context }
  }
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) }
}

/** `error` comes from the wire and may be anything. */
export function fromWire(error: unknown): MessagingError {
  const given = plainObject(error)
  const code = Object.hasOwn(ERROR_CODES, String(given.code)) ? (given.code as ErrorCode) : 'INTERNAL'
  const text = typeof given.message === 'string' ? given.message : 'The hub told of an error without words'
  return new MessagingError(code, text, {
    hint: typeof given.hint === 'string' ? given.hint : undefined,
    retryable: typeof given.retryable === 'boolean' ? given.retryable : undefined,
    context: { ...plainObject(given.context), adapter: ADAPTER },
  })
}

function plainObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}
}

export function connectionLost(text: string, cause?: unknown): MessagingError {
  return new MessagingError('CONNECTION_LOST', `The connection to the hub was lost: ${text}`, {
    cause,
    context: { adapter: ADAPTER },
  })
}

/** `event`: what the socket tells of it. */
export function handshakeRefused(event: HandshakeEvent, place: string): MessagingError {
  const code = event === 'handshake:error:auth' ? 'UNAUTHENTICATED' : 'CONNECT_FAILED'
  const other = event !== 'handshake:error:auth'
  return new MessagingError(code, `The hub at ${place} refused the handshake`, {
    ...(other && { hint: 'Check that a hub listens there and no other program, and its keys (CURVE).' }),
    context: { adapter: ADAPTER, address: place, operation: 'connect' },
  })
}

/** Another program listens there. ZeroMQ itself has no TLS. */
export function noZeromq(speech: Speech, place: string): MessagingError {
  const context = { adapter: ADAPTER, address: place, operation: 'connect' }
  return speaksOther(speech, 'zmq', undefined, context)
}

export const HANDSHAKE_EVENTS = [
  'handshake:error:auth',
  'handshake:error:protocol',
  'handshake:error:other',
] as const
type HandshakeEvent = (typeof HANDSHAKE_EVENTS)[number]

export function connectFailed(text: string, place: string, cause?: unknown): MessagingError {
  return new MessagingError('CONNECT_FAILED', `No connection to a hub at ${place}: ${text}`, {
    cause,
    hint: hintFor(text, place),
    context: { adapter: ADAPTER, address: place, operation: 'connect' },
  })
}

function hintFor(text: string, place: string): string {
  if (/too long/.test(text))
    return 'Use a path of at most 107 bytes, which is what the system takes for a socket.'
  if (/host name/.test(text)) return 'Check the name of the host, and whether this machine can look it up.'
  return `Start one: sluice hub --listen ${place}`
}
