/** Nodes in the words of the contract: how they are named, made, limited and told of. */

/** What a node does with a message: hands it to one receiver, to subscriptions by pattern, to all attached, to named members. */
export type NodeType = 'queue' | 'topic' | 'broadcast' | 'multicast'

/**
 * Names a place at the broker. Mailboxes and services are queues here; a multicast member is the queue
 * `memberQueue(node, member)`.
 */
export interface NodeRef {
  /** As the program names it; an adapter escapes what its broker cannot hold. */
  readonly name: string
  /** Absent where an address string did not say it. */
  readonly type: NodeType | undefined
  /** The named subscription of this topic instead of the topic itself; for `delete`, `purge` and `inspect`. */
  readonly subscription?: string
}

/** A tie by which a topic gives messages to a queue: `x-bindings` of an address string. */
export interface Binding {
  /** Node messages come from (a topic); absent: the node that carries the binding. */
  readonly source?: string
  /** Node messages go to; absent: the node that carries the binding. */
  readonly target?: string
  /** Pattern of the subjects that pass; absent: the broker's own default. */
  readonly key?: string
  /** This broker's own; only where `addressOptions` names them. */
  readonly arguments?: Readonly<Record<string, unknown>>
}

/** What a node keeps, how long and how often it hands it over. What is `undefined` is not limited. */
export interface NodeLimits {
  /** Deliveries of one message before it goes to the dead-letter address; at least 1. */
  readonly maxDeliveries: number | undefined
  /** Where rejected messages and those over `maxDeliveries` go. */
  readonly deadLetter: NodeRef | undefined
  /** Messages that may wait; more is refused with `nodeFull()` (`SEND_REJECTED`, retryable). */
  readonly maxLength: number | undefined
  /** Longest life of a message in the node. Unit: ms. */
  readonly ttlMs: number | undefined
  /** The node deletes itself after being unused this long. Unit: ms. */
  readonly expiresMs: number | undefined
  /** This broker's own arguments, as the user wrote them. */
  readonly native: Readonly<Record<string, unknown>>
}

/** Nothing is limited. */
export const NO_LIMITS: NodeLimits = Object.freeze({
  maxDeliveries: undefined,
  deadLetter: undefined,
  maxLength: undefined,
  ttlMs: undefined,
  expiresMs: undefined,
  native: Object.freeze({}),
})

/** A node to be made. */
export interface NodeSpec extends NodeLimits {
  /** As the program names it. */
  readonly name: string
  readonly type: NodeType
  /** It survives a restart of the broker. */
  readonly durable: boolean
  /** One receiver at a time. */
  readonly exclusive: boolean
  /** Deleted when its last receiver has gone. */
  readonly autoDelete: boolean
  /** Made with the node. */
  readonly bindings: readonly Binding[]
}

/**
 * A durable queue without limits: what a dead-letter address becomes that nobody declared.
 *
 * @example
 * ```ts
 * const letters = plainQueue('dead-letters') // durable, without limits
 * ```
 */
export function plainQueue(name: string): NodeSpec {
  return {
    ...NO_LIMITS,
    name,
    type: 'queue',
    durable: true,
    exclusive: false,
    autoDelete: false,
    bindings: [],
  }
}

/** What `admin.inspect()` and `admin.list()` tell of a node. */
export interface NodeInfo {
  /** As the program names it. */
  readonly name: string
  /** A mailbox, a service and a multicast member are queues to the broker. */
  readonly type: NodeType
  /** Messages waiting (not those handed out and unsettled); `undefined` where the broker does not tell. */
  readonly depth: number | undefined
  /** Receivers attached, or subscriptions of a topic; `undefined` where the broker does not tell. */
  readonly receivers: number | undefined
  /** It survives a restart of the broker; `undefined` where the broker does not tell. */
  readonly durable: boolean | undefined
  /** Further native facts. */
  readonly details: Readonly<Record<string, unknown>>
}

/**
 * A name of several parts with `:` between them; `%` and `:` within a part are escaped, so that no other parts give the same name.
 *
 * @example
 * ```ts
 * joinedName('alerts', 'pump:1') // 'alerts:pump%3A1'
 * ```
 */
export function joinedName(...parts: string[]): string {
  return parts.map((part) => part.replaceAll('%', '%25').replaceAll(':', '%3A')).join(':')
}

/**
 * Name of the queue behind a multicast member.
 *
 * @example
 * ```ts
 * memberQueue('alerts', 'pump-1') // 'alerts:pump-1'
 * ```
 */
export function memberQueue(node: string, member: string): string {
  return joinedName(node, member)
}
