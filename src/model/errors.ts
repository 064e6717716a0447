/**
 * Errors: one class, one table.
 *
 * Scope, retryability and hint come from the table by code, so that a program can act on a code
 * without reading text, and docs are generated from the same place.
 */
import { inspect } from 'node:util'

/** What is dead after the error. `nothing`: only this call failed. */
export type ErrorScope = 'nothing' | 'delivery' | 'link' | 'connection'

interface CodeFacts {
  readonly scope: ErrorScope
  readonly retryable: boolean
  readonly hint: string
}

/** Every code a {@link MessagingError} can carry, with what it means for the caller. */
export const ERROR_CODES = {
  ADDRESS_MALFORMED: fact('nothing', false, 'Correct the address; quote words that hold special characters.'),
  ADDRESS_OPTION_INVALID: fact('nothing', false, 'Correct the option named in the message.'),
  ADDRESS_NOT_FOUND: fact(
    'link',
    false,
    "Create the node first, or write '; {create: always}' behind the name.",
  ),
  ADDRESS_MISMATCH: fact(
    'link',
    false,
    "The node exists with other settings: use it as it is with create: 'never', give the address its settings, or delete it first.",
  ),
  NOT_SUPPORTED: fact('nothing', false, 'See connection.capabilities for what this broker can do.'),
  UNAUTHENTICATED: fact('connection', false, 'Check user name and password.'),
  UNAUTHORIZED: fact('link', false, 'Ask the administrator of the broker for the permission.'),
  CONNECT_FAILED: fact(
    'connection',
    true,
    'Check that the broker runs and that host and port are right; `sluice doctor URL` tells what is there.',
  ),
  CONNECTION_LOST: fact('connection', true, 'Try again; Sluice goes on reconnecting in the background.'),
  CLOSED: fact('link', false, 'It was closed by this program: open a new one.'),
  DETACHED: fact('link', true, 'The broker ended the link; see the cause, then open a new one.'),
  SEND_REJECTED: fact(
    'nothing',
    false,
    'The broker refused the message; see the cause (a full queue, for example).',
  ),
  SEND_UNROUTABLE: fact(
    'nothing',
    false,
    'Nothing there takes the message: declare the node, or let its receiver join first.',
  ),
  SEND_UNCONFIRMED: fact(
    'nothing',
    true,
    'The answer was lost: the broker may or may not hold it. Send again with the same id.',
  ),
  CAPACITY_EXCEEDED: fact('nothing', true, 'Wait for earlier sends, or raise the capacity.'),
  MESSAGE_TOO_LARGE: fact('nothing', false, 'Send less, or raise the limit named in the message.'),
  ALREADY_SETTLED: fact('nothing', false, 'A delivery takes one verdict; the first one counts.'),
  DELIVERY_LOST: fact('delivery', false, 'The broker gives this delivery to a receiver again; do nothing.'),
  REQUEST_TIMEOUT: fact('nothing', true, 'Check that a responder runs, or allow more time with timeoutMs.'),
  REQUEST_FAILED: fact('nothing', false, 'The responder threw; its message is the text of this error.'),
  HANDLER_FAILED: fact(
    'delivery',
    true,
    'The handler given to consume(), consumeBatch() or respond() threw; see the cause. The message is tried again as its address says.',
  ),
  ABORTED: fact(
    'nothing',
    false,
    'The signal given to the call was aborted. With context.inDoubt true the broker may have done it all the same.',
  ),
  ENCODE_FAILED: fact('nothing', false, 'Send a value that the content type can carry.'),
  DECODE_FAILED: fact('nothing', false, 'Read delivery.bytes, or send with the right contentType.'),
  CLIENT_LIBRARY_MISSING: fact('connection', false, 'Install the package named in the message.'),
  CONFIG_INVALID: fact('nothing', false, 'Correct the option named in the message.'),
  STORE_FAILED: fact(
    'nothing',
    true,
    'The disk of the broker is full or fails: make room, or see to it; what was accepted stays.',
  ),
  INTERNAL: fact('nothing', false, 'This is a defect in Sluice: please report it with the context.'),
} as const satisfies Record<string, CodeFacts>

