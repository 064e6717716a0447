/** What peers can do without a hub: ZeroMQ's own patterns, and nothing that needs somebody who keeps a message. */
import { type Capabilities, emulated, nativeWith, unsupported } from '../../../model/capabilities.ts'

/** Messages ZeroMQ holds for one peer at each end before it makes the sender wait. */
export const HIGH_WATER_MARK = 1_000
/** Messages a live subscription holds before the oldest are dropped, and their number told. */
export const LIVE_BUFFER = 10_000
/** Largest body. Unit: bytes. */
export const MAX_BODY_BYTES = 64 * 1024 * 1024

const noKeeper = unsupported('Between peers nobody keeps a message; use a hub for that.')
const noNodes = unsupported(
  'Between peers a node is a name on a message: there is nothing to look at or to change.',
)

export const peerCapabilities: Capabilities = {
  features: {
    queue: nativeWith(
      'PUSH and PULL, between the peer that binds and those that connect. What the binding one sends has one name for each connection.',
    ),
    topic: nativeWith('XPUB and SUB: the peer that binds publishes, those that connect subscribe.'),
    broadcast: nativeWith('XPUB and SUB: the peer that binds publishes, those that connect subscribe.'),
    multicast: noKeeper,
    request: nativeWith('DEALER and ROUTER: the peer that binds answers, those that connect ask.'),
    storeAndForward: noKeeper,
    browse: noKeeper,
    browseFollow: noKeeper,
    namedSubscription: noKeeper,
    sharedSubscription: noKeeper,
    gapless: unsupported(
      'A lost connection loses what was published meanwhile; the gap is told as an event.',
    ),
    priority: unsupported('A ZeroMQ socket keeps one order.'),
    ttl: noKeeper,
    delay: noKeeper,
    delayedRelease: noKeeper,
    orderedRelease: noKeeper,
    deliveryCount: unsupported('A message is delivered once or lost.'),
    maxDeliveries: noKeeper,
    deadLetter: noKeeper,
    replay: noKeeper,
    maxLength: unsupported('ZeroMQ makes the sender wait at its high-water mark instead of refusing.'),
    expires: noNodes,
    exclusive: unsupported('A peer does not know who else receives.'),
    deduplication: noKeeper,
    unroutable: unsupported('A peer does not know which names the others receive.'),
    selector: unsupported('Filter by subject and pattern.'),
    bindings: noNodes,
    structuredBodies: emulated('Written as JSON with words for what JSON lacks.'),
    declare: emulated('A node is a name on a message: nothing is made.'),
    delete: noNodes,
    purge: noNodes,
    inspect: noNodes,
    list: noNodes,
  },
  limits: {
    maxBodyBytes: MAX_BODY_BYTES,
    priorityLevels: 1,
    maxNameBytes: 220,
    highWaterMark: HIGH_WATER_MARK,
    liveBuffer: LIVE_BUFFER,
  },
  tiers: {
    durable: 'T0',
    transient: 'T0',
    live: 'T0',
    note: 'A send resolves when the socket has taken the message; what lies between the sockets of a peer that dies is lost.',
  },
}
