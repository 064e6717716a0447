/** RabbitMQ: the plugin `rabbitmq_amqp1_0` of 3.x, and what 4.x brings along. */
import type { Capability } from '../../../../model/capabilities.ts'
import { MessagingError } from '../../../../model/errors.ts'
import { withoutManagement } from '../../capabilities.ts'
import { PLAIN_DIALECT } from '../../codec/dialect.ts'
import { narrowed } from '../../codec/narrow-sections.ts'
import { ADAPTER } from '../../errors.ts'
import type { Profile } from './profile.ts'

const refused = (note: string): Capability => ({ level: 'unsupported', note })
const byApi = (note: string): Capability => ({ level: 'emulated', note })

export const rabbitmq3: Profile = {
  kind: 'rabbitmq',
  capabilities: withoutManagement({
    browse: refused("RabbitMQ's AMQP 1.0 takes messages even when asked for copies."),
    browseFollow: refused("RabbitMQ's AMQP 1.0 takes messages even when asked for copies."),
    request: refused(
      "RabbitMQ's AMQP 1.0 has no dynamic nodes to take answers, and no links without target to send them.",
    ),
    multicast: refused("RabbitMQ's AMQP 1.0 has no links without target."),
    selector: refused("RabbitMQ's AMQP 1.0 ignores selectors."),
    unroutable: byApi(
      'The queue is looked up when the sender attaches; messages for one deleted later are dropped quietly.',
    ),
    deliveryCount: byApi('The broker only tells which deliveries come again: their count is 2.'),
    maxDeliveries: refused("RabbitMQ's AMQP 1.0 does not count deliveries."),
  }),
  dialect: { ...PLAIN_DIALECT, narrow: narrowed },
  queueAddress: amqQueue,
  queueCapabilities: [],
  answerCapabilities: [],
  makesQueues: false,
  dropsQuietly: true,
  counted: false,
  answersOldDrains: false,
  addsCredit: false,
  drains: false,
}

export const rabbitmq4: Profile = {
  ...rabbitmq3,
  dialect: PLAIN_DIALECT,
  queueAddress: (name) => `/queues/${encodeURIComponent(name)}`,
  drains: true,
}

/**
 * `/amq/queue/…` takes a queue as it is; its plain names and `/queue/…` would declare it, and fail where it has other settings.
 *
 * The plugin takes each character of an address for one byte of the name, so the bytes of the name travel as characters; of escapes it
 * knows `%2F` only, and that one everywhere.
 */
function amqQueue(name: string): string {
  if (name.includes('%2F')) {
    throw new MessagingError('ADDRESS_MALFORMED', `RabbitMQ's AMQP 1.0 has no address for '${name}'`, {
      hint: 'Use a name without %2F, or the adapter rabbitmq:.',
      context: { adapter: ADAPTER, address: name, operation: 'attach' },
    })
  }
  return `/amq/queue/${Buffer.from(name).toString('latin1').replaceAll('/', '%2F')}`
}