/** Stable name of an error. Programs compare codes; texts may change. */
export type ErrorCode = keyof typeof ERROR_CODES

/** Where the error happened. Never holds bodies, passwords or tokens. */
export interface ErrorContext {
  /** `rabbitmq`, `qpid`, … */
  adapter?: string | undefined
  /** The node, as the program named it. */
  address?: string | undefined
  /** The call: `send`, `declare`, … */
  operation?: string | undefined
  /** The message's `id`. */
  messageId?: string | undefined
  /**
   * What the code alone does not tell: see {@link nodeFull} and {@link inUse}; `broker-refused` is a connection that the broker ended over
   * something this program had sent; `blocked` is a link that could not be opened because the broker takes no messages for now.
   */
  reason?: 'node-full' | 'in-use' | 'broker-refused' | 'blocked' | undefined
  /** A wait ended by an abort or its time-out: whether the broker may have done what was asked. */
  inDoubt?: boolean | undefined
  [key: string]: unknown
}

/** What an error is made with, for adapters and codecs of others. */
export interface MessagingErrorOptions {
  context?: ErrorContext | undefined
  /** The client library's own error, untouched. */
  cause?: unknown | undefined
  /** Replaces the table's hint where the place of the error knows better. */
  hint?: string | undefined
  /** Replaces the table's retryability where the broker said more. */
  retryable?: boolean | undefined
}

/** Copies of this module that one program loads (a bundle beside `node_modules`) share brokers, and know each other's errors. */
const BRAND = Symbol.for('sluice/MessagingError')

/**
 * The one error class of this library.
 *
 * @example
 * ```ts
 * try {
 *   await connection.send('orders', { id: 7 })
 * } catch (error) {
 *   if (!(error instanceof MessagingError) || !error.retryable) throw error
 *   console.warn(error.code, error.message, error.hint)
 * }
 * ```
 */
export class MessagingError extends Error {
  static override [Symbol.hasInstance](value: unknown): value is MessagingError {
    try {
      return typeof value === 'object' && value !== null && BRAND in value
    } catch {
      // A Proxy that was revoked, or that throws: a program may throw anything.
      return false
    }
  }

  override readonly name = 'MessagingError'
  /** What went wrong; stable. */
  readonly code: ErrorCode
  /** What died with it. */
  readonly scope: ErrorScope
  /** Whether the same call may succeed later without a change by the caller. */
  readonly retryable: boolean
  /** What to do next, in one sentence. */
  readonly hint: string
  /** Where it went wrong. */
  readonly context: ErrorContext

  constructor(code: ErrorCode, message: string, options: MessagingErrorOptions = {}) {
    // A program without types may give anything.
    const text = typeof message === 'string' ? message : inspect(message, { depth: 1 })
    super(redact(text), options.cause === undefined ? undefined : { cause: options.cause })
    const facts = ERROR_CODES[code]
    this.code = code
    this.scope = facts.scope
    this.retryable = options.retryable ?? facts.retryable
    this.hint = options.hint ?? facts.hint
    this.context = options.context ?? {}
  }

  get [BRAND](): true {
    return true
  }

