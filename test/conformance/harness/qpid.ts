/** Apache Qpid Broker-J, with bare rhea as the second witness. */
import { brokerUrl } from '../../support/brokers.ts'
import type { Harness } from '../suite/index.ts'
import { wireFaults } from './faults.ts'
import { atPort, closedPort } from './network.ts'
import { ownBroker } from './own-broker.ts'
import { rheaWitness } from './rhea-witness.ts'

export async function qpidHarness(): Promise<Harness> {
  const url = brokerUrl('qpid')
  const dead = await closedPort()
  const faults = await wireFaults({ url })
  return {
    name: 'qpid',
    target: () => ({ url }),
    faults,
    broker: () => ownBroker('qpid'),
    witness: () => rheaWitness(url, [], escaped),
    process: () => ({ url }),
    deadAddress: () => ({ url: atPort(url, dead) }),
    wrongLogin: () => ({ url, username: 'nobody-knows' }),
    otherPort: (port) => ({ url: atPort(url, port) }),
    stop: () => faults.stop(),
    without: { processRefusal: 'any number of processes may use the broker' },
  }
}

/** Every AMQP 1.0 client percent-escapes a slash in a queue's name as this library's README says. */
const escaped = (queue: string): string => queue.replaceAll('%', '%25').replaceAll('/', '%2F')
