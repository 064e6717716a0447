/** Attaching receivers: what stands behind the source, and how it is read. */
import type { AdapterReceiver, ReceiverEvents, ReceiverSpec } from '../../../contract/adapter.ts'
import { MessagingError } from '../../../model/errors.ts'
import { ADAPTER, notFound } from '../errors.ts'
import type { Nodes } from '../nodes/nodes.ts'
import { leaseOf, parseSpec } from '../nodes/topology.ts'
import type { DeadLetters } from '../send/dead-letters.ts'
import type { Watched } from '../wire/key-watch.ts'
import type { Session } from '../wire/session.ts'
import { QueueBrowser } from './browser.ts'
import { LiveSubscription } from './live-subscription.ts'
import { QueueReceiver } from './receiver.ts'

interface Rooms {
  readonly session: Session
  readonly nodes: Nodes
  readonly deadLetters: DeadLetters
}

export async function attachReceiver(
  { session, nodes, deadLetters }: Rooms,
  spec: ReceiverSpec,
  events: ReceiverEvents,
): Promise<AdapterReceiver> {
  const { source, subscription, mode, credit, limits } = spec
  const isQueue = source.type === undefined || source.type === 'queue'
  if (!isQueue && !subscription) {
    if (mode === 'browse') throw nothingToBrowse(source.name)
    if (limits.deadLetter) await nodes.ensureQueue(limits.deadLetter.name)
    const { maxDeliveries, deadLetter, maxLength } = limits
    const live = new LiveSubscription(
      {
        session,
        deadLetters,
        events,
        topic: source.name,
        durable: source.type === 'topic',
        patterns: spec.patterns,
        maxDeliveries,
        deadLetter,
        maxLength,
      },
      credit,
    )
    await live.start()
    return live
  }
  const base = await baseOf(session, nodes, spec)
  const label = subscription && !isQueue ? `${source.name}/${subscription.name}` : source.name
  if (mode === 'browse') {
    const browser = new QueueBrowser({ session, nodes, events, base, label, follow: spec.follow }, credit)
    await browser.start()
    return browser
  }
  const declared = await specOf(session, base, label)
  const deadLetter =
    limits.deadLetter ?? (declared.deadLetter ? { name: declared.deadLetter, type: undefined } : undefined)
  const maxDeliveries = limits.maxDeliveries ?? declared.maxDeliveries
  const mostCredit = maxDeliveries === undefined ? undefined : spec.creditWhereLimited
  const receiver = new QueueReceiver(
    {
      session,
      deadLetters,
      events,
      base,
      label,
      leaseMs: leaseOf(limits.native.leaseMs) ?? declared.leaseMs ?? session.endpoint.leaseMs,
      maxDeliveries,
      deadLetter,
      exclusive: spec.exclusive,
      needs: needsOf(session, spec, base),
    },
    credit,
    mostCredit,
  )
  await receiver.start()
  return receiver
}

/** The queue that is read; a named subscription is made or changed by its receivers. */
async function baseOf(session: Session, nodes: Nodes, spec: ReceiverSpec): Promise<string> {
  const { source, subscription, mode } = spec
  if (!subscription || source.type === undefined || source.type === 'queue')
    return session.keys.queue(source.name)
  return mode === 'browse' ? session.keys.subscription(source.name, subscription.name) : nodes.subscribe(spec)
}

/** A named subscription gets nothing without its topic, nor without its entry there. */
function needsOf(session: Session, { source, subscription }: ReceiverSpec, base: string): Watched[] {
  if (!subscription || source.type === undefined || source.type === 'queue') return []
  const topic = session.keys.topic(source.name)
  return [{ key: topic }, { key: `${topic}#subs`, field: base }]
}

async function specOf(session: Session, base: string, label: string) {
  const spec = await session.guarded({ address: label, operation: 'attachReceiver' }, () =>
    session.ask((commands) => commands.hget(base, 'spec')),
  )
  if (spec === null) throw notFound('queue', label)
  return parseSpec(spec)
}

function nothingToBrowse(topic: string): MessagingError {
  return new MessagingError(
    'NOT_SUPPORTED',
    `The topic '${topic}' keeps nothing to browse: browse a named subscription`,
    {
      context: { adapter: ADAPTER, address: topic, operation: 'browse' },
    },
  )
}
