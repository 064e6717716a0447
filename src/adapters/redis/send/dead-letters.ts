/** Rejected messages on their way to the dead-letter address, with reason, count and origin. */
import type { AdapterSender, NodeRef } from '../../../contract/adapter.ts'
import { formatAddress } from '../../../model/address-text/index.ts'
import { MessagingError } from '../../../model/errors.ts'
import type { OutgoingMessage } from '../../../model/message.ts'
import { envelope } from '../codec/outgoing.ts'
import { ADAPTER, tooLarge } from '../errors.ts'
import { sameSlot } from '../nodes/keys.ts'
import type { Nodes } from '../nodes/nodes.ts'
import type { Session } from '../wire/session.ts'
import { bodyOf } from './outbox.ts'
import { attachSender } from './sender.ts'

/** A delivery as the server knows it. */
export interface HeldMessage {
  readonly base: string
  readonly owner: string
  readonly rank: number
}

/** What the script answers. */
const LOST = 0
const NO_QUEUE = 1

export class DeadLetters {
  readonly #session: Session
  readonly #nodes: Nodes
  #sender: Promise<AdapterSender> | undefined

  constructor(session: Session, nodes: Nodes) {
    this.#session = session
    this.#nodes = nodes
  }

  /**
   * Moves a held message in one step. `false`: it lies in another slot of a Cluster than its target, or the target is a topic; then it must
   * be sent first and accepted afterwards.
   *
   * @throws `DELIVERY_LOST`
   */
  async move(held: HeldMessage, letter: OutgoingMessage, target: NodeRef): Promise<boolean> {
    const to = this.#session.keys.queue(target.name)
    if (this.#session.cluster && !sameSlot(held.base, to)) return false
    const payload = envelope(letter, bodyOf(letter))
    await this.#fits(payload.byteLength, target.name)
    const args = [held.owner, String(held.rank), letter.priority ?? 4, payload]
    for (;;) {
      const outcome = await this.#session.run('bury', [held.base, to], args)
      if (outcome === LOST) throw new MessagingError('DELIVERY_LOST', 'The lease of the delivery had ended')
      if (outcome !== NO_QUEUE) return true
      if (await this.#isTopic(target)) return false
      await this.#nodes.ensureQueue(target.name)
    }
  }

  /** Sends a dead letter; resolves when it is stored. */
  async send(letter: OutgoingMessage, target: NodeRef): Promise<void> {
    if (!(await this.#isTopic(target))) await this.#nodes.ensureQueue(target.name)
    this.#sender ??= attachSender(
      this.#session,
      { target: undefined, capacity: Number.POSITIVE_INFINITY, reliability: 'at-least-once', link: {} },
      { detached: () => {} },
    )
    const sender = await this.#sender
    letter.to = formatAddress({ name: target.name })
    await new Promise<void>((resolve, reject) => {
      sender.send({
        message: letter,
        resend: false,
        settle: (error) => (error ? reject(error) : resolve()),
      })
    })
  }

  async close(): Promise<void> {
    await (await this.#sender)?.close()
  }

  /** What is too long would end the connection, and come back with the next one. @throws `MESSAGE_TOO_LARGE` */
  async #fits(bytes: number, address: string): Promise<void> {
    const { argumentLimit } = this.#session
    if (bytes > argumentLimit.proven) await argumentLimit.prove(bytes)
    if (bytes <= argumentLimit.most) return
    throw tooLarge(bytes, argumentLimit.most, { adapter: ADAPTER, address, operation: 'reject' })
  }

  async #isTopic(target: NodeRef): Promise<boolean> {
    const { keys } = this.#session
    const [isQueue, topic] = await this.#session.ask((commands) =>
      Promise.all([commands.exists(keys.queue(target.name)), commands.hget(keys.topic(target.name), 'type')]),
    )
    return isQueue === 0 && (topic === 'topic' || topic === 'broadcast')
  }
}
