/**
 * Which native objects stand for which node: names, arguments, bindings. Pure.
 *
 * | Node | RabbitMQ |
 * |---|---|
 * | queue, mailbox, service, multicast member | queue of that name on the default exchange |
 * | topic, broadcast | durable exchange of that name, type `topic` or `fanout` |
 * | named subscription | queue `TOPIC:subscription:NAME` |
 * | live subscription | exclusive auto-delete queue named by the broker |
 */
import { createHash } from 'node:crypto'
import type { Options } from 'amqplib'
import { joinedName, type NodeSpec, type NodeType } from '../../../contract/adapter.ts'
import { checkKnownKeys } from '../../../core/options/known-keys.ts'
import { optionReader } from '../../../core/options/option-reader.ts'
import { MessagingError } from '../../../model/errors.ts'
import { MAX_TTL_MS, STREAM_OFFSET, short } from '../codec/headers.ts'
import { isInt64 } from '../codec/raw-table.ts'
import { ADAPTER } from '../errors.ts'
import type { QueueType } from '../options.ts'

export type QueueLimits = Pick<
  NodeSpec,
  'maxDeliveries' | 'deadLetter' | 'maxLength' | 'ttlMs' | 'expiresMs' | 'native'
>

/** Settings of a queue beside its limits. */
export interface QueueLife {
  readonly durable: boolean
  readonly autoDelete: boolean
  /** AMQP's meaning: of this connection, gone with it. */
  readonly exclusive: boolean
}

/** Native options of a node, as a builder (`native: {…}`) or an address string (`x-declare: {…}`) may write them. */
const QUEUE_NATIVE = ['queueType', 'maxPriority', 'arguments', 'exclusive'] as const
const EXCHANGE_NATIVE = ['exchangeType', 'alternateExchange', 'arguments', 'type', 'internal'] as const

/** Priorities 0 to 9. */
const MAX_PRIORITY = 9
/** Keeps a released message at its old place (RabbitMQ 3.10 puts it at the back without a limit) and is never reached. */
const NEVER_REACHED = 2_000_000_000
/** Portable settings of `x-declare` arguments; the API has translated them already. */
const TRANSLATED = new Set(['qpid.max_count', 'qpid.policy_type', 'qpid.auto_delete_timeout'])

const { invalid } = optionReader(ADAPTER, 'native')

/**
 * How a queue with these limits is declared.
 *
 * A limit of deliveries needs a queue that counts them, which is a quorum queue; those have no priorities in 3.10. All
 * others are what the connection usually makes: classic queues with ten priorities, or quorum queues as well.
 *
 * @throws `CONFIG_INVALID`, `NOT_SUPPORTED`
 */
export function queueOptions(limits: QueueLimits, life: QueueLife, usual: QueueType): Options.AssertQueue {
  const { native } = limits
  checkKnownKeys(native, QUEUE_NATIVE, 'native')
  const args = argumentsOf(native.arguments)
  const quorum = isQuorum(limits, life, usual)
  if (quorum) quorumArguments(limits, args)
  else if (args['x-queue-type'] === undefined || args['x-queue-type'] === 'classic') {
    const priorities = native.maxPriority ?? MAX_PRIORITY
    if (!Number.isInteger(priorities) || (priorities as number) < 0 || (priorities as number) > 255) {
      throw invalid('maxPriority', 'is no whole number from 0 (a queue without priorities) to 255')
    }
    if (priorities !== 0) args['x-max-priority'] ??= priorities
  }
  if (limits.maxLength !== undefined) {
    args['x-max-length'] ??= limits.maxLength
    args['x-overflow'] ??= 'reject-publish'
  }
  if (limits.ttlMs !== undefined) args['x-message-ttl'] ??= wholeMs(limits.ttlMs)
  if (limits.expiresMs !== undefined) args['x-expires'] ??= wholeMs(limits.expiresMs)
  return { ...life, durable: life.durable || quorum, arguments: args }
}

