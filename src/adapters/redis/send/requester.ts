/**
 * Requests with a private reply address: a channel of the server's pub/sub, and a key that shows as long as it exists that
 * somebody listens there. The key ends by itself when the program dies.
 */
import type { AdapterRequester, ReceiverEvents, SenderSpec, Transfer } from '../../../contract/adapter.ts'
import { timerMs } from '../../../core/time/longest-timer.ts'
import { type Origin, RedisMessage } from '../codec/incoming.ts'
import { REPLY_PREFIX } from '../nodes/keys.ts'
import type { Listening } from '../receive/subscriptions.ts'
import type { Session, SessionLink } from '../wire/session.ts'
import type { Outbox } from './outbox.ts'
import { outboxFor } from './sender.ts'

const REPLY: Origin = { durable: false }

export class RedisRequester implements AdapterRequester, SessionLink {
  readonly replyTo: string
  readonly #session: Session
  readonly #outbox: Outbox
  readonly #link: number
  readonly #listening: Listening
  readonly #key: string
  #renewal: NodeJS.Timeout | undefined
  #unwatch: (() => void) | undefined
  #ended = false

  private constructor(session: Session, outbox: Outbox, events: ReceiverEvents) {
    this.#session = session
    this.#outbox = outbox
    this.#link = session.add(this)
    this.replyTo = `${REPLY_PREFIX}${session.token}-${this.#link}`
    this.#key = session.keys.reply(this.replyTo)
    this.#listening = session.subscriptions.exact(this.replyTo, (_, payload) => {
      events.deliver({
        message: new RedisMessage(payload, REPLY, undefined),
        deliveryCount: 1,
        redelivered: false,
      })
    })
  }

  /** @throws `UNAUTHORIZED` … */
  static async open(session: Session, spec: SenderSpec, events: ReceiverEvents): Promise<RedisRequester> {
    const unconfirmed = spec.reliability === 'at-most-once'
    // A request in doubt ends with its connection.
    const outbox = await outboxFor(session, spec.target!, { unconfirmed, once: true })
    const requester = new RedisRequester(session, outbox, events)
    try {
      await Promise.all([requester.#listening.ready, requester.#show()])
    } catch (cause) {
      requester.#end()
      session.check(cause)
      throw session.error(cause, { address: spec.target!.name, operation: 'attachRequester' })
    }
    requester.#renewal = setInterval(
      () => {
        requester.#show().catch((error) => session.check(error))
      },
      timerMs(session.endpoint.leaseMs / 3),
    )
    requester.#renewal.unref()
    requester.#unwatch = session.keyWatch.add({ key: requester.#key }, () => {
      requester.#show().catch((error) => session.check(error))
    })
    return requester
  }

  send(transfer: Transfer): void {
    this.#outbox.send(transfer)
  }

  async close(): Promise<void> {
    if (this.#ended) return
    this.#end()
    if (!this.#session.alive) return
    await Promise.all([
      this.#outbox.close(),
      this.#session.wire.commands.unlink(this.#key).catch((error) => this.#session.check(error)),
    ])
  }

  woken(): void {}

  lost(): void {
    this.#outbox.abandon()
    this.#end()
  }

  #show(): Promise<unknown> {
    const { leaseMs } = this.#session.endpoint
    return this.#session.ask((commands) => commands.set(this.#key, '1', 'PX', leaseMs))
  }

  #end(): void {
    this.#ended = true
    clearInterval(this.#renewal)
    this.#unwatch?.()
    this.#listening.stop()
    this.#session.remove(this.#link)
  }
}
