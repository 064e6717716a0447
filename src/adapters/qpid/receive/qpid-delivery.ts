import type { AdapterDelivery } from '../../../contract/adapter.ts'
import type { IncomingMessage } from '../../../model/message.ts'
import type { RheaDelivery } from '../wire/rhea-types.ts'

/** One delivery, with rhea's own beside it. */
export class QpidDelivery implements AdapterDelivery {
  readonly message: IncomingMessage
  readonly deliveryCount: number
  readonly redelivered: boolean
  readonly native: RheaDelivery

  constructor(native: RheaDelivery, message: IncomingMessage, failures: number) {
    this.native = native
    this.message = message
    this.deliveryCount = failures + 1
    this.redelivered = failures > 0
  }
}
