/** A broker of the suite's own, to be stopped and killed; not the one that other suites use. */

import { type BrokerName, PrivateBroker } from '../../support/brokers.ts'
import type { BrokerControl } from '../suite/index.ts'

export async function ownBroker(name: BrokerName, standsAfterMs?: number): Promise<BrokerControl> {
  const broker = await PrivateBroker.start(name)
  return {
    target: () => ({ url: broker.url }),
    standsAfterMs,
    restart: () => broker.restart(),
    async kill() {
      await broker.kill()
      await broker.start()
    },
    stop: () => broker[Symbol.asyncDispose](),
  }
}
