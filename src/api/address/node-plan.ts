/** An address in the words of the contract, as every link of it works with it. */
import type {
  LinkOptions,
  NodeLimits,
  NodeRef,
  NodeSpec,
  Reliability,
  Subscription,
} from '../../contract/adapter.ts'
import type { AddressPolicy, NodeOptions } from './address.ts'

/** An address as the contract sees it. */
export interface NodePlan {
  /** What the address is called in errors and events. */
  readonly label: string
  readonly node: NodeRef
  /** The node as it is to be made; its type stands for an unknown one. */
  readonly spec: NodeSpec
  /** Limits of a topic's subscriptions: it keeps nothing itself. */
  readonly subscriptionLimits: NodeLimits
  readonly create: AddressPolicy
  readonly assert: AddressPolicy
  readonly delete: AddressPolicy
  readonly options: Readonly<NodeOptions>
  /** From an address string: the default subject of a sender, the pattern of a topic's receiver. */
  readonly subject: string | undefined
  readonly patterns: readonly string[]
  readonly subscription: Subscription | undefined
  /** A subscription without a name that has a life of its own: the receiver alone knows its name, and finds it again after a loss. */
  readonly ownSubscription: Subscription | undefined
  readonly members: readonly string[] | undefined
  readonly mode: 'consume' | 'browse'
  readonly reliability: Reliability | undefined
  readonly link: LinkOptions
  /** The receiver wants to be the only one. */
  readonly exclusiveLink: boolean
  /** Messages are durable unless they say otherwise. */
  readonly durableMessages: boolean
  /** The user wrote an address string: what is missing is an error on opening. */
  readonly fromText: boolean
}
