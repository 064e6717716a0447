/** Browsing as an iterator: attaches on the first step, ends with the queue. */

import type { NodePlan } from '../address/node-plan.ts'
import type { LinkHost } from '../link/link-host.ts'
import type { ReceivedMessage } from '../message/received-message.ts'
import type { BrowseOptions } from '../options.ts'
import { AttachedReceiver } from './attached-receiver.ts'

export async function* browse<Body>(
  host: LinkHost,
  plan: NodePlan,
  options: BrowseOptions,
): AsyncGenerator<ReceivedMessage<Body>, void, undefined> {
  const { follow, credit, timeoutMs, signal } = options
  const receiver = await AttachedReceiver.open<Body>(host, plan, {
    mode: 'browse',
    follow,
    credit,
    timeoutMs,
    signal,
  })
  try {
    for (;;) {
      const message = await receiver.receive({ signal })
      if (!message) return
      yield message
    }
  } finally {
    await receiver.close()
  }
}
