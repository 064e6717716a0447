/** `close()` keeps its time on a broker that does not answer, on every adapter, with many links. */
import { describe, expect, it } from 'vitest'
import { connect, createHub, queue } from '../../src/index.ts'
import { brokerUrl, isLeftOut } from '../support/brokers.ts'
import { FaultProxy } from '../support/fault-proxy.ts'
import { uniqueName } from '../support/names.ts'

const LINKS = 200

describe.each(['hub', 'redis', 'rabbitmq', 'qpid'] as const)('%s, frozen', (broker) => {
  it.skipIf(broker !== 'hub' && isLeftOut(broker))(
    `is left within the time of close(), with ${LINKS} links`,
    // A machine that is busy with other work gets more tries.
    { timeout: 60_000, retry: 2 },
    async () => {
      const hub = broker === 'hub' ? await createHub({ listen: ['tcp://127.0.0.1:*'] }) : undefined
      const url = broker === 'hub' ? hub!.urls[0]! : brokerUrl(broker)
      await using proxy = await FaultProxy.before(url)
      const connection = await connect(proxy.urlFor(url))
      const place = queue(uniqueName('frozen'))
      await using witness = await connect(url)
      try {
        for (let at = 0; at < LINKS / 2; at++) {
          await connection.receiver(place, { credit: 1 })
          await connection.sender(place)
        }
        proxy.silence()
        const began = performance.now()
        await connection.close({ timeoutMs: 500 })
        expect(performance.now() - began).toBeLessThan(750)
      } finally {
        await witness.admin.delete(place)
        await hub?.close()
      }
    },
  )
})
