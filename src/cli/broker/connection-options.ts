/** The options by which every command finds its broker. */
import { flag, integer, number, type Option, text } from '../command/option.ts'

export const BROKER: Option = text(
  '-b, --broker BROKER',
  'connect to this broker: a URL (rabbitmq://, qpid://, redis://, zmq://, file:./dir, memory:), the name of a connection in sluice.config, or [user[/password]@]host[:port] for AMQP 1.0; default: SLUICE_URL, else the configured default, else localhost',
)

/** Those of the originals of spout and drain. */
export const RECONNECT: readonly Option[] = [
  flag('-r, --reconnect', 'enable auto reconnect'),
  number('-i, --reconnect-interval SECONDS', 'interval between reconnect attempts', { fallback: 3 }),
  integer('-l, --reconnect-limit N', 'maximum number of reconnect attempts'),
]

export const TRACE: Option = flag(
  '--trace',
  'tell on stderr the trace id of each message; what is sent continues TRACEPARENT of the environment, or begins a trace',
)

export const VERBOSE: Option = flag('-v, --verbose', 'tell on stderr what happens')