/** The queue behind a subscription: what its topic says of the exchange is not for it. */
export function subscriptionOptions(
  limits: QueueLimits,
  life: QueueLife,
  usual: QueueType,
): Options.AssertQueue {
  const { exchangeType: _type, alternateExchange: _alternate, internal: _internal, ...native } = limits.native
  return queueOptions({ ...limits, native }, life, usual)
}

export function exchangeOptions(spec: NodeSpec): { type: string; options: Options.AssertExchange } {
  const { native } = spec
  checkKnownKeys(native, EXCHANGE_NATIVE, 'native')
  const args = argumentsOf(native.arguments)
  if (native.alternateExchange !== undefined)
    args['alternate-exchange'] ??= argumentOf('alternateExchange', native.alternateExchange)
  const type = native.exchangeType ?? native.type ?? exchangeType(spec.type)
  if (typeof type !== 'string' || !short(type)) throw unfit('exchangeType', 'is no text of up to 255 bytes')
  return {
    type,
    options: {
      durable: spec.durable,
      autoDelete: spec.autoDelete,
      internal: native.internal === true,
      arguments: args,
    },
  }
}

/** The exchange type behind a kind of node. */
export function exchangeType(type: NodeType): 'topic' | 'fanout' {
  return type === 'broadcast' ? 'fanout' : 'topic'
}

/** Name of the queue behind a named subscription; no two subscriptions and no multicast member share one. */
export function subscriptionQueue(topic: string, name: string): string {
  return fitted(joinedName(topic, 'subscription', name), MAX_SUBSCRIPTION_BYTES)
}

/** `topic/name` for a queue that {@link subscriptionQueue} named. */
export function subscriptionOf(queue: string): { topic: string; name: string } | undefined {
  const [, topic, name] = /^([^:]+):subscription:([^:]+)$/.exec(queue) ?? []
  return topic === undefined || name === undefined
    ? undefined
    : { topic: originalPart(topic), name: originalPart(name) }
}

/** The exchanges (and a lock) beside a named subscription; see `subscriptions.ts`. */
export function subscriptionParts(queue: string): SubscriptionParts {
  return {
    bindings: `${queue}:bindings`,
    draft: `${queue}:bindings:draft`,
    record: `${queue}:patterns`,
    lock: `${queue}:lock`,
  }
}

export interface SubscriptionParts {
  /** Carries the bindings. */
  readonly bindings: string
  /** Stands in for it during a change. */
  readonly draft: string
  /** Says which bindings are in place. */
  readonly record: string
  /** A queue: who has it may change the others. */
  readonly lock: string
}

/** What tells two sets of bindings apart. */
export function fingerprint(bindings: unknown): string {
  return createHash('sha256').update(JSON.stringify(bindings)).digest('hex').slice(0, 32)
}

/** Prefix of the queues (and exchanges) that hold messages back. */
const HOLD = 'sluice.delay.'

/** Where delayed messages wait. */
export interface Hold {
  readonly kind: 'queue' | 'exchange'
  /** What they are for. */
  readonly target: string
  /** Unit: ms, as {@link holdMs} gives it. */
  readonly delayMs: number
  /** The target may refuse a message when it is due. */
  readonly safe: boolean
}

/**
 * A holding queue: nobody receives from it, and what expires in it moves on.
 *
 * A classic queue forgets a message once it has passed it on, taken or not. So for a queue that may be full the messages wait
 * in a quorum queue, which keeps each until the target has confirmed it, and tries again every three minutes. For all others
 * a classic one serves better: after a restart of the broker, RabbitMQ 3.10 takes these three minutes in any case.
 */
