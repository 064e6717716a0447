/** The connection's own senders, opened on first need: for copies of deliveries and for dead letters. */

import type { NodeRef } from '../../contract/adapter.ts'
import { settledWithin } from '../../core/aborts.ts'
import { KeptOpen } from '../../core/kept-open.ts'
import { MessagingError } from '../../model/errors.ts'
import type { OutgoingMessage } from '../../model/message.ts'
import { queue } from '../address/builders.ts'
import { plan } from '../address/lowering.ts'
import type { CopyRoute } from '../link/hosted-link.ts'
import type { LinkHost } from '../link/link-host.ts'
import { DEFAULT_TIMEOUT_MS } from '../options.ts'
import { AttachedSender } from './attached-sender.ts'

/** Dead-letter senders kept open; beyond it the oldest is closed. */
const MAX_SENDERS = 16

export class CopySenders implements CopyRoute {
  readonly #host: LinkHost
  readonly #anonymous = new KeptOpen<AttachedSender>(1, (sender) => sender.close())
  readonly #deadLetter = new KeptOpen<AttachedSender>(MAX_SENDERS, (sender) => sender.close())

  constructor(host: LinkHost) {
    this.#host = host
  }

  async send(to: string, message: OutgoingMessage): Promise<void> {
    const sender = await usable(this.#anonymous, '', () => AttachedSender.openAnonymous(this.#host))
    message.to = to
    await sender.submit(message, DEFAULT_TIMEOUT_MS)
  }

  async deadLetter(target: NodeRef, message: OutgoingMessage): Promise<void> {
    const sender = await usable(this.#deadLetter, target.name, () => this.#openDeadLetter(target))
    await sender.submit(message, DEFAULT_TIMEOUT_MS)
  }

  async close(timeoutMs: number): Promise<void> {
    const letGo = (sender: AttachedSender): Promise<void> => sender.close({ timeoutMs })
    const closing = [this.#anonymous.close(letGo), this.#deadLetter.close(letGo)]
    // One that still waits to be opened ends with the connection.
    await settledWithin(Promise.all(closing), timeoutMs)
  }

  /** The queue may exist with settings of its own, or the broker make none: then it is used as it is. */
  async #openDeadLetter(target: NodeRef): Promise<AttachedSender> {
    const address = queue(target.name)
    try {
      return await AttachedSender.open(this.#host, plan(address), {})
    } catch (error) {
      const asItIs =
        error instanceof MessagingError &&
        (error.code === 'ADDRESS_MISMATCH' || error.code === 'NOT_SUPPORTED')
      if (!asItIs) throw error
      return AttachedSender.open(this.#host, plan(queue(target.name, { create: 'never' })), {})
    }
  }
}

/** One that ended for good (a right was taken away, say) is of no use to the next copy: it is opened anew. */
async function usable(
  kept: KeptOpen<AttachedSender>,
  name: string,
  open: () => Promise<AttachedSender>,
): Promise<AttachedSender> {
  const opening = kept.get(name, open)
  const sender = await opening
  if (!sender.ended) return sender
  kept.forget(name, opening)
  return kept.get(name, open)
}
