/**
 * Apache ActiveMQ Artemis. By default it makes what a link names and is not there yet: a queue where the terminus has the capability
 * `queue`, else a topic, which keeps nothing for receivers to come.
 */
import { withoutManagement } from '../../capabilities.ts'
import { PLAIN_DIALECT } from '../../codec/dialect.ts'
import { ROUTING_TYPE } from '../../codec/own-annotations.ts'
import type { Profile } from './profile.ts'

/** Artemis's routing type `ANYCAST`. */
const ANYCAST = 1

export const artemis: Profile = {
  kind: 'artemis',
  capabilities: withoutManagement({
    declare: {
      level: 'emulated',
      note: 'Artemis makes a queue for the first link that asks for one (auto-create-queues), and may delete it when it is empty and unused (auto-delete-queues). A queue without options only.',
    },
    delay: { level: 'native', note: 'Scheduled by the annotation x-opt-delivery-time.' },
    delayedRelease: {
      level: 'emulated',
      note: 'A delayed copy is confirmed first, then the original is accepted.',
    },
    unroutable: {
      level: 'unsupported',
      note: 'Artemis makes a queue that is not there yet, which keeps the message (auto-create-queues); where it is set not to, it refuses the link.',
    },
  }),
  dialect: { ...PLAIN_DIALECT, toQueue: [ROUTING_TYPE, ANYCAST] },
  queueAddress: (name) => name,
  queueCapabilities: ['queue'],
  answerCapabilities: ['temporary-queue'],
  makesQueues: true,
  dropsQuietly: false,
  counted: true,
}