export function holdQueue(hold: Hold): { name: string; options: Options.AssertQueue } {
  const { safe } = hold
  const { kind, target, delayMs } = hold
  return {
    name: fitted(`${HOLD}${delayMs}.${safe ? 'safe' : 'plain'}.${kind}.${target}`, MAX_NATIVE_NAME),
    options: {
      durable: true,
      arguments: {
        'x-message-ttl': delayMs,
        'x-expires': delayMs + (safe ? SAFE_SLACK_MS : PLAIN_SLACK_MS),
        ...(kind === 'queue'
          ? { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': target }
          : { 'x-dead-letter-exchange': target }),
        ...(safe && {
          'x-queue-type': 'quorum',
          'x-dead-letter-strategy': 'at-least-once',
          'x-overflow': 'reject-publish',
        }),
      },
    },
  }
}

/** Whether a queue declared like this refuses messages when it is full. */
export function refusesWhenFull({ arguments: args }: Options.AssertQueue): boolean {
  const limited = args['x-max-length'] !== undefined || args['x-max-length-bytes'] !== undefined
  return limited && String(args['x-overflow']).startsWith('reject-publish')
}

/** How long a holding queue outlives its last message. Unit: ms. */
const PLAIN_SLACK_MS = 60_000
const SAFE_SLACK_MS = 600_000
export const MAX_DELAY_MS = MAX_TTL_MS - SAFE_SLACK_MS

export function isHold(queue: string): boolean {
  return queue.startsWith(HOLD)
}

/**
 * The delay of a holding queue. Each length has a queue of its own, since a queue only looks at its first message; so that
 * there are not endlessly many, four digits and more are rounded up to three: late by less than 1 %, never early.
 */
export function holdMs(delayMs: number): number {
  const ms = Math.ceil(delayMs)
  if (ms < 1000) return Math.max(1, ms)
  const step = 10 ** (Math.floor(Math.log10(ms)) - 2)
  return Math.ceil(ms / step) * step
}

const MAX_NATIVE_NAME = 255
/** Leaves room for the longest part and a fingerprint. */
const MAX_SUBSCRIPTION_BYTES = 205

/** @throws `CONFIG_INVALID` */
export function isQuorum({ maxDeliveries, native }: QueueLimits, life: QueueLife, usual: QueueType): boolean {
  const type = native.queueType ?? (native.arguments as Record<string, unknown> | undefined)?.['x-queue-type']
  if (type !== undefined && typeof type !== 'string') throw invalid('queueType', 'is no string')
  if (type !== undefined) return type === 'quorum'
  // A quorum queue is always durable and shared: what is not can only count «again».
  const counted = maxDeliveries !== undefined || usual === 'quorum'
  return counted && life.durable && !life.autoDelete && !life.exclusive
}

function quorumArguments({ maxDeliveries, deadLetter }: QueueLimits, args: Record<string, unknown>): void {
  args['x-queue-type'] = 'quorum'
  if (maxDeliveries !== undefined && deadLetter !== undefined) {
    // The API diverts the delivery after the last allowed one. The broker's own limit lies one further, so it only acts
    // for clients that do not divert: then the message moves by itself.
    args['x-delivery-limit'] ??= maxDeliveries
    args['x-dead-letter-exchange'] ??=
      deadLetter.type === undefined || deadLetter.type === 'queue' ? '' : deadLetter.name
    if (args['x-dead-letter-exchange'] === '') args['x-dead-letter-routing-key'] ??= deadLetter.name
    // protocol: without these two the broker forgets the message as soon as it has passed it on, and a crash then loses it.
    args['x-overflow'] ??= 'reject-publish'
    if (args['x-overflow'] === 'reject-publish') args['x-dead-letter-strategy'] ??= 'at-least-once'
  }
  args['x-delivery-limit'] ??= NEVER_REACHED
}

/**
 * Arguments of a queue, an exchange, a binding or a consumer as amqplib takes them.
 *
 * @throws `CONFIG_INVALID`, `NOT_SUPPORTED`, `ADDRESS_OPTION_INVALID` for values that AMQP 0-9-1 has no type for
 */
export function argumentsOf(given: unknown): Record<string, unknown> {
  if (given === undefined || given === null) return {}
  if (typeof given !== 'object' || Array.isArray(given)) throw invalid('arguments', 'is no map')
  const args: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(given)) {
    if (TRANSLATED.has(key)) continue
    if (key.startsWith('qpid.')) {
      throw new MessagingError('NOT_SUPPORTED', `The argument '${key}' is known to Apache Qpid only`, {
        context: { adapter: ADAPTER, option: key },
      })
    }
    if (!short(key)) throw unfit(key, 'has a name of more than 255 bytes')
    args[key] = argumentOf(key, value)
  }
  return args
}

