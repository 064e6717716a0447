/** Receivers of a topic: a private queue for a live subscription, a lasting one for a named subscription. */
import type { AdapterReceiver, NodeSpec, ReceiverEvents, ReceiverSpec } from '../../../contract/adapter.ts'
import { formatAddress } from '../../../model/address-text/index.ts'
import { MessagingError } from '../../../model/errors.ts'
import { ADAPTER } from '../errors.ts'
import { shownName } from '../nodes/names.ts'
import type { Nodes } from '../nodes/nodes.ts'
import { bindingKeys, exactFilter } from '../nodes/topic-bindings.ts'
import { exchangeType } from '../nodes/topology.ts'
import type { Physical } from '../wire/physical.ts'
import { asAsked } from './granted.ts'
import { LinkReceiver } from './link-receiver.ts'
import type { ReceiverOptions } from './receiver-options.ts'
import { selectorFilter } from './terminus.ts'

/** How the queue of a subscription is bound. */
interface Bound {
  readonly keys: readonly string[]
  readonly fits: ReceiverOptions['fits']
}

export async function subscribe(
  physical: Physical,
  nodes: Nodes,
  spec: ReceiverSpec,
  events: ReceiverEvents,
): Promise<AdapterReceiver> {
  const { name } = spec.source
  const context = { adapter: ADAPTER, address: name }
  const found = await nodes.inspect(spec.source)
  if (!found) throw new MessagingError('ADDRESS_NOT_FOUND', `no such topic: ${name}`, { context })
  // Other exchanges know no wildcards.
  const bound: Bound =
    exchangeType(found.details) === 'topic'
      ? { keys: bindingKeys(spec.patterns), fits: exactFilter(spec.patterns) }
      : { keys: spec.patterns, fits: undefined }
  const receiver = await (spec.subscription ? named : live)(physical, nodes, spec, bound, events)
  if (spec.mode === 'browse') return receiver
  // With the exchange only its bindings go: the link, which stands on a queue, is told nothing.
  receiver.standOn(nodes.rounds, async () => {
    const now = await nodes.inspect(spec.source)
    if (now?.details.identity === found.details.identity) return undefined
    return new MessagingError('ADDRESS_NOT_FOUND', `The topic '${name}' was deleted`, { context })
  })
  return receiver
}

async function named(
  physical: Physical,
  nodes: Nodes,
  spec: ReceiverSpec,
  { keys, fits }: Bound,
  events: ReceiverEvents,
): Promise<LinkReceiver> {
  const { name, durable } = spec.subscription!
  if (spec.limits.expiresMs !== undefined) {
    throw new MessagingError(
      'NOT_SUPPORTED',
      `Broker-J keeps the subscription '${name}' until it is deleted: link: {timeout} and expiresMs have no counterpart`,
      {
        context: { adapter: ADAPTER, address: spec.source.name, operation: 'attach', option: 'link.timeout' },
        hint: 'Leave it out, and delete the subscription when it is not needed any more.',
      },
    )
  }
  const queue = await nodes.declareSubscription(spec.source, name, keys, queueSpec(spec, durable))
  const browse = spec.mode === 'browse'
  const source = {
    address: queue,
    distribution_mode: browse ? 'copy' : 'move',
    filter: selectorFilter(physical.rhea, spec.link.selector),
  }
  return LinkReceiver.open(
    physical,
    { ...common(spec), fits, source, copiesTo: formatAddress({ name: shownName(queue) }) },
    events,
  )
}

/** A dynamic queue, gone with its link; bound before any credit is given, so that it is live when this resolves. */
async function live(
  physical: Physical,
  nodes: Nodes,
  spec: ReceiverSpec,
  { keys, fits }: Bound,
  events: ReceiverEvents,
): Promise<LinkReceiver> {
  const source = { dynamic: true, filter: selectorFilter(physical.rhea, spec.link.selector) }
  const link = await physical.openReceiver({ source }, Math.max(spec.credit, 1), spec.source.name)
  await asAsked(physical, link, { source, address: spec.source.name })
  try {
    const queue = link.source!.address!
    const { maxLength } = spec.limits
    if (maxLength !== undefined) await nodes.limitDepth(queue, maxLength)
    await Promise.all(keys.map((key) => nodes.bindQueue(spec.source.name, queue, key)))
    return LinkReceiver.over(physical, link, { ...common(spec), fits, source, copiesTo: queue }, events)
  } catch (error) {
    await physical.closeLink(link)
    throw error
  }
}

function common(spec: ReceiverSpec): Pick<ReceiverOptions, 'address' | 'credit' | 'browse' | 'follow'> {
  return {
    address: spec.source.name,
    credit: spec.credit,
    browse: spec.mode === 'browse',
    follow: spec.follow,
  }
}

function queueSpec({ limits, exclusive }: ReceiverSpec, durable: boolean): NodeSpec {
  return { ...limits, name: '', type: 'queue', durable, exclusive, autoDelete: false, bindings: [] }
}
