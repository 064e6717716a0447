/** One hand-over of a message to one receiver. A new object each time, so that an old verdict cannot settle a new one. */
import type { AdapterDelivery } from '../../contract/adapter.ts'
import type { OutgoingMessage } from '../../model/message.ts'
import type { Entry } from './entry.ts'
import { MessageView } from './message-view.ts'

/** Delivery and view of its message in one object. */
export class HandedDelivery extends MessageView implements AdapterDelivery {
  readonly deliveryCount: number
  readonly redelivered: boolean
  readonly entry: Entry
  /** The only link whose verdict counts. */
  readonly link: object
  /** It awaits its verdict. */
  open = true
  /** The link's list of open deliveries, oldest first. */
  previous: HandedDelivery | undefined = undefined
  next: HandedDelivery | undefined = undefined

  constructor(link: object, entry: Entry, message: OutgoingMessage, deliveryCount: number) {
    super(message, entry.expiresAt)
    this.link = link
    this.entry = entry
    this.deliveryCount = deliveryCount
    this.redelivered = entry.redelivered
  }

  get message(): MessageView {
    return this
  }
}
