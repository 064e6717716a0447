/** A way to a broker's port that can be cut and held. */

import type { ConnectOptions } from '../../../src/index.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import type { Faults } from '../suite/index.ts'

export interface WireFaults extends Faults {
  stop(): Promise<void>
}

/** Opens a loopback port that leads to the broker. */
export async function wireFaults(target: ConnectOptions & { url: string }): Promise<WireFaults> {
  const proxy = await FaultProxy.before(target.url)
  return {
    target: () => ({ ...target, url: proxy.urlFor(target.url) }),
    cut: () => proxy.cut(),
    hold: () => proxy.silence(),
    resume: () => proxy.heal(),
    stop: () => proxy[Symbol.asyncDispose](),
  }
}
