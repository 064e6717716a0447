/**
 * Finds out what kind of queue it is: a stream, one where giving a message back uses up one of its deliveries, one that refuses messages.
 *
 * Only the broker knows, and it tells in one way: a declaration that asks for something else is refused with the name of
 * what differs and its value. The declaration asks for a queue type that does not exist, so that it can never make a
 * queue. One refused declaration closes a channel and leaves a line in the broker's log: the answer is remembered.
 */
import { makeRoom } from '../../../core/make-room.ts'
import { MessagingError } from '../../../model/errors.ts'
import { ADAPTER } from '../errors.ts'
import { isForbidden } from '../native-errors.ts'
import type { Session } from '../wire/session.ts'

/** More deliveries than this are as good as no limit. */
const MANY = 10_000
/** Differences that are answered before the type of the queue is compared. */
const MAX_ROUNDS = 16
const MAX_REMEMBERED = 256
const NO_SUCH_TYPE = 'sluice-probe'
/** As RabbitMQ names it. */
const OVERFLOW = 'x-overflow'

/** `counted`: the queue gives a message up after a number of deliveries. `plain`, `quorum`: any number of looks changes nothing. */
export type QueueKind = 'plain' | 'quorum' | 'counted' | 'stream'

const remembered = new WeakMap<Session, Map<string, QueueKind>>()

export async function kindOfQueue(session: Session, queue: string): Promise<QueueKind> {
  const known = remembered.get(session) ?? new Map<string, QueueKind>()
  remembered.set(session, known)
  let kind = known.get(queue)
  if (kind === undefined) {
    kind = await probe(session, queue)
    makeRoom(known, MAX_REMEMBERED)
    known.set(queue, kind)
  }
  return kind
}

/** The queue was deleted, or may have been made anew. */
export function forgetProbe(session: Session, queue: string): void {
  remembered.get(session)?.delete(queue)
  session.forget(queue)
}

/** Questions under way. */
const asking = new WeakMap<Session, Map<string, Promise<boolean>>>()

/**
 * Whether the queue refuses messages when it is full, which others may have made so. Yes, where the broker does not tell, as it does not tell
 * who may not configure the queue. The answer is remembered. Never rejects.
 */
export function mayRefuse(session: Session, queue: string): Promise<boolean> {
  const known = session.mayRefuse(queue)
  if (known !== undefined) return Promise.resolve(known)
  const underWay = asking.get(session) ?? new Map<string, Promise<boolean>>()
  asking.set(session, underWay)
  let answer = underWay.get(queue)
  if (!answer) {
    answer = overflowOf(session, queue).then(
      (overflow) => overflow === undefined || (overflow.value?.startsWith('reject-publish') ?? false),
      () => true,
    )
    underWay.set(queue, answer)
    void answer.then((refuses) => {
      underWay.delete(queue)
      session.refuses(queue, refuses)
    })
  }
  return answer
}

/** Whether the queue is deleted with its last consumer, which others may have made so. No, where the broker does not tell. Never rejects. */
export async function isAutoDelete(session: Session, queue: string): Promise<boolean> {
  const known = session.isAutoDelete(queue)
  if (known !== undefined) return known
  const deletes = await deletesItself(session, queue).catch(() => false)
  session.deletesItself(queue, deletes)
  return deletes
}

/** Compared first: whether it is durable, whether it is auto-delete. */
async function deletesItself(session: Session, queue: string): Promise<boolean> {
  const args = { 'x-queue-type': NO_SUCH_TYPE }
  let difference = await ask(session, queue, { durable: true, autoDelete: true }, args)
  if (difference?.name === 'durable')
    difference = await ask(session, queue, { durable: false, autoDelete: true }, args)
  return difference !== undefined && difference.name !== 'auto_delete'
}

/** What the queue says of messages that it has no place for. */
async function overflowOf(session: Session, queue: string): Promise<Difference | undefined> {
  const life = { durable: true, autoDelete: false }
  const args: Record<string, unknown> = { [OVERFLOW]: NO_SUCH_TYPE }
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const difference = await ask(session, queue, life, args)
    if (!difference) return undefined
    const { name, value } = difference
    if (name === OVERFLOW) return difference
    if (name === 'durable') life.durable = value === 'true'
    else if (name === 'auto_delete') life.autoDelete = value === 'true'
    else if (value === undefined) delete args[name]
    else args[name] = typed(difference)
  }
  return undefined
}

/** Asks, takes over what the broker names as different, and asks again, until it names the type or the limit. */
async function probe(session: Session, queue: string): Promise<QueueKind> {
  const args: Record<string, unknown> = { 'x-queue-type': NO_SUCH_TYPE }
  let durable = true
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const difference = await ask(session, queue, { durable }, args)
    if (!difference) return 'plain'
    const { name, value } = difference
    if (name === 'durable') {
      // Quorum queues are durable.
      if (value !== 'true') return 'plain'
      durable = true
    } else if (name === 'x-max-priority' || name === 'auto_delete' || name === 'exclusive') return 'plain'
    else if (name === 'x-queue-type') {
      if (value === 'stream') return 'stream'
      if (value !== 'quorum') return 'plain'
      args['x-queue-type'] = 'quorum'
      args['x-delivery-limit'] = NO_SUCH_TYPE
    } else if (name === 'x-delivery-limit' && args['x-delivery-limit'] === NO_SUCH_TYPE) {
      // RabbitMQ 4 gives up after 20 where nobody said otherwise.
      if (value === undefined) return session.majorVersion >= 4 ? 'counted' : 'quorum'
      // -1: as often as it takes.
      const limit = Number(value)
      return limit >= 0 && limit <= MANY ? 'counted' : 'quorum'
    } else if (value === undefined) delete args[name]
    else args[name] = typed(difference)
  }
  return 'counted'
}

interface Difference {
  readonly name: string
  /** `undefined`: the queue has no such argument. */
  readonly value: string | undefined
  /** As RabbitMQ names it; not of every argument. */
  readonly type: string | undefined
}

function typed({ value, type }: Difference): unknown {
  if (type === 'bool') return value === 'true'
  return type !== 'longstr' && /^-?\d+$/.test(value!) ? Number(value) : value
}

async function ask(
  session: Session,
  queue: string,
  life: { durable: boolean; autoDelete?: boolean },
  args: Record<string, unknown>,
): Promise<Difference | undefined> {
  try {
    await session.scratch.run((channel) => channel.assertQueue(queue, { ...life, arguments: args }))
    return undefined
  } catch (error) {
    if (isForbidden(error)) throw forbidden(queue, error)
    const { code, message } = error as { code?: number; message?: string }
    if (code !== 406) throw error
    const [, name, current] =
      /inequivalent arg '([^']+)' for queue [\s\S]* but current is (none|.*)"$/.exec(message ?? '') ?? []
    if (name === undefined) return undefined
    if (current === 'none') return { name, value: undefined, type: undefined }
    const [, value, type] = /'([^']*)'(?: of type '(\w+)')?/.exec(current!) ?? []
    return { name, value, type }
  }
}

function forbidden(queue: string, cause: unknown): MessagingError {
  return new MessagingError(
    'UNAUTHORIZED',
    `Whether looking into '${queue}' uses up deliveries is told only to those who may configure it`,
    {
      cause,
      hint: 'Ask for the permission to configure the queue, or receive from it.',
      context: { adapter: ADAPTER, address: queue, operation: 'browse' },
    },
  )
}
