/** From ioredis' and the server's errors to Sluice's: by the first word of an error reply, by code for sockets. Pure. */

import { socketReason } from '../../core/connecting/socket-reason.ts'
import { tlsProblem } from '../../core/connecting/tls-problem.ts'
import { type ErrorCode, type ErrorContext, MessagingError } from '../../model/errors.ts'

export const ADAPTER = 'redis'

interface NativeError {
  readonly name?: unknown
  readonly message?: unknown
  readonly code?: unknown
  readonly lastNodeError?: unknown
  readonly errors?: unknown
}

/** What a command was answered with, or that it was not answered. */
export function redisError(cause: unknown, context: ErrorContext): MessagingError {
  if (cause instanceof MessagingError) return cause
  const text = textOf(cause)
  const { code, hint, retryable, reason } = meaning(text, context.operation)
  const shown = withoutArguments(text)
  forgetCommand(cause)
  return new MessagingError(code, shown, {
    ...(shown === text && { cause }),
    hint,
    retryable,
    context: { adapter: ADAPTER, ...context, ...(reason !== undefined && { reason }) },
  })
}

/** What a link ends with when its node is deleted under it. */
export function nodeDeleted(address: string): MessagingError {
  return new MessagingError('DETACHED', `The node '${address}' was deleted`, {
    context: { adapter: ADAPTER, address },
  })
}

/** A message that the server would end the connection over. Unit: bytes. */
export function tooLarge(
  bytes: number,
  limit: number,
  context: ErrorContext,
  hint = 'Send less, or raise proto-max-bulk-len, client-query-buffer-limit and client-output-buffer-limit of the server.',
): MessagingError {
  const text = `The message takes ${bytes} bytes with its header, the server takes at most ${limit}`
  return new MessagingError('MESSAGE_TOO_LARGE', text, {
    hint,
    context: { ...context, bytes, limit },
  })
}

/** The end of a connection that had been open. */
export function connectionLost(cause: unknown): MessagingError {
  if (cause instanceof MessagingError && cause.code === 'CONNECTION_LOST') return cause
  const text = cause === undefined ? '' : textOf(cause)
  const ended = cause === undefined || CLOSED_TEXT.test(text)
  const reason = ended ? 'the server closed it' : (socketReason(cause) ?? text)
  return new MessagingError('CONNECTION_LOST', `The connection to Redis was lost: ${reason}`, {
    cause,
    context: { adapter: ADAPTER },
  })
}

export function notFound(kind: 'queue' | 'topic', name: string): MessagingError {
  return new MessagingError('ADDRESS_NOT_FOUND', `no such ${kind}: ${name}`, {
    context: { adapter: ADAPTER, address: name },
  })
}

/** A connection that did not come about. `place` is shown; it holds no secret. */
export function connectError(cause: unknown, place: string): MessagingError {
  if (cause instanceof MessagingError) return cause
  const inner = innermost(cause)
  const text = textOf(inner)
  const context = { adapter: ADAPTER, address: place, operation: 'connect' }
  if (/^(WRONGPASS|NOAUTH)\b|invalid (username-password|password)|AUTH.*without any password/i.test(text)) {
    forgetCommand(inner)
    return new MessagingError('UNAUTHENTICATED', `Redis at ${place} refused the login`, { cause, context })
  }
  const tls = tlsProblem(inner, place, 'redis:', context)
  if (tls) return tls
  if (/\bDB index\b/.test(text)) {
    return new MessagingError('CONNECT_FAILED', `Redis at ${place} has no database of that number`, {
      cause,
      context,
      retryable: false,
      hint: "Check the path of the URL (or the option db) against the server's setting 'databases'.",
    })
  }
  if (/max number of clients/.test(text)) {
    return new MessagingError('CONNECT_FAILED', `Redis at ${place}: ${text}`, {
      cause,
      context,
      hint: 'Close connections that are not needed (Sluice takes two for each), or raise maxclients of the server.',
    })
  }
  const reason = socketReason(inner) ?? (CLOSED_TEXT.test(text) ? 'the other end hung up' : text)
  return new MessagingError('CONNECT_FAILED', `No connection to Redis at ${place}: ${reason}`, {
    cause,
    context,
  })
}

/** The same error, and nothing of the command that was refused. */
export function withoutCommand(error: Error): Error {
  forgetCommand(error)
  const shown = withoutArguments(error.message)
  if (shown !== error.message) {
    error.stack = error.stack?.replace(error.message, shown)
    error.message = shown
  }
  return error
}

/** An unknown command is quoted with its arguments: scripts and bodies. */
function withoutArguments(text: string): string {
  return text.replace(/, with args beginning with:.*$/s, '')
}

/** ioredis keeps the refused command with its error: its arguments are a login, scripts and bodies. */
function forgetCommand(refused: unknown): void {
  if (typeof refused === 'object' && refused !== null && 'command' in refused) delete refused.command
}

/** The connection, not the command: whoever meets this must not use the connection any more. */
export function isConnectionError(error: unknown): boolean {
  return CONNECTION_TEXT.test(textOf(error)) || socketReason(error) !== undefined
}

/** No longer a master, loading, or without its slots: another connection may find the right server. */
const CONNECTION_TEXT =
  /^(READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|UNBLOCKED)\b|^Connection is closed|^Stream isn't writeable|^Command aborted|^Failed to refresh slots|^Too many Cluster redirections|^Cluster isn't ready|max retries per request|Command timed out/

/**
 * The server did not run the command, and may run it later. In a Cluster that also concerns one slot or one master only: a slot that
 * is being moved, that nobody serves, or whose master cannot be reached (the loss of one that had been reached ends the connection).
 */
