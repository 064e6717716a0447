/** What a broker does with what a client holds that vanished or froze, by the idle time-out that it announces. For administrators. */
import type { Product } from './product.ts'

const KEEPS =
  'does not notice a client that vanished or froze, because it announces no idle time-out: what that client held, unsettled messages and exclusive queues, stays with it until the line is closed.'

/** Which setting changes that. */
const CURES: Readonly<Record<string, string>> = {
  'broker-j':
    'Set the context variable qpid.port.heartbeatDelay of its AMQP port (unit: seconds), to 30 for example.',
  artemis: 'Set amqpIdleTimeout of its acceptor (unit: ms); 30000 is its default.',
  rabbitmq: 'Set heartbeat in rabbitmq.conf (unit: seconds); 60 is its default.',
}

/** @param idleMs what the broker announced; 0: nothing */
export function vanishedClients({ product, profile }: Product, idleMs: number): string {
  if (idleMs === 0)
    return `${product} ${KEEPS} ${CURES[profile.kind] ?? 'Set its idle time-out for AMQP 1.0 connections.'}`
  const seconds = idleMs / 1_000
  return `${product} notices a client that vanished or froze after ${seconds} to ${2 * seconds} s; until then what that client held stays with it.`
}
