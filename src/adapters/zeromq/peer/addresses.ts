/** Where peers meet: four places from the one in the URL. Pure. */
import { MessagingError } from '../../../model/errors.ts'
import { ADAPTER } from '../errors.ts'

/** A pattern of ZeroMQ needs a socket type of its own, a socket a place of its own: the base, and three behind it. */
export interface PeerAddresses {
  /** Queues, towards the peer that binds: it PULLs, the others PUSH. */
  readonly inward: string
  /** Queues, from the peer that binds: it PUSHes, the others PULL. */
  readonly outward: string
  /** Topics and broadcasts: XPUB at the peer that binds, SUB at the others. */
  readonly live: string
  /** Requests: ROUTER at the peer that binds, DEALER at the others. */
  readonly requests: string
}

/** TCP: the port and the next three. ipc: `.0` to `.3` behind the path. @throws `CONFIG_INVALID` */
export function peerAddresses(base: string): PeerAddresses {
  const at = (offset: number): string => (tcp ? `${tcp[1]}${Number(tcp[2]) + offset}` : `${base}.${offset}`)
  const tcp = /^(tcp:.*:)(\d+)$/.exec(base)
  if (tcp && Number(tcp[2]) > 65_532) {
    throw new MessagingError(
      'CONFIG_INVALID',
      `connect(): the port ${tcp[2]} leaves no room for the next three`,
      {
        context: { adapter: ADAPTER, option: 'url' },
      },
    )
  }
  return { inward: at(0), outward: at(1), live: at(2), requests: at(3) }
}
