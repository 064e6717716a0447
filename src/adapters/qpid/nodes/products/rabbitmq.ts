/** RabbitMQ: the plugin `rabbitmq_amqp1_0` of 3.x, and what 4.x brings along. */

import { formatAddress, parseAddress } from '../../../../model/address-text/index.ts'
import { emulated, unsupported } from '../../../../model/capabilities.ts'
import { MessagingError } from '../../../../model/errors.ts'
import { withoutManagement } from '../../capabilities.ts'
import { PLAIN_DIALECT } from '../../codec/dialect.ts'
import { narrowed } from '../../codec/narrow-sections.ts'
import { ADAPTER } from '../../errors.ts'
import type { Profile } from './profile.ts'

export const rabbitmq3: Profile = {
  kind: 'rabbitmq',
  capabilities: withoutManagement({
    browse: unsupported("RabbitMQ's AMQP 1.0 takes messages even when asked for copies."),
    browseFollow: unsupported("RabbitMQ's AMQP 1.0 takes messages even when asked for copies."),
    request: unsupported(
      "RabbitMQ's AMQP 1.0 has no dynamic nodes to take answers, and no links without target to send them.",
    ),
    multicast: unsupported("RabbitMQ's AMQP 1.0 has no links without target."),
    selector: unsupported("RabbitMQ's AMQP 1.0 ignores selectors."),
    unroutable: emulated(
      'The queue is looked up when the sender attaches; messages for one deleted later are dropped quietly.',
    ),
    deliveryCount: emulated('The broker only tells which deliveries come again: their count is 2.'),
    maxDeliveries: unsupported("RabbitMQ's AMQP 1.0 does not count deliveries."),
  }),
  dialect: { ...PLAIN_DIALECT, narrow: narrowed },
  queueAddress: amqQueue,
  queueCapabilities: [],
  answerCapabilities: [],
  makesQueues: false,
  dropsQuietly: true,
  releasesUnrouted: false,
  counted: 'none',
  triesAnswers: false,
  answersOldDrains: false,
  endsLost: false,
  addsCredit: false,
  drains: false,
}

export const rabbitmq4: Profile = {
  ...rabbitmq3,
  capabilities: withoutManagement({
    browse: unsupported('RabbitMQ takes messages even when asked for copies.'),
    browseFollow: unsupported('RabbitMQ takes messages even when asked for copies.'),
    request: unsupported('This version of RabbitMQ has no dynamic nodes to take answers (4.2 brought them).'),
    multicast: unsupported(
      "A member's queue is made when it attaches, and this adapter makes none on RabbitMQ.",
    ),
    selector: unsupported('Queues of RabbitMQ ignore selectors.'),
    deliveryCount: emulated(
      'What a quorum queue counts is exact but for what comes again uncounted, which is told as one more; classic queues of some versions only tell what comes again.',
    ),
    maxDeliveries: unsupported('Classic queues of RabbitMQ do not count deliveries in every version.'),
  }),
  dialect: {
    ...PLAIN_DIALECT,
    wireAddress(address) {
      const { name, subject } = parseAddress(address)
      if (name.startsWith('/')) return name
      if (subject === undefined) return queueAddress(name)
      return `/exchanges/${encodeURIComponent(name)}/${encodeURIComponent(subject)}`
    },
    shownAddress(wire) {
      const [before, kind, name, key, ...more] = wire.split('/')
      if (before !== '' || !name || more.length > 0) return formatAddress({ name: wire })
      if (kind === 'queues' && key === undefined) return formatAddress({ name: decoded(name) })
      if (kind === 'exchanges' && key) return formatAddress({ name: decoded(name), subject: decoded(key) })
      return formatAddress({ name: wire })
    },
  },
  queueAddress,
  dropsQuietly: false,
  releasesUnrouted: true,
  counted: 'some',
  answerCapabilities: ['rabbitmq:volatile-queue'],
  answerExpiry: 'link-detach',
  triesAnswers: true,
  addsCredit: true,
  drains: true,
}

/** Addresses of RabbitMQ 4 (v2) have each part percent-encoded. */
function queueAddress(name: string): string {
  return `/queues/${encodeURIComponent(name)}`
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
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
