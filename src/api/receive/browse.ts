/** Browsing as an iterator: attaches on the first step, ends with the queue. */

import type { NodePlan } from '../address/node-plan.ts'
import type { LinkHost } from '../link/link-host.ts'
import type { ReceivedMessage } from '../message/received-message.ts'
import type { BrowseOptions } from '../options.ts'
import { AttachedReceiver } from './attached-receiver.ts'

type Steps<Body> = AsyncGenerator<ReceivedMessage<Body>, void, undefined>

export function browse<Body>(host: LinkHost, plan: NodePlan, options: BrowseOptions): Steps<Body> {
  const walk = new Walk<Body>(host, plan, options)
  const steps = walk.steps()
  const leave = steps.return.bind(steps)
  // A generator finishes a step that was begun before it can be left: one that waits for a new arrival would hold that up for ever.
  return Object.assign(steps, {
    return(): ReturnType<typeof leave> {
      walk.leave()
      return leave()
    },
  })
}

class Walk<Body> {
  readonly #host: LinkHost
  readonly #plan: NodePlan
  readonly #options: BrowseOptions
  #receiver: AttachedReceiver<Body> | undefined
  #left = false

  constructor(host: LinkHost, plan: NodePlan, options: BrowseOptions) {
    this.#host = host
    this.#plan = plan
    this.#options = options
  }

  async *steps(): Steps<Body> {
    const { signal } = this.#options
    const receiver = await AttachedReceiver.open<Body>(this.#host, this.#plan, {
      ...this.#options,
      mode: 'browse',
    })
    this.#receiver = receiver
    try {
      while (!this.#left) {
        const message = await receiver.receive({ signal })
        if (!message) return
        yield message
      }
    } catch (error) {
      if (!this.#left) throw error
    } finally {
      await receiver.close()
    }
  }

  /** Nobody wants what comes. */
  leave(): void {
    this.#left = true
    void this.#receiver?.close()
  }
}
