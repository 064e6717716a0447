/** From AMQP 1.0 error conditions to Sluice's codes: by condition symbol, never by text. Pure. */

import { socketReason } from '../../core/connecting/socket-reason.ts'
import { tlsProblem } from '../../core/connecting/tls-problem.ts'
import { type ErrorCode, type ErrorContext, inUse, MessagingError, nodeFull } from '../../model/errors.ts'

export const ADAPTER = 'qpid'

/** An AMQP error as rhea gives it. */
export interface AmqpError {
  readonly condition?: string
  readonly description?: string
}

const BY_CONDITION: Readonly<Record<string, ErrorCode>> = {
  'amqp:not-found': 'ADDRESS_NOT_FOUND',
  'amqp:unauthorized-access': 'UNAUTHORIZED',
  'amqp:resource-deleted': 'ADDRESS_NOT_FOUND',
  'amqp:resource-limit-exceeded': 'SEND_REJECTED',
  'amqp:precondition-failed': 'ADDRESS_MISMATCH',
  'amqp:not-implemented': 'NOT_SUPPORTED',
  'amqp:not-allowed': 'UNAUTHORIZED',
  'amqp:invalid-field': 'ADDRESS_OPTION_INVALID',
  'amqp:decode-error': 'INTERNAL',
  'amqp:frame-size-too-small': 'MESSAGE_TOO_LARGE',
  'amqp:link:message-size-exceeded': 'MESSAGE_TOO_LARGE',
  'amqp:link:detach-forced': 'DETACHED',
  'amqp:link:stolen': 'DETACHED',
  'amqp:connection:forced': 'CONNECTION_LOST',
}

/** Why the broker ended or refused a link. */
export function linkError(cause: unknown, context: ErrorContext): MessagingError {
  const { condition, description } = facts(cause)
  const options = { cause, context: { adapter: ADAPTER, condition, ...context } }
  const text = description ?? condition ?? 'The broker ended the link'
  if (condition === 'amqp:resource-locked') return inUse(text, options)
  const code = (condition && BY_CONDITION[condition]) || 'DETACHED'
  return new MessagingError(code, text, options)
}

/** A link for which the connection has no session left. */
export function noChannelLeft(address: string | undefined, lastChannel: number): MessagingError {
  return new MessagingError(
    'CAPACITY_EXCEEDED',
    `The connection has as many links as the broker allows: ${lastChannel + 1} sessions, one for each link`,
    {
      hint: "Close links you don't need, or open another connection.",
      context: { adapter: ADAPTER, address, operation: 'attach' },
    },
  )
}

/** Why the broker refused one message. */
export function refusal(cause: unknown, context: ErrorContext): MessagingError {
  const { condition, description } = facts(cause)
  const unroutable = condition === 'amqp:not-found' || condition === 'amqp:resource-deleted'
  const tooLarge = condition === 'amqp:link:message-size-exceeded'
  const code: ErrorCode = unroutable ? 'SEND_UNROUTABLE' : tooLarge ? 'MESSAGE_TOO_LARGE' : 'SEND_REJECTED'
  const options = { cause, context: { adapter: ADAPTER, condition, operation: 'send', ...context } }
  const text = description ?? condition ?? 'The broker refused the message'
  if (condition === 'amqp:resource-limit-exceeded') return nodeFull(text, options)
  return new MessagingError(code, text, options)
}

/** The end of a connection that had been open. */
export function connectionLost(cause: unknown): MessagingError {
  const { description, condition } = facts(cause)
  const text =
    description ?? condition ?? (cause instanceof Error ? cause.message : 'the connection was closed')
  return new MessagingError('CONNECTION_LOST', `The connection to the AMQP 1.0 broker was lost: ${text}`, {
    cause,
    context: { adapter: ADAPTER, condition },
  })
}

/** A connection that did not come about. `place` holds no secret. */
export function connectError(cause: unknown, place: string): MessagingError {
  if (cause instanceof MessagingError && cause.code !== 'CONNECTION_LOST') return cause
  const context = { adapter: ADAPTER, address: place, operation: 'connect' }
  const { condition, description } = facts(cause)
  if (condition === 'amqp:unauthorized-access') {
    return new MessagingError('UNAUTHENTICATED', `The broker at ${place} refused the login`, {
      cause,
      context,
    })
  }
  // What rhea says of a broker that begins with a login where none was given.
  if (cause instanceof Error && cause.message === 'SASL layer not enabled') {
    return new MessagingError('UNAUTHENTICATED', `The broker at ${place} wants a login, and none was given`, {
      cause,
      context,
      hint: 'Write user and password into the URL, qpid://user:password@host, or give username and password.',
    })
  }
  if (condition === 'amqp:not-found') {
    return new MessagingError(
      'CONNECT_FAILED',
      `The broker at ${place} has no such virtual host: ${description ?? ''}`,
      {
        cause,
        context,
        retryable: false,
        hint: 'Check the path of the URL: it names the virtual host.',
      },
    )
  }
  const tls = tlsProblem(cause, place, 'qpid: or amqp10:', context)
  if (tls) return tls
  const text =
    socketReason(cause) ?? description ?? (cause instanceof Error ? cause.message : 'the other end hung up')
  return new MessagingError('CONNECT_FAILED', `No connection to an AMQP 1.0 broker at ${place}: ${text}`, {
    cause,
    context,
  })
}

function facts(cause: unknown): AmqpError {
  return typeof cause === 'object' && cause !== null ? (cause as AmqpError) : {}
}
