/** The other wrappers of a backend's client library; of the hub what one writes by hand in its place. */
import type { Arm } from '../../src/compare/arm.ts'

export async function peersOf(backend: string, url: string): Promise<Arm[]> {
  switch (backend) {
    case 'rabbitmq':
      return (await import('../peers/rabbitmq-peers.ts')).rabbitmqPeers(url)
    case 'qpid':
      return [(await import('../peers/rhea-promise.ts')).rheaPromisePeer(url)]
    case 'redis':
      return [(await import('../peers/bullmq.ts')).bullmqPeer(url)]
    case 'zeromq':
      return (await import('../peers/zeromq-hops.ts')).zeromqHops(url)
    default:
      return []
  }
}
