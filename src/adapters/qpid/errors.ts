/** From AMQP 1.0 error conditions to Sluice's codes: by condition symbol, never by text. Pure. */

import { speaksOther } from '../../core/connecting/first-words.ts'
import { HUNG_UP, socketReason } from '../../core/connecting/socket-reason.ts'
import { tlsProblem } from '../../core/connecting/tls-problem.ts'
import {
  type ErrorCode,
  type ErrorContext,
  inUse,
  isMessagingError,
  MessagingError,
  nodeFull,
} from '../../model/errors.ts'
import { OtherSpeech } from './wire/frame-sizes.ts'

export const ADAPTER = 'qpid'

/** An AMQP error as rhea gives it. */
export interface AmqpError {
  readonly condition?: string
  readonly description?: string
}

/**
 * What a link's end means. Whatever is not named here is `DETACHED`, which is tried again with back-off: the broker is busy, at a limit,
 * restarting, or says something that only its product knows. Final is what trying again cannot change.
 */
const LINKS: Readonly<Record<string, ErrorCode>> = {
  'amqp:not-found': 'ADDRESS_NOT_FOUND',
  'amqp:resource-deleted': 'ADDRESS_NOT_FOUND',
  'amqp:unauthorized-access': 'UNAUTHORIZED',
  'amqp:not-allowed': 'UNAUTHORIZED',
  'com.microsoft:auth-failed': 'UNAUTHORIZED',
  'amqp:precondition-failed': 'ADDRESS_MISMATCH',
  'amqp:not-implemented': 'NOT_SUPPORTED',
  'amqp:invalid-field': 'ADDRESS_OPTION_INVALID',
  'amqp:decode-error': 'INTERNAL',
}

const HINTS: Readonly<Record<string, string>> = {
  'amqp:resource-limit-exceeded': 'The broker is at a limit; Sluice tries again. Its log says which one.',
  'amqp:link:stolen': 'Another connection has the same container id and link name: give each one its own.',
}

/** What Artemis says of a topic where a queue is asked for, for which it has neither condition nor number. */
export const NO_QUEUE =
  /not configured for queue support|expecting: ANYCAST while the actual type was: MULTICAST/

/** Artemis has conditions for few of its refusals, and puts its own number of each in front of the words. */
const BY_NUMBER: ReadonlyArray<[RegExp, ErrorCode]> = [
  // No permission: on an address, on a queue.
  [/\bAMQ229(032|213):/, 'UNAUTHORIZED'],
  [NO_QUEUE, 'ADDRESS_MISMATCH'],
]
/** … the queue has as many receivers as it may have. */
const ALL_TAKEN = /\bAMQ229200:/

/** Why the broker ended or refused a link. */
export function linkError(cause: unknown, context: ErrorContext): MessagingError {
  const { condition, description } = facts(cause)
  const options = {
    cause,
    hint: condition === undefined ? undefined : HINTS[condition],
    context: { adapter: ADAPTER, condition, ...context },
  }
  const text = description ?? condition ?? 'The broker ended the link'
  if (condition === 'amqp:resource-locked' || ALL_TAKEN.test(text))
    return inUse(text, { cause, context: options.context })
  const code = (condition && LINKS[condition]) || BY_NUMBER.find(([words]) => words.test(text))?.[1]
  return new MessagingError(code ?? 'DETACHED', text, options)
}

/** Why the broker ended a link for sending: it can also be for what was sent. */
export function senderError(cause: unknown, context: ErrorContext): MessagingError {
  const { condition, description } = facts(cause)
  if (condition !== 'amqp:link:message-size-exceeded' && condition !== 'amqp:frame-size-too-small')
    return linkError(cause, context)
  return new MessagingError('MESSAGE_TOO_LARGE', description ?? condition, {
    cause,
    context: { adapter: ADAPTER, condition, ...context },
  })
}

