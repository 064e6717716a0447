/**
 * What `-b` takes: a Sluice URL, the name of a configured connection, or a broker in the notation of the Qpid tools,
 * `[amqp[s]://][user[/password]@]host[:port]`, which is AMQP 1.0 here.
 */
import { UsageError } from '../command/errors.ts'

const QPID =
  /^(?:(amqps?):\/\/)?(?:([^:/@]+)(?:\/([^:/@]+))?@)?(?:([^@:/[\]]+)|\[([a-f0-9:.]+)\])(?::(\d+))?$/i

/** Schemes whose URLs have no `//`. */
const BARE = /^(memory|file|zmq(\+\w+)?):/i

/** @throws UsageError when it is neither; the text is not repeated, it may hold a password */
export function brokerUrl(broker: string, connections: readonly string[] = []): string {
  if (connections.includes(broker)) return broker
  if (BARE.test(broker)) return broker
  const match = QPID.exec(broker)
  if (!match) {
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(broker)) return broker
    throw new UsageError(
      'the broker is neither a URL (rabbitmq://host, qpid://host, redis://host, file:./dir, memory:) nor [user[/password]@]host[:port]',
    )
  }
  const [, scheme, user, password, host, host6, port] = match
  // Without Qpid's slash between user and password, amqp:// is what everybody else means by it: RabbitMQ's AMQP 0-9-1.
  if (scheme !== undefined && password === undefined) return broker
  const login =
    user === undefined
      ? ''
      : `${encodeURIComponent(user)}${password === undefined ? '' : `:${encodeURIComponent(password)}`}@`
  const place = host ?? `[${host6}]`
  return `${scheme?.toLowerCase() === 'amqps' ? 'qpids' : 'qpid'}://${login}${place}${port === undefined ? '' : `:${port}`}`
}
