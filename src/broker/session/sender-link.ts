/** The sending links of a session. */
import type {
  AdapterDelivery,
  AdapterRequester,
  AdapterSender,
  NodeRef,
  ReceiverEvents,
  SenderSpec,
} from '../../contract/adapter.ts'
import { randomName } from '../../core/message-id.ts'
import type { OutgoingMessage } from '../../model/message.ts'
import { REPLY_PREFIX, type ReplyPlace, type Router, Target } from '../nodes/router.ts'
import { MessageView } from '../queue/message-view.ts'
import { type PlacedTransfer, RecentSends, type Resends, resendKey } from '../queue/resends.ts'
import { soundTransfer } from '../queue/sound-message.ts'
import type { CommitWaiter, Store } from '../store/store.ts'
import type { RefusalListener } from '../store/writing/pending-writes.ts'

export interface SenderContext {
  readonly router: Router
  readonly resends: Resends
  readonly store: Store | undefined
  readonly onClose: (sender: SenderLink) => void
}

export class SenderLink implements AdapterSender, RefusalListener {
  readonly context: SenderContext
  readonly #target: Target | undefined
  readonly #place: string
  /** Ids of messages that were taken. */
  readonly #recent: RecentSends
  #closed = false

  constructor(context: SenderContext, spec: SenderSpec) {
    this.context = context
    this.#target = spec.target && new Target(spec.target)
    this.#place = placeOf(spec.target)
    this.#recent = new RecentSends(spec.capacity)
  }

  send(transfer: PlacedTransfer): void {
    if (this.#closed) return
    const sound: PlacedTransfer = soundTransfer(transfer)
    if (sound.resend) this.#sendAgain(sound)
    else this.#send(sound)
  }

  refused(message: OutgoingMessage): void {
    this.#recent.drop(message)
    this.context.resends.forget(resendKey(this.#place, message))
  }

  close(): Promise<void> {
    this.#closed = true
    this.context.onClose(this)
    return DONE
  }

  /** The client is gone: what may be unanswered stays known for a while, should it come again. */
  lost(): void {
    for (const key of this.#recent.keys(this.#place)) this.context.resends.remember(key)
    void this.close()
  }

  #send(transfer: PlacedTransfer): void {
    const { router } = this.context
    const taken = this.#target
      ? router.route(this.#target, transfer, this)
      : router.routeByAddress(transfer, this)
    if (taken) this.#recent.add(transfer.message, transfer.place)
  }

  /**
   * Held already, perhaps still on its way to the disk: the answer waits for that, and is right only if it got there.
   */
  #sendAgain(transfer: PlacedTransfer): void {
    const { store, resends, router } = this.context
    const key = resendKey(this.#place, transfer.message)
    if (!resends.has(key) && !this.#recent.has(transfer.message)) this.#send(transfer)
    else if (store) this.#settleOnceStored(transfer, key, store)
    else router.settle(transfer)
  }

  #settleOnceStored(transfer: PlacedTransfer, key: string, store: Store): void {
    store.commit(
      new Committed(() => {
        if (this.context.resends.has(key) || this.#recent.has(transfer.message)) transfer.settle()
        else if (!this.#closed) this.#send(transfer)
      }),
    )
  }
}

/** A sender with an address of its own for answers. */
export class RequesterLink extends SenderLink implements AdapterRequester, ReplyPlace {
  readonly replyTo = REPLY_PREFIX + randomName()
  readonly #events: ReceiverEvents

  constructor(context: SenderContext, spec: SenderSpec, events: ReceiverEvents) {
    super(context, spec)
    this.#events = events
    context.router.replies.set(this.replyTo, this)
  }

  answer(message: OutgoingMessage): void {
    this.#events.deliver(new Answer(message))
  }

  override close(): Promise<void> {
    this.context.router.replies.delete(this.replyTo)
    return super.close()
  }
}

class Answer implements AdapterDelivery {
  readonly message: MessageView
  readonly deliveryCount = 1
  readonly redelivered = false

  constructor(message: OutgoingMessage) {
    this.message = new MessageView(message, 0)
  }
}

class Committed implements CommitWaiter {
  readonly refusable = false
  readonly stored: () => void

  constructor(stored: () => void) {
    this.stored = stored
  }
}

/** What a resend must agree in, beside its id. */
export function placeOf(target: NodeRef | undefined): string {
  if (!target) return 'to'
  const { type = 'queue' } = target
  const kind = type === 'broadcast' ? 'topic' : type
  return `${kind}:${target.name}`
}

const DONE = Promise.resolve()
