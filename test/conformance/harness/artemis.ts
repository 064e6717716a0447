/** Apache ActiveMQ Artemis by AMQP 1.0, with bare rhea as the second witness. */
import { brokerUrl } from '../../support/brokers.ts'
import type { Harness } from '../suite/index.ts'
import { wireFaults } from './faults.ts'
import { atPort, closedPort } from './network.ts'
import { ownBroker } from './own-broker.ts'
import { rheaWitness } from './rhea-witness.ts'

export async function artemisHarness(): Promise<Harness> {
  const url = brokerUrl('artemis')
  const dead = await closedPort()
  const faults = await wireFaults({ url })
  return {
    name: 'artemis',
    target: () => ({ url }),
    faults,
    broker: () => ownBroker('artemis'),
    witness: () => rheaWitness(url, ['queue']),
    process: () => ({ url }),
    deadAddress: () => ({ url: atPort(url, dead) }),
    wrongLogin: () => ({ url, username: 'nobody-knows' }),
    otherPort: (port) => ({ url: atPort(url, port) }),
    stop: () => faults.stop(),
    without: { processRefusal: 'any number of processes may use the broker' },
  }
}
