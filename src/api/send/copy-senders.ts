/** The connection's own senders, opened on first need: for copies of deliveries and for dead letters. */

import type { NodeRef } from '../../contract/adapter.ts'
import { settledWithin } from '../../core/aborts.ts'
import { MessagingError } from '../../model/errors.ts'
import type { OutgoingMessage } from '../../model/message.ts'
import { queue } from '../address/address.ts'
import { plan } from '../address/lowering.ts'
import type { CopyRoute } from '../link/hosted-link.ts'
import type { LinkHost } from '../link/link-host.ts'
import { DEFAULT_TIMEOUT_MS } from '../options.ts'
import { Sender } from './sender.ts'

/** Dead-letter senders kept open; beyond it the oldest is closed. */
const MAX_SENDERS = 16

export class CopySenders implements CopyRoute {
  readonly #host: LinkHost
  #anonymous: Promise<Sender> | undefined
  readonly #deadLetter = new Map<string, Promise<Sender>>()

  constructor(host: LinkHost) {
    this.#host = host
  }

  async send(to: string, message: OutgoingMessage): Promise<void> {
    this.#anonymous ??= this.#remember(Sender.openAnonymous(this.#host), () => {
      this.#anonymous = undefined
    })
    const sender = await this.#anonymous
    message.to = to
    await Sender.submit(sender, message, DEFAULT_TIMEOUT_MS)
  }

  async deadLetter(target: NodeRef, message: OutgoingMessage): Promise<void> {
    let opening = this.#deadLetter.get(target.name)
    if (!opening) {
      this.#forgetOldest()
      opening = this.#remember(this.#openDeadLetter(target), () => this.#deadLetter.delete(target.name))
      this.#deadLetter.set(target.name, opening)
    }
    await Sender.submit(await opening, message, DEFAULT_TIMEOUT_MS)
  }

  async close(timeoutMs: number): Promise<void> {
    const open = [...this.#deadLetter.values()]
    if (this.#anonymous) open.push(this.#anonymous)
    this.#deadLetter.clear()
    this.#anonymous = undefined
    const closing = open.map((opening) =>
      opening.then((sender) => sender.close({ timeoutMs })).catch(() => {}),
    )
    // One that still waits to be opened ends with the connection.
    await settledWithin(Promise.all(closing), timeoutMs)
  }

  /** The queue may exist with settings of its own, or the broker make none: then it is used as it is. */
  async #openDeadLetter(target: NodeRef): Promise<Sender> {
    const address = queue(target.name)
    try {
      return await Sender.open(this.#host, plan(address), {})
    } catch (error) {
      const asItIs =
        error instanceof MessagingError &&
        (error.code === 'ADDRESS_MISMATCH' || error.code === 'NOT_SUPPORTED')
      if (!asItIs) throw error
      return Sender.open(this.#host, plan(queue(target.name, { create: 'never' })), {})
    }
  }

  #remember(opening: Promise<Sender>, forget: () => void): Promise<Sender> {
    opening.catch(forget)
    return opening
  }

  #forgetOldest(): void {
    if (this.#deadLetter.size < MAX_SENDERS) return
    const [name, opening] = this.#deadLetter.entries().next().value!
    this.#deadLetter.delete(name)
    opening.then((sender) => sender.close()).catch(() => {})
  }
}