  /** For logs: everything but cause and stack; holds no secret. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, scope, retryable, hint, context } = this
    return { name, code, message, scope, retryable, hint, context }
  }
}

/**
 * The node has as many messages as it may have: `SEND_REJECTED` with `reason: 'node-full'`, which may be sent again later.
 * Adapters make this error, whatever their broker calls it.
 *
 * @example
 * ```ts
 * function refused(queue: string): MessagingError {
 *   return nodeFull(`Queue '${queue}' has as many messages as it may have`)
 * }
 * ```
 */
export function nodeFull(text: string, options: MessagingErrorOptions = {}): MessagingError {
  return new MessagingError('SEND_REJECTED', text, {
    hint: 'The node is full: let receivers take messages and send again, or raise its maxLength.',
    retryable: true,
    ...options,
    context: { ...options.context, reason: 'node-full' },
  })
}

/**
 * Another receiver has the node for itself: `UNAUTHORIZED` with `reason: 'in-use'`. A receiver that is being opened is told at
 * once; one that stood before tries again, because the other may be what the broker still keeps of its own lost connection.
 * Adapters make this error, whatever their broker calls it.
 *
 * @example
 * ```ts
 * function refused(queue: string): MessagingError {
 *   return inUse(`Another receiver has queue '${queue}' for itself`)
 * }
 * ```
 */
export function inUse(text: string, options: MessagingErrorOptions = {}): MessagingError {
  return new MessagingError('UNAUTHORIZED', text, {
    hint: 'Another receiver uses it exclusively: close that one first.',
    ...options,
    context: { ...options.context, reason: 'in-use' },
  })
}

/**
 * True when `error` is a {@link MessagingError}, and, if given, has that code.
 *
 * @example
 * ```ts
 * const order = await connection.request(service<number, string>('orders'), 7).catch((error) => {
 *   if (isMessagingError(error, 'REQUEST_TIMEOUT')) return undefined
 *   throw error
 * })
 * ```
 */
export function isMessagingError(error: unknown, code?: ErrorCode): error is MessagingError {
  return error instanceof MessagingError && (code === undefined || error.code === code)
}

/**
 * Names the adapter in an error that leaves the API and does not say it yet, and returns the error. Anything else passes unchanged.
 */
export function namingAdapter<E>(error: E, adapter: string | undefined): E {
  if (
    error instanceof MessagingError &&
    error.context.adapter === undefined &&
    !Object.isFrozen(error.context)
  )
    error.context.adapter = adapter
  return error
}

/** What went wrong, with the words of what lies behind it. */
export function because(text: string, cause: MessagingError | undefined): string {
  return cause ? `${text}: ${cause.message}` : text
}

/** Whatever was thrown, as the one error class. */
export function asMessagingError(error: unknown): MessagingError {
  if (error instanceof MessagingError) return error
  return new MessagingError('INTERNAL', messageOfThrown(error), { cause: error })
}

/** What was thrown, in words, whatever it is: an `Error` without a message tells its name, other things what they are. */
export function messageOfThrown(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return String(thrown.message) || `${thrown.name} without a message`
    if (typeof thrown === 'string' && thrown !== '') return thrown
    return `${inspect(thrown, { depth: 1, breakLength: Infinity, maxStringLength: 1_000 })} was thrown`
  } catch {
    return `something of type ${typeof thrown} was thrown, which cannot be shown`
  }
}

/**
 * Hides passwords in anything that looks like a URL: `scheme://user:secret@host` keeps its user only. A password may hold
 * an `@`; one with spaces is told from text where the whole is a URL. URLs inside the query of another may be escaped.
 *
 * @example
 * ```ts
 * console.log(redact('rabbitmq://guest:secret@localhost')) // rabbitmq://guest:***@localhost
 * ```
 */
export function redact(text: string): string {
  if (!text.includes('://')) return text
  // Each expression begins at a mark of its own and ends before the next one: the text may be anybody's, and of any length.
  return (URL.canParse(text) ? text.replaceAll(' ', '%20') : text)
    .replace(/([\w+.-]:\/\/[^\s:/@]*):(?:(?!:\/\/)\S)*@/g, '$1:***@')
    .replace(/%3A%2F%2F[^\s&]*/gi, (url) => url.replace(/^(%3A%2F%2F(?:(?!%3A).)*%3A).*%40/i, '$1***%40'))
    .replace(/([?&]([\w.-]+)=)[^&\s]*/g, (parameter, begin: string, name: string) =>
      /password|token|secret/i.test(name) ? `${begin}***` : parameter,
    )
}

function fact(scope: ErrorScope, retryable: boolean, hint: string): CodeFacts {
  return { scope, retryable, hint }
}
