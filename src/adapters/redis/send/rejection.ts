/** Rejected deliveries of a queue on their way to the dead-letter address. */
import type { NodeRef } from '../../../contract/adapter.ts'
import { deadLetterOf } from '../../../model/copy.ts'
import { MessagingError } from '../../../model/errors.ts'
import { ADAPTER } from '../errors.ts'
import type { RedisDelivery } from '../receive/held-delivery.ts'
import type { Settling } from '../receive/verdicts.ts'
import type { Session } from '../wire/session.ts'
import type { DeadLetters } from './dead-letters.ts'

export interface RejectionParts {
  readonly session: Session
  readonly deadLetters: DeadLetters
  /** Base key of the queue. */
  readonly base: string
  /** Name of the node, for errors, and where a dead letter says that it comes from. */
  readonly label: string
  readonly maxDeliveries: number | undefined
  readonly deadLetter: NodeRef | undefined
}

export class Rejection {
  readonly #parts: RejectionParts
  /** Those under way. */
  readonly #moving = new Set<Settling>()

  constructor(parts: RejectionParts) {
    this.#parts = parts
  }

  /** `false`: the original must still be removed from the queue; there is no dead-letter address, or the letter is safe there. */
  async reject(
    held: RedisDelivery,
    reason: string,
    error: string | undefined,
    owner: string,
  ): Promise<boolean> {
    const { session, deadLetter, deadLetters, base, label } = this.#parts
    if (deadLetter === undefined) return false
    const letter = deadLetterOf(held.message, reason, held.deliveryCount, label, error)
    return session.guarded({ address: label, operation: 'reject' }, async () => {
      if (await this.#whileAttached(deadLetters.move({ base, owner, rank: held.rank }, letter, deadLetter)))
        return true
      // order: the copy is safe before the original goes; a crash in between doubles it and never loses it.
      await this.#whileAttached(deadLetters.send(letter, deadLetter))
      return false
    })
  }

  /** Why a message is rejected that was delivered as often as it may be; tells if it will be gone for good. */
  exhausted(held: RedisDelivery): string {
    const { session, maxDeliveries, deadLetter, label } = this.#parts
    if (deadLetter === undefined) {
      const text = `A message had ${held.deliveryCount} deliveries in '${label}', which has no dead-letter address: it is discarded`
      session.events.warning(
        new MessagingError('DELIVERY_LOST', text, {
          context: { adapter: ADAPTER, address: label, messageId: held.message.id, maxDeliveries },
          hint: 'Give the queue a dead-letter address to keep such messages.',
        }),
      )
    }
    return `more than ${maxDeliveries} deliveries`
  }

  /** The link has ended: no verdict waits for ever. */
  end(error: MessagingError): void {
    for (const settling of this.#moving) settling.reject(error)
  }

  #whileAttached<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const settling: Settling = { resolve: () => {}, reject }
      this.#moving.add(settling)
      work.then(resolve, reject).finally(() => this.#moving.delete(settling))
    })
  }
}