/** A message of which more has come than a receiver takes. The broker would send it again to a link that came back. */
export function tooLargeToTake(address: string | undefined, limit: number): MessagingError {
  return new MessagingError('MESSAGE_TOO_LARGE', `The broker sends a message of more than ${limit} bytes`, {
    hint: 'Raise native: { maxMessageBytes }, or take the message off the queue with a tool of the broker: it is still there.',
    context: { adapter: ADAPTER, address, limit, operation: 'receive' },
  })
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

/** What a refusal of one message means. Whatever is not named here is `SEND_REJECTED`. */
const MESSAGES: Readonly<Record<string, ErrorCode>> = {
  'amqp:not-found': 'SEND_UNROUTABLE',
  'amqp:resource-deleted': 'SEND_UNROUTABLE',
  'amqp:unauthorized-access': 'UNAUTHORIZED',
  'amqp:link:message-size-exceeded': 'MESSAGE_TOO_LARGE',
  'amqp:frame-size-too-small': 'MESSAGE_TOO_LARGE',
}

/** Says of the broker, not of the message, that something is wrong: it may take the message later. */
const LATER: ReadonlySet<string> = new Set([
  'amqp:internal-error',
  'amqp:resource-locked',
  'amqp:connection:forced',
])

/** Why the broker refused one message. */
export function refusal(cause: unknown, context: ErrorContext): MessagingError {
  const { condition, description } = facts(cause)
  const options = { cause, context: { adapter: ADAPTER, condition, operation: 'send', ...context } }
  const text = description ?? condition ?? 'The broker refused the message'
  if (condition === 'amqp:resource-limit-exceeded') return nodeFull(text, options)
  return new MessagingError((condition && MESSAGES[condition]) || 'SEND_REJECTED', text, {
    ...options,
    retryable: (condition !== undefined && LATER.has(condition)) || undefined,
  })
}

/** The broker gave one message back (`released`, `modified`) instead of keeping it; nothing is wrong with the message. */
export function givenBack(outcome: 'released' | 'modified', context: ErrorContext): MessagingError {
  return new MessagingError('SEND_REJECTED', `The broker did not keep the message: ${outcome}`, {
    hint: 'Nothing there takes the message at the moment: send it again later.',
    retryable: true,
    context: { adapter: ADAPTER, outcome, operation: 'send', ...context },
  })
}

/** Conditions of a broker that ends the connection for reasons of its own, and not over what came by it. */
const LEAVES: ReadonlySet<string> = new Set([
  'amqp:connection:forced',
  'amqp:connection:redirect',
  'amqp:link:redirect',
  'amqp:resource-limit-exceeded',
  'amqp:resource-deleted',
  'amqp:resource-locked',
  'amqp:not-found',
  'amqp:unauthorized-access',
])

/** An outcome that says that no queue has taken the message. */
export function noQueue(outcome: string, context: ErrorContext): MessagingError {
  return new MessagingError('SEND_UNROUTABLE', 'No queue took the message', {
    context: { adapter: ADAPTER, outcome, operation: 'send', ...context },
  })
}

/** The end of a connection that had been open. */
export function connectionLost(cause: unknown): MessagingError {
  const { description, condition } = facts(cause)
  const refused = condition?.startsWith('amqp:') && !LEAVES.has(condition)
  const text =
    description ?? condition ?? (cause instanceof Error ? cause.message : 'the connection was closed')
  return new MessagingError('CONNECTION_LOST', `The connection to the AMQP 1.0 broker was lost: ${text}`, {
    cause,
    context: { adapter: ADAPTER, condition, ...(refused && { reason: 'broker-refused' as const }) },
  })
}

const HUNG_UP_HINT =
  "Check that the broker runs and that host and port are right. A broker may also hang up where it wants a login and gets none (user and password, or native: { mechanism: 'ANONYMOUS' }), or knows none and gets one; `sluice doctor URL` tells what is there."

/** Whether it did not come about because the other end hung up without a word. */
export function hungUp(error: unknown): boolean {
  return isMessagingError(error, 'CONNECT_FAILED') && error.message.endsWith(`: ${HUNG_UP}`)
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
  if (condition === 'amqp:not-allowed') {
    return new MessagingError(
      'UNAUTHENTICATED',
      `The broker at ${place} does not let this login in: ${description ?? condition}`,
      {
        cause,
        context,
        hint: 'Ask the administrator of the broker for the permission to enter this virtual host.',
      },
    )
  }
  // What rhea says of a broker that begins with a login where none was given.
  if (cause instanceof Error && cause.message === 'SASL layer not enabled') {
    return new MessagingError('UNAUTHENTICATED', `The broker at ${place} wants a login, and none was given`, {
      cause,
      context,
      hint: "Write user and password into the URL, qpid://user:password@host, or give username and password; for a broker that asks for no name, native: { mechanism: 'ANONYMOUS' }.",
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
  if (cause instanceof OtherSpeech) return speaksOther(cause.speech, 'qpids', cause, context)
  const tls = tlsProblem(cause, place, 'qpid: or amqp10:', context)
  if (tls) return tls
  const text = socketReason(cause) ?? description ?? (cause instanceof Error ? cause.message : HUNG_UP)
  return new MessagingError('CONNECT_FAILED', `No connection to an AMQP 1.0 broker at ${place}: ${text}`, {
    cause,
    context,
    ...(text === HUNG_UP && { hint: HUNG_UP_HINT }),
  })
}

function facts(cause: unknown): AmqpError {
  return typeof cause === 'object' && cause !== null ? (cause as AmqpError) : {}
}
