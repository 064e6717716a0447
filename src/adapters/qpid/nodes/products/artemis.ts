/**
 * Apache ActiveMQ Artemis. By default it makes what a link names and is not there yet: a queue where the terminus has the capability
 * `queue`, else a topic, which keeps nothing for receivers to come.
 */
import { emulated, nativeWith, unsupported } from '../../../../model/capabilities.ts'
import { MessagingError } from '../../../../model/errors.ts'
import { withoutManagement } from '../../capabilities.ts'
import { PLAIN_DIALECT } from '../../codec/dialect.ts'
import { ROUTING_TYPE } from '../../codec/own-annotations.ts'
import { ADAPTER } from '../../errors.ts'
import { other } from './other.ts'
import type { Profile } from './profile.ts'

/** Artemis's routing type `ANYCAST`. */
const ANYCAST = 1

export const artemis: Profile = {
  ...other,
  kind: 'artemis',
  capabilities: withoutManagement({
    declare: emulated(
      'Artemis makes a queue for the first link that asks for one (auto-create-queues), and may delete it when it is empty and unused (auto-delete-queues). A queue without options only.',
    ),
    browseFollow: unsupported('A browser of Artemis ends with what was there when it began.'),
    deliveryCount: emulated(
      'Artemis counts what was released; what a receiver held that was closed, or died, comes again uncounted. After ten deliveries it moves a message to its own dead-letter address (max-delivery-attempts).',
    ),
    maxDeliveries: emulated(
      'A delivery over the limit is diverted before the application sees it. Counted are releases only: not what a program held that died.',
    ),
    inspect: unsupported(
      'Artemis makes a queue for the link that looks for one (auto-create-queues), so that none is ever found missing.',
    ),
    orderedRelease: nativeWith(
      'A message that Artemis is about to hand over when its receiver pauses stays with that receiver, and comes first when it goes on.',
    ),
    delay: nativeWith(
      'Scheduled by the annotation x-opt-delivery-time. What falls due goes to the head of the queue: of messages that nobody takes at once the one that was due last comes first.',
    ),
    delayedRelease: emulated('A delayed copy is confirmed first, then the original is accepted.'),
    unroutable: unsupported(
      'Artemis makes a queue that is not there yet, which keeps the message (auto-create-queues); where it is set not to, it refuses the link.',
    ),
  }),
  dialect: { ...PLAIN_DIALECT, toQueue: [ROUTING_TYPE, ANYCAST] },
  queueAddress,
  makesQueues: true,
}

/** Artemis takes what follows a question mark for settings of the queue it makes, so that such names would all be one queue. */
function queueAddress(name: string): string {
  if (!name.includes('?')) return name
  throw new MessagingError(
    'ADDRESS_MALFORMED',
    `Artemis has no queue called '${name}': it takes what follows '?' for settings`,
    {
      hint: 'Use a name without a question mark.',
      context: { adapter: ADAPTER, address: name, operation: 'attach' },
    },
  )
}
