/** From amqplib's errors to Sluice's: by AMQP reply code where there is one, by text only where it says more. Pure. */
import { socketReason } from '../../core/connecting/socket-reason.ts'
import { tlsProblem } from '../../core/connecting/tls-problem.ts'
import { type ErrorCode, type ErrorContext, inUse, MessagingError } from '../../model/errors.ts'
import {
  attemptEnded,
  brokerText,
  forbiddenSubject,
  isAway,
  isUnwritten,
  type NativeError,
} from './native-errors.ts'

export const ADAPTER = 'rabbitmq'

/** A closed queue, exchange, channel or connection, as the broker said it. */
export function brokerError(
  cause: unknown,
  context: ErrorContext,
  fallback: ErrorCode = 'DETACHED',
): MessagingError {
  if (cause instanceof MessagingError) return cause
  const { code, message } = (cause ?? {}) as NativeError
  const text = typeof message === 'string' ? brokerText(message) : String(cause)
  // RabbitMQ's number for what a quorum queue with one active consumer never does, too.
  if (code === 405 && /not supported/.test(text))
    return new MessagingError('NOT_SUPPORTED', text, { cause, context: { adapter: ADAPTER, ...context } })
  if (code === 405 || (code === 403 && /exclusive use/.test(text)))
    return inUse(text, { cause, context: { adapter: ADAPTER, ...context } })
  const { mapped, hint } =
    typeof code === 'number' ? byReplyCode(code, text, fallback) : clientSide(cause, fallback)
  return new MessagingError(mapped, text, { cause, hint, context: { adapter: ADAPTER, ...context } })
}

/** The end of a connection that had been open. */
export function connectionLost(cause: unknown): MessagingError {
  const { code, message } = (cause ?? {}) as NativeError
  const text = typeof message === 'string' ? brokerText(message) : 'the connection was closed'
  // 320 is a shutdown or an administrator; every other code answers something that came by the connection.
  const refused = typeof code === 'number' && code !== 320
  return new MessagingError('CONNECTION_LOST', `The connection to RabbitMQ was lost: ${text}`, {
    cause,
    context: { adapter: ADAPTER, ...(refused && { reason: 'broker-refused' as const }) },
  })
}

/** A connection that did not come about. `place` is shown; it holds no secret. */
export function connectError(cause: unknown, place: string, vhost: string): MessagingError {
  if (cause instanceof MessagingError) return cause
  const text = String((cause as NativeError | undefined)?.message ?? cause)
  const context = { adapter: ADAPTER, address: place, operation: 'connect' }
  if (/^Handshake terminated by server: 403/.test(text)) {
    return new MessagingError('UNAUTHENTICATED', `RabbitMQ at ${place} refused the login`, { cause, context })
  }
  if (/^Expected ConnectionOpenOk; got <ConnectionClose/.test(text)) {
    return new MessagingError(
      'CONNECT_FAILED',
      `RabbitMQ at ${place} refused the virtual host '${vhost}': there is none of that name, the user may not enter it, or it has as many connections as it may have`,
      { cause, context, hint: 'Check the path of the URL: /name, or nothing for the virtual host /.' },
    )
  }
  if (/SASL mechanism .* is not provided/.test(text)) {
    return new MessagingError('UNAUTHENTICATED', `RabbitMQ at ${place}: ${text}`, {
      cause,
      context,
      hint: 'Choose a login mechanism that the broker offers.',
    })
  }
  const tls = tlsProblem(cause, place, 'rabbitmq: or amqp:', context)
  if (tls) return tls
  const reason = socketReason(cause) ?? attemptEnded(cause) ?? text
  return new MessagingError('CONNECT_FAILED', `No connection to RabbitMQ at ${place}: ${reason}`, {
    cause,
    context,
  })
}

/** What amqplib says before anything was written: a field too long, headers over 64 KiB. */
export function encodeError(cause: unknown, address: string): MessagingError {
  if (cause instanceof MessagingError) return cause
  const text = cause instanceof Error ? cause.message : String(cause)
  const code = cause instanceof RangeError && /field table/.test(text) ? 'MESSAGE_TOO_LARGE' : 'ENCODE_FAILED'
  return new MessagingError(code, text, { cause, context: { adapter: ADAPTER, address, operation: 'send' } })
}

/** What a link ends with: one that the broker ended over a single message can be had again, for all the others. */
export function linkEnd(error: MessagingError): MessagingError {
  const overOne =
    error.code === 'MESSAGE_TOO_LARGE' ||
    error.code === 'SEND_REJECTED' ||
    forbiddenSubject(error.cause) !== undefined
  if (!overOne) return error
  return new MessagingError('DETACHED', `RabbitMQ ended the link over a message: ${error.message}`, {
    cause: error,
    context: error.context,
  })
}

/** What an error of the broker means here. */
interface Meaning {
  readonly mapped: ErrorCode
  readonly hint?: string
}

