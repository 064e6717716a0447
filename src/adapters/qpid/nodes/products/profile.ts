/** What one product of AMQP 1.0 brokers calls things, and what it can do: one file for each product, all of this shape. */
import type { Capabilities } from '../../../../model/capabilities.ts'
import type { Dialect } from '../../codec/dialect.ts'

/** Products this adapter knows by name. */
export type BrokerKind = 'broker-j' | 'rabbitmq' | 'artemis' | 'other'

export interface Profile {
  readonly kind: BrokerKind
  /** What it can do without Broker-J's management. */
  readonly capabilities: Capabilities
  /** How addresses and annotations of messages are written. */
  readonly dialect: Dialect
  /** Address of a queue. @throws `ADDRESS_MALFORMED` for a name that the product has no address for */
  queueAddress(name: string): string
  /** Capabilities that a terminus asks for so that the node is a queue; without them some products take it for a topic. */
  readonly queueCapabilities: readonly string[]
  /** … and the dynamic node that answers come to. */
  readonly answerCapabilities: readonly string[]
  /** When that node ends, where its expiry policy must be said. */
  readonly answerExpiry?: 'link-detach'
  /** The first link that asks for a queue makes it. */
  readonly makesQueues: boolean
  /** It accepts messages at a name where no queue is, and drops them: a receiver tells what is there. */
  readonly dropsQuietly: boolean
  /** What reached no queue has the outcome `released`. */
  readonly releasesUnrouted: boolean
  /**
   * It counts failed deliveries and knows the outcome `modified`. `some`: not in every kind of queue. `none`: it only tells which come
   * again.
   */
  readonly counted: 'all' | 'some' | 'none'
  /** Whether it has dynamic nodes for answers differs from version to version: one is asked for when a connection opens. */
  readonly triesAnswers: boolean
  /** Its answer to a drain may be one to an earlier drain (`receive/drain-doubts.ts`); a product that is not known may do so as well. */
  readonly answersOldDrains: boolean
  /** Credit given while some is left counts what is on its way; else the broker would hand over more than the window holds. */
  readonly addsCredit: boolean
  /** It ends a connection that was lost on this side when the next one of the same name asks for it (`wire/identity.ts`). */
  readonly endsLost: boolean
  /** It can be asked to use credit up or give it back; else it answers every flow with what is there. */
  readonly drains: boolean
}
