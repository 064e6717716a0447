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
    inapplicable: {
      ...reasons(
        'Artemis makes a queue for every link that asks for it: none is missing (auto-create-queues)',
        [
          'browse.missing',
          'addresses.text-missing',
          'addresses.text-create',
          'addresses.builder-never',
          'errors.shape',
          'errors.failure-isolated',
          'request.requester-gone',
          'replay.wrong-options',
        ],
      ),
      ...reasons('what a receiver that was closed held comes again uncounted (capability deliveryCount)', [
        'queue.closed-receiver-gives-back',
        'queue.closed-connection-gives-back',
        'dead-letter.closed-receivers-count',
        'process.killed-receiver',
        'reconnect.links-return',
        'reconnect.stale-verdict',
        'reconnect.unsettled-to-others',
      ]),
      'queue.loops-in-order':
        'a message that Artemis is about to hand over when its receiver pauses comes first afterwards (capability orderedRelease)',
      ...reasons('Artemis makes queues without options (capability declare)', [
        'timing.ttl-node',
        'timing.ttl-shorter-wins',
      ]),
      'addresses.odd-names':
        'Artemis reads what follows a question mark as settings of the queue: such a name is refused',
      ...reasons('Artemis moves a message aside after ten deliveries (max-delivery-attempts)', [
        'settle.failing-receivers',
        'dead-letter.no-limit',
      ]),
    },
    without: { processRefusal: 'any number of processes may use the broker' },
  }
}

function reasons(reason: string, cases: readonly string[]): Record<string, string> {
  return Object.fromEntries(cases.map((id) => [id, reason]))
}
