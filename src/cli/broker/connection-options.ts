/** The options by which every command finds its broker. */
import type { Option } from '../command/option.ts'

export const BROKER: Option = {
  name: 'broker',
  short: 'b',
  kind: 'text',
  help: 'connect to this broker: a URL (rabbitmq://, qpid://, redis://, zmq://, file:./dir, memory:), the name of a connection in sluice.config, or [user[/password]@]host[:port] for AMQP 1.0; default: SLUICE_URL, else the configured default, else localhost',
}

/** Those of the originals of spout and drain. */
export const RECONNECT: readonly Option[] = [
  { name: 'reconnect', short: 'r', kind: 'flag', help: 'enable auto reconnect' },
  {
    name: 'reconnect-interval',
    short: 'i',
    kind: 'number',
    metavar: 'SECONDS',
    fallback: 3,
    help: 'interval between reconnect attempts',
  },
  {
    name: 'reconnect-limit',
    short: 'l',
    kind: 'integer',
    metavar: 'N',
    help: 'maximum number of reconnect attempts',
  },
]

export const TRACE: Option = {
  name: 'trace',
  kind: 'flag',
  help: 'tell on stderr the trace id of each message; what is sent continues TRACEPARENT of the environment, or begins a trace',
}

export const VERBOSE: Option = {
  name: 'verbose',
  short: 'v',
  kind: 'flag',
  help: 'tell on stderr what happens',
}
