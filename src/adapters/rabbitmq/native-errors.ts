/** What an error of amqplib says: questions to its code and its words, by text only where amqplib gives nothing else. Pure. */
import { HUNG_UP, socketReason } from '../../core/connecting/socket-reason.ts'

/** What amqplib puts on an error that a close frame caused. */
export interface NativeError {
  readonly code?: unknown
  readonly message?: unknown
  readonly name?: unknown
}

/** Whether what came was no frame of AMQP 0-9-1 at all: something else may listen there. */
export function isNoFrame(cause: unknown): boolean {
  const { message } = (cause ?? {}) as NativeError
  return /^(Frame size |Invalid frame|Unknown frame type|Expected ConnectionStart|Frame on channel)/.test(
    String(message),
  )
}

/** Whether the other end hung up before it said anything that amqplib understood. */
export function hungUp(cause: unknown): boolean {
  return attemptEnded(cause) === HUNG_UP || socketReason(cause) === HUNG_UP
}

/** amqplib's error for a call on a channel or connection that is closed already. */
export function isClosedError(error: unknown): boolean {
  return (
    error instanceof Error &&
    (error.name === 'IllegalOperationError' || error.message.startsWith('Channel ended, no reply'))
  )
}

/**
 * Whether the broker said that there is no such queue or exchange. A queue whose node is away is called not found, too: that
 * one comes back.
 */
export function isNotFound(error: unknown): boolean {
  const { code, message } = (error ?? {}) as NativeError
  return code === 404 && !isAway(String(message))
}

/** A queue, or its leader, on a node of the cluster that does not answer. */
export function isAway(text: string): boolean {
  return /down or inaccessible|timed out|timeout|no leader|nodedown/i.test(text)
}

/** Whether the queue is exclusive to another connection. */
export function isLocked(error: unknown): boolean {
  return (error as NativeError | undefined)?.code === 405
}

/** The largest body that the broker takes, where it refused one for its size. Unit: bytes. */
export function sizeLimit(error: unknown): number | undefined {
  const [, limit] =
    /larger than configured max size (\d+)/.exec(String((error as NativeError)?.message)) ?? []
  return limit === undefined ? undefined : Number(limit)
}

/** Whether it was a publish that ended the channel. */
export function isPublishError(error: unknown): boolean {
  const { classId, methodId } = (error ?? {}) as { classId?: unknown; methodId?: unknown }
  return classId === 60 && methodId === 40
}

/** Whether the user may not publish to the exchange, whatever the message; a topic's single subjects may be forbidden too. */
export function isExchangeForbidden(error: unknown): boolean {
  const { code, message } = (error ?? {}) as NativeError
  return code === 403 && /access to exchange /.test(String(message))
}

/** The subject that the user may not publish to a topic, where it was that alone. */
export function forbiddenSubject(error: unknown): string | undefined {
  const { code, message } = (error ?? {}) as NativeError
  if (code !== 403) return undefined
  return /access to topic '([\s\S]*)' in exchange '/.exec(String(message))?.[1]
}

/** Whether the user lacks a permission. */
export function isForbidden(error: unknown): boolean {
  return (error as NativeError | undefined)?.code === 403
}

/** Whether amqplib refused to write something; nothing was written then. */
export function isUnwritten(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError
}

/** What the broker said, where it said something. */
export function brokerWords(cause: unknown): string {
  const { message } = (cause ?? {}) as NativeError
  return typeof message === 'string' ? brokerText(message) : ''
}

/** `Operation failed: QueueDeclare; 404 (NOT-FOUND) with message "NOT_FOUND - no queue …"` → `no queue …` */
export function brokerText(text: string): string {
  const said = /with message "(?:[A-Z_]+ - )?([\s\S]*)"$/.exec(text)
  return said?.[1] ?? text
}

/** What amqplib says itself of an attempt that led nowhere. */
export function attemptEnded(cause: unknown): string | undefined {
  const { name, message } = (cause ?? {}) as NativeError
  if (name === 'AbortError') return 'no answer in the time allowed'
  return /^Socket closed abruptly/.test(String(message)) ? HUNG_UP : undefined
}
