/** What a node of ours is at Broker-J. Pure. */
import { type Binding, joinedName, type NodeSpec } from '../../../contract/adapter.ts'
import { wireName } from './names.ts'

/** 0 to 9; Broker-J takes 4 for messages that say nothing. */
const PRIORITIES = 10

type Attributes = Readonly<Record<string, unknown>>

export function queueAttributes(spec: NodeSpec): Attributes {
  const { native } = spec
  const attributes: Record<string, unknown> = {
    'qpid-type': 'priority',
    priorities: PRIORITIES,
    durable: spec.durable,
    // Delayed messages wait in the queue itself until they are due.
    holdOnPublishEnabled: true,
    ...native,
  }
  if (attributes['qpid-type'] !== 'priority') delete attributes.priorities
  if (spec.maxLength !== undefined) Object.assign(attributes, depthLimit(spec.maxLength))
  if (spec.ttlMs !== undefined) attributes.maximumMessageTtl = spec.ttlMs
  if (spec.exclusive) attributes.exclusive = 'LINK'
  if (spec.autoDelete) attributes.lifetimePolicy = 'DELETE_ON_NO_OUTBOUND_LINKS'
  return attributes
}

export function depthLimit(maxLength: number): { maximumQueueDepthMessages: number; overflowPolicy: string } {
  return { maximumQueueDepthMessages: maxLength, overflowPolicy: 'REJECT' }
}

export function exchangeAttributes(spec: NodeSpec): Attributes {
  const { type, ...native } = spec.native
  return {
    'qpid-type': type ?? (spec.type === 'broadcast' ? 'fanout' : 'topic'),
    durable: spec.durable,
    ...native,
  }
}

export function exchangeType(attributes: Attributes): unknown {
  return attributes['qpid-type']
}

export interface FullBinding {
  readonly source: string
  readonly target: string
  readonly key: string
  readonly arguments?: Binding['arguments']
}

/** Bindings with the node itself put in where one side is not named. */
export function bindingsOf({ name, bindings }: NodeSpec): FullBinding[] {
  return bindings.map(({ source, target, key, arguments: filter }) => ({
    source: source ?? name,
    target: target ?? name,
    key: key ?? (filter ? name : '#'),
    arguments: filter,
  }))
}

/** The queue behind a named subscription; parts are escaped so that two subscriptions never share one. */
export function subscriptionQueue(node: string, subscription: string): string {
  return wireName(joinedName(node, 'subscription', subscription))
}

/** Nodes that come and go with links. */
export function isTemporary(name: string): boolean {
  return /^(TempQueue|TempTopic|qpidsub_)/.test(name) || name.startsWith('amq.') || name === ''
}
