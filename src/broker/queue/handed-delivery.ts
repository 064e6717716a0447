/** One hand-over of a message to one receiver. A new object each time, so that an old verdict cannot settle a new one. */
import type { AdapterDelivery } from '../../contract/adapter.ts'
import type { OutgoingMessage } from '../../model/message.ts'
import { MessageView } from './message-view.ts'
import type { Entry } from './waiting/entry.ts'

/** Delivery and view of its message in one object. */
export class HandedDelivery extends MessageView implements AdapterDelivery {
  readonly deliveryCount: number
  readonly redelivered: boolean
  readonly entry: Entry
  /** The only link whose verdict counts. */
  readonly link: object
  /** It awaits its verdict. */
  open = true
  /** The count of its entry holds it. */
  counted: boolean
  /** The link's list of open deliveries, oldest first. */
  previous: HandedDelivery | undefined = undefined
  next: HandedDelivery | undefined = undefined

  constructor(link: object, entry: Entry, message: OutgoingMessage, counted: boolean) {
    super(message, entry.expiresAt)
    this.link = link
    this.entry = entry
    this.counted = counted
    this.deliveryCount = counted ? entry.count : entry.count + 1
    this.redelivered = entry.redelivered
  }

  get message(): MessageView {
    return this
  }
}
