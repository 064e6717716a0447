import type { AdapterDelivery, Verdict } from '../../../contract/adapter.ts'
import { MessagingError } from '../../../model/errors.ts'
import type { IncomingMessage } from '../../../model/message.ts'
import { ADAPTER } from '../errors.ts'
import type { RheaDelivery } from '../wire/rhea-types.ts'

/** One delivery, with rhea's own beside it. */
export class QpidDelivery implements AdapterDelivery {
  readonly message: IncomingMessage
  readonly deliveryCount: number
  readonly redelivered: boolean
  readonly native: RheaDelivery
  /** It has a place in the window of its receiver. */
  held = true

  constructor(native: RheaDelivery, message: IncomingMessage, failures: number) {
    this.native = native
    this.message = message
    this.deliveryCount = failures + 1
    this.redelivered = failures > 0
  }

  /** The application gives it back, and the broker, which gave it away for good, hears no verdict. */
  wasTaken(verdict: Verdict): boolean {
    return verdict.kind === 'release' && !verdict.unseen && this.native.remote_settled === true
  }

  /** Another verdict can still be given. */
  takenForGood(address: string): MessagingError {
    return new MessagingError(
      'NOT_SUPPORTED',
      'The broker gave this message away settled, although it was asked not to: it takes nothing back',
      {
        hint: 'Accept the message, or reject it to a dead-letter queue; where the broker can delay, release it with delayMs, which puts a copy there.',
        context: { adapter: ADAPTER, address, messageId: this.message.id, operation: 'release' },
      },
    )
  }

  /** `browse`: a copy, whose verdict says only that it was seen. `counts`: the broker counts failed deliveries. */
  settle(verdict: Verdict, browse: boolean, counts: boolean): void {
    // A reject is final: the API has stored the dead letter, and Broker-J would only count a rejected delivery.
    if (verdict.kind === 'reject' || browse) this.native.accept()
    else if (verdict.unseen || !counts) this.native.release()
    else this.native.release({ delivery_failed: true })
  }
}