/** protocol: a number that Erlang does not know makes RabbitMQ cut the connection. */
function argumentOf(option: string, value: unknown): unknown {
  switch (typeof value) {
    case 'bigint':
      if (!isInt64(value)) throw unfit(option, 'has more than 64 bits')
      return { '!': 'int64', value }
    case 'number':
      if (!Number.isFinite(value)) throw unfit(option, `is ${value}, which RabbitMQ has no number for`)
      // amqplib takes a large negative one for an integer.
      return Number.isSafeInteger(value) ? value : { '!': 'double', value }
    case 'undefined':
    case 'string':
    case 'boolean':
      return value
    case 'object':
      break
    default:
      throw unfit(option, `is a ${typeof value}`)
  }
  if (value === null) return value
  if (value instanceof Date) {
    const seconds = Math.floor(value.getTime() / 1000)
    if (!(seconds >= 0)) throw unfit(option, 'is a time before 1970, or none')
    return { '!': 'timestamp', value: seconds }
  }
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  if (Array.isArray(value)) return value.map((item) => argumentOf(option, item))
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (!short(key)) throw unfit(option, 'has a name of more than 255 bytes in it')
      return [key, argumentOf(option, item)]
    }),
  )
}

function unfit(option: string, what: string): MessagingError {
  return new MessagingError('ADDRESS_OPTION_INVALID', `The argument '${option}' ${what}`, {
    context: { adapter: ADAPTER, option },
  })
}

/** What `x-stream-offset` may say, beside a count and a time. RabbitMQ ends the connection over anything else. */
const STREAM_OFFSET_WORDS = /^(first|last|next|\d+[YMDhms])$/

/** Arguments of a consumer. @throws as {@link argumentsOf} */
export function consumerArguments(given: unknown): Record<string, unknown> {
  const args = argumentsOf(given)
  const offset = (given as Record<string, unknown> | undefined)?.[STREAM_OFFSET]
  const fits =
    offset === undefined ||
    (typeof offset === 'string' && STREAM_OFFSET_WORDS.test(offset)) ||
    typeof offset === 'bigint' ||
    Number.isSafeInteger(offset) ||
    offset instanceof Date ||
    (typeof offset === 'object' && offset !== null && '!' in offset)
  if (!fits)
    throw unfit(
      STREAM_OFFSET,
      "is none of 'first', 'last', 'next', a whole number, a Date, and a time like '2h'",
    )
  return args
}

const BUILT_IN: ReadonlySet<string> = new Set(['direct', 'fanout', 'topic', 'headers'])

/** Whether every broker has exchanges of this type; others come with plugins. */
export function isBuiltIn(type: string): boolean {
  return BUILT_IN.has(type)
}

/** RabbitMQ takes up to ten years; more is as good as no limit. */
function wholeMs(ms: number): number {
  return Math.min(MAX_TTL_MS, Math.ceil(ms))
}

/** One part of a {@link joinedName}, as it was. */
function originalPart(part: string): string {
  return part.replaceAll('%3A', ':').replaceAll('%25', '%')
}

/** AMQP names end at 255 bytes: a longer one keeps its beginning, and a hash of the whole tells it apart. */
function fitted(name: string, limit: number): string {
  if (Buffer.byteLength(name) <= limit) return name
  const hash = createHash('sha256').update(name).digest('base64url')
  let head = name.slice(0, limit)
  while (Buffer.byteLength(head) > limit - hash.length - 1) head = head.slice(0, -1)
  return `${head.replace(/[\ud800-\udbff]$/, '')}~${hash}`
}
