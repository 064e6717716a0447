/** A delivery of a queue, held for its receiver at the server until its verdict. */
import type { AdapterDelivery } from '../../../contract/adapter.ts'
import type { RedisMessage } from '../codec/incoming.ts'

export class RedisDelivery implements AdapterDelivery {
  readonly message: RedisMessage
  readonly deliveryCount: number
  /** Its name in the queue. */
  readonly rank: number

  constructor(message: RedisMessage, deliveryCount: number, rank: number) {
    this.message = message
    this.deliveryCount = deliveryCount
    this.rank = rank
  }

  get redelivered(): boolean {
    return this.deliveryCount > 1
  }
}