function clientSide(cause: unknown, fallback: ErrorCode): Meaning {
  const refused = isUnwritten(cause) && fallback === 'DETACHED'
  return { mapped: refused ? 'ADDRESS_OPTION_INVALID' : fallback }
}

/** Reply codes that mean one thing, whatever the text says. */
const BY_REPLY_CODE: Readonly<Record<number, ErrorCode>> = {
  311: 'MESSAGE_TOO_LARGE',
  312: 'SEND_UNROUTABLE',
  313: 'SEND_UNROUTABLE',
  320: 'CONNECTION_LOST',
  402: 'CONNECT_FAILED',
  501: 'ADDRESS_OPTION_INVALID',
  502: 'ADDRESS_OPTION_INVALID',
  503: 'NOT_SUPPORTED',
  504: 'ADDRESS_OPTION_INVALID',
  505: 'ADDRESS_OPTION_INVALID',
  506: 'ADDRESS_OPTION_INVALID',
  530: 'UNAUTHORIZED',
  540: 'NOT_SUPPORTED',
}

function byReplyCode(code: number, text: string, fallback: ErrorCode): Meaning {
  switch (code) {
    case 403:
      return forbidden(text)
    case 404:
      return isAway(text) ? AWAY : { mapped: 'ADDRESS_NOT_FOUND' }
    case 406:
      return preconditionFailed(text, fallback)
    case 541:
      // RabbitMQ's word for whatever went wrong inside: a feature that is denied has one.
      return { mapped: /denied|deprecated/.test(text) ? 'NOT_SUPPORTED' : 'ADDRESS_OPTION_INVALID' }
    default:
      return { mapped: BY_REPLY_CODE[code] ?? fallback }
  }
}

const AWAY: Meaning = {
  mapped: 'DETACHED',
  hint: 'The node of the cluster that has the queue does not answer: try again when it is back.',
}

/** Not a matter of permissions, although RabbitMQ's number says so. */
const INTERNAL_EXCHANGE: Meaning = {
  mapped: 'NOT_SUPPORTED',
  hint: 'An internal exchange takes messages from other exchanges only: send to one that it is bound to.',
}

/** 403 is RabbitMQ's word for what nobody may, as well. */
function forbidden(text: string): Meaning {
  if (/internal exchange/.test(text)) return INTERNAL_EXCHANGE
  if (/reserved prefix|system exchange/.test(text)) return RESERVED
  return { mapped: 'UNAUTHORIZED', hint: permissionHint(text) }
}

const RESERVED: Meaning = {
  mapped: 'NOT_SUPPORTED',
  hint: "Names that begin with 'amq.' belong to the broker: choose another name.",
}

/** Who may not configure a node may perhaps use it as it is; the broker does not say which of the three rights is missing. */
function permissionHint(text: string): string | undefined {
  if (/access to topic '/.test(text))
    return 'The user lacks the right to this subject: rabbitmqctl set_topic_permissions.'
  const [, kind, name = ''] = /access to (queue|exchange) '(.*)' in vhost /.exec(text) ?? []
  if (kind === undefined) return undefined
  if (name === 'amq.default')
    return "The user needs the right to write to 'amq.default', which leads to every queue: rabbitmqctl set_permissions."
  if (/^amq\.gen-|^sluice\./.test(name))
    return `The user needs the rights to configure, write and read names that begin with '${name.startsWith('amq.') ? 'amq.gen-' : 'sluice.'}': rabbitmqctl set_permissions.`
  return `The user lacks a right to '${name}' (rabbitmqctl set_permissions). With create: 'never' it is used as it is, without the right to configure it.`
}

/** 406 is RabbitMQ's word for a dozen things; the text tells them apart. */
function preconditionFailed(text: string, fallback: ErrorCode): Meaning {
  if (/inequivalent arg/.test(text)) return { mapped: 'ADDRESS_MISMATCH' }
  if (/invalid (arg|property|type|exchange type|x-match)/i.test(text))
    return { mapped: 'ADDRESS_OPTION_INVALID' }
  // RabbitMQ 3 says it by 503.
  if (/unknown exchange type/.test(text)) return { mapped: 'NOT_SUPPORTED' }
  if (/larger than/.test(text)) return { mapped: 'MESSAGE_TOO_LARGE' }
  if (/acknowledgement.*timed out/.test(text)) {
    return {
      mapped: 'DETACHED',
      hint: 'A delivery stayed without verdict longer than the broker allows (consumer_timeout, 30 minutes by default).',
    }
  }
  if (/reply consumer/.test(text)) return { mapped: 'SEND_REJECTED' }
  if (/limit in vhost|limit.*is reached/.test(text)) {
    return {
      mapped: 'CAPACITY_EXCEEDED',
      hint: 'A limit of the virtual host: delete what is not needed, or have the limit raised.',
    }
  }
  if (/no leader|process is stopped|timed out|timeout/.test(text)) return AWAY
  return { mapped: fallback }
}
