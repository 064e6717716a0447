/** From body and fields to the message of the contract, as a sender's node and its broker want it. */

import { NORMAL_PRIORITY, type OutgoingMessage, type Properties } from '../../model/message.ts'
import type { NodePlan } from '../address/node-plan.ts'
import { refuseUnsupported } from '../address/refusal.ts'
import type { LinkHost } from '../link/link-host.ts'
import type { ReceivedMessage } from '../message/received-message.ts'
import { checkOutgoing } from '../schema.ts'
import { tellLosses } from './copy-losses.ts'
import type { MessageFields } from './message-fields.ts'
import { forwardedMessage, type MessageDefaults, outgoingMessage } from './outgoing.ts'

export class MessageEncoder {
  readonly #host: LinkHost
  /** `undefined`: every message says where to. */
  readonly #plan: NodePlan | undefined
  /** Made for a connection: brokers differ in what bodies they take. */
  #defaults: MessageDefaults | undefined

  constructor(host: LinkHost, plan: NodePlan | undefined) {
    this.#host = host
    this.#plan = plan
  }

  /** The link is being attached, perhaps on another broker. */
  connected(): void {
    this.#defaults = undefined
  }

  /** A new message. @throws as `send` does of what its caller gave */
  message(body: unknown, fields: MessageFields, members: readonly string[] | undefined): OutgoingMessage {
    const message = outgoingMessage(body, fields, this.#defaultsNow)
    message.members = members
    this.#refuseFields(message)
    return message
  }

  /** Asks the schema of the address, if it has one, about the body as it will arrive. A promise where the schema gives one. */
  checked(message: OutgoingMessage): unknown {
    const schema = this.#plan?.options.schema
    return schema && checkOutgoing(schema, message, this.#host.codecs)
  }

  /** A received message on its way to this sender's node. @throws as `forward` does of what its caller gave */
  copy(message: ReceivedMessage, fields: MessageFields, properties: Properties | undefined): OutgoingMessage {
    const copy = forwardedMessage(message, fields, this.#defaultsNow)
    tellLosses(this.#host, this.#plan?.label ?? '', copy.original)
    if (properties) copy.properties = properties
    copy.members = this.#plan?.members
    // Every message that came in has a priority. The usual one needs no broker that knows priorities.
    if (fields.priority === undefined && copy.priority === NORMAL_PRIORITY && !this.#priorities)
      copy.priority = undefined
    this.#refuseFields(copy)
    return copy
  }

  get #defaultsNow(): MessageDefaults {
    this.#defaults ??= {
      subject: this.#plan?.subject,
      durable: this.#plan?.durableMessages ?? true,
      ttlMs: this.#plan?.spec.type === 'queue' ? undefined : this.#plan?.options.ttlMs,
      encoding: this.#host.bodyEncoding,
    }
    return this.#defaults
  }

  get #priorities(): boolean {
    return this.#host.capabilities.features.priority.level !== 'unsupported'
  }

  #refuseFields(message: OutgoingMessage): void {
    const { capabilities } = this.#host
    if (message.delayMs !== undefined) refuseUnsupported(capabilities, 'delay', this.#plan)
    if (message.ttlMs !== undefined) refuseUnsupported(capabilities, 'ttl', this.#plan)
    if (message.priority !== undefined) refuseUnsupported(capabilities, 'priority', this.#plan)
  }
}