export function isNotNow(error: unknown, cluster: boolean): boolean {
  const text = textOf(error)
  return BUSY_TEXT.test(text) || (cluster && SLOT_TEXT.test(text))
}

/** Another script does not end; too few replicas are there for writes. */
const BUSY_TEXT = /^(BUSY|NOREPLICAS)\b/
const SLOT_TEXT =
  /^(TRYAGAIN|CLUSTERDOWN|LOADING|MASTERDOWN|MOVED|ASK)\b|^Too many Cluster redirections|^Connection is closed|^Stream isn't writeable/

/** ioredis' words for a connection that ended before it could be used. */
const CLOSED_TEXT = /^(Connection is closed|Stream isn't writeable)/

/** The other end took the connection and ended it without a word. */
export function wasHungUp(cause: unknown): boolean {
  const inner = innermost(cause)
  const text = textOf(inner)
  return /\b(Connection is closed|ECONNRESET|EPIPE)\b|^Stream isn't writeable/.test(text)
}

export function isMissingScript(error: unknown): boolean {
  return textOf(error).startsWith('NOSCRIPT')
}

/** Scripts cannot be called by their digest, but perhaps with their text. */
export function isDigestForbidden(error: unknown): boolean {
  return isForbidden(error) && /'evalsha'/i.test(textOf(error))
}

/** The user may not run this command, or not on this key or channel. */
export function isForbidden(error: unknown): boolean {
  return FORBIDDEN_TEXT.test(textOf(error))
}

/**
 * The second and the third form are those of a command inside a script, of Redis 7.0 and of newer servers. A command that was renamed away
 * is as good as forbidden.
 */
const FORBIDDEN_TEXT =
  /\bNOPERM\b|The user executing the script can't\b|\bACL failure in script\b|^ERR unknown (sub)?command\b|Unknown (\w+ )?command called from script/i

interface Meaning {
  readonly code: ErrorCode
  readonly hint?: string
  readonly retryable?: boolean
  readonly reason?: ErrorContext['reason']
}

function meaning(text: string, operation: string | undefined): Meaning {
  // Where nothing was sent, no message was refused.
  const code = operation === 'send' ? 'SEND_REJECTED' : 'STORE_FAILED'
  const refused = (hint: string, reason?: Meaning['reason']): Meaning => ({
    code,
    hint,
    retryable: true,
    reason,
  })
  if (CONNECTION_TEXT.test(text)) return { code: 'CONNECTION_LOST' }
  if (FORBIDDEN_TEXT.test(text)) return { code: 'UNAUTHORIZED', hint: permissionHint(text) }
  const word = /^(NOAUTH|OOM|MISCONF|WRONGTYPE|BUSY|NOREPLICAS)\b/.exec(text)?.[1]
  switch (word) {
    case 'NOAUTH':
      return { code: 'UNAUTHENTICATED' }
    case 'OOM':
      // The memory of a server is the room of all its nodes.
      return refused(
        'The memory of the server is full: let receivers take messages, or raise maxmemory.',
        'node-full',
      )
    case 'MISCONF':
      return refused('The server cannot write to its disk; see its log.')
    case 'BUSY':
      return refused('The server is busy with a script that does not end.')
    case 'NOREPLICAS':
      return refused('The server takes no writes while it has too few replicas (min-replicas-to-write).')
    case 'WRONGTYPE':
      return {
        code: 'DETACHED',
        hint: 'A key of Sluice was overwritten by another program: choose another prefix.',
      }
  }
  return { code: 'DETACHED' }
}

/** What a script was refused: command and key behind the server's words (`scripts/library/basics.lua`). */
const REFUSED_IN_SCRIPT = / \[([A-Z]+) .*\]$/s

/** Which permission is missing, as far as the server says. */
function permissionHint(text: string): string {
  const words = text.replace(REFUSED_IN_SCRIPT, '')
  const command = (REFUSED_IN_SCRIPT.exec(text) ?? /'([\w|]+)'/.exec(text))?.[1]?.toLowerCase()
  if (/\bchannel/i.test(words)) return 'The user needs the channels: ACL SETUSER NAME &*'
  if (/\bkeys?\b/i.test(words))
    return 'The user needs the keys that begin with the prefix: ACL SETUSER NAME ~sluice:*'
  if (command !== undefined && /unknown/i.test(words))
    return `The server has no command ${command}: it was renamed or disabled.`
  if (command !== undefined) return `The user needs the command: ACL SETUSER NAME +${command}`
  return 'The user needs the commands of the README of this adapter: ACL SETUSER NAME +@read +@write +@pubsub +@scripting'
}

/** The words of the cause: what a script failed with says the same as the command alone. */
export function textOf(error: unknown): string {
  const { message } = (error ?? {}) as NativeError
  const text = typeof message === 'string' ? message : String(error)
  return text.replace(BEFORE_CAUSE, '').replace(BEHIND_CAUSE, '')
}

/** Where in a script it was thrown, and thrown on; before Redis 7 with the digest of the script, too. */
const BEFORE_CAUSE = /^ERR (?:Error running script \(call to \w+\): )?(?:@?user_script: ?\d+: )+-?/
const BEHIND_CAUSE = / script: \w+, on @?user_script: ?\d+\.?\s*$/

/** ioredis wraps the cause of a failed Cluster or Sentinel connection. */
function innermost(cause: unknown): unknown {
  const { lastNodeError, errors } = (cause ?? {}) as NativeError
  if (lastNodeError !== undefined) return innermost(lastNodeError)
  if (Array.isArray(errors) && errors.length > 0) return innermost(errors[0])
  return cause
}
