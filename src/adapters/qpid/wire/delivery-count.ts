/**
 * The count of deliveries of a receiver, from where its peer began.
 *
 * rhea begins at 0 and counts on beyond 32 bits. A peer may begin anywhere (RabbitMQ 4 begins a few below the turn), and takes credit from
 * there: it would send more than it was asked for, and beyond the turn rhea could not write its count any more.
 */
import type { RheaReceiver } from './rhea-types.ts'

export function countFromPeer(link: RheaReceiver): void {
  let count = link.remote.attach?.initial_delivery_count ?? 0
  Object.defineProperty(link, 'delivery_count', {
    get: () => count,
    set: (next: number) => {
      // protocol: a serial number (RFC 1982) of 32 bits.
      count = next >>> 0
    },
  })
}
