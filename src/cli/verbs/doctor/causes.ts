/** Why a connection fails, as far as it can be told from here, and what to do. */
import { connect } from 'node:net'
import { ANYBODY, type Speech, speechAt } from '../../../core/connecting/first-words.ts'
import { speaksTls } from '../../../core/connecting/tls-probe.ts'

interface Scheme {
  readonly port: number
  /** What is to be heard at the port. */
  readonly speaks: readonly Speech[]
  readonly secure: boolean
  /** The same broker with TLS, or without. */
  readonly other: string | undefined
}

const RABBITMQ: readonly Speech[] = ['AMQP 0-9-1']
// Broker-J and others answer every AMQP they know.
const QPID: readonly Speech[] = ['AMQP 1.0', 'AMQP 0-9-1']

/** A broker of either AMQP answers this with what it speaks itself. */
const AMQP_0_9_1 = Buffer.from('AMQP\0\0\x09\x01', 'latin1')
/** Longest wait for a connection. Unit: ms. */
const CONNECT_MS = 3_000

const SCHEMES: Readonly<Record<string, Scheme>> = {
  rabbitmq: { port: 5672, speaks: RABBITMQ, secure: false, other: 'rabbitmqs' },
  rabbitmqs: { port: 5671, speaks: RABBITMQ, secure: true, other: 'rabbitmq' },
  amqp: { port: 5672, speaks: RABBITMQ, secure: false, other: 'amqps' },
  amqps: { port: 5671, speaks: RABBITMQ, secure: true, other: 'amqp' },
  qpid: { port: 5672, speaks: QPID, secure: false, other: 'qpids' },
  qpids: { port: 5671, speaks: QPID, secure: true, other: 'qpid' },
  amqp10: { port: 5672, speaks: QPID, secure: false, other: 'amqp10s' },
  amqp10s: { port: 5671, speaks: QPID, secure: true, other: 'amqp10' },
  redis: { port: 6379, speaks: ['Redis'], secure: false, other: 'rediss' },
  rediss: { port: 6379, speaks: ['Redis'], secure: true, other: 'redis' },
  zmq: { port: 5600, speaks: ['ZeroMQ'], secure: false, other: undefined },
}

/** Which URL reaches what was heard. */
const REACHED_BY: Readonly<Record<Speech, string | undefined>> = {
  'AMQP 0-9-1': 'rabbitmq://',
  'AMQP 1.0': 'qpid://',
  Redis: 'redis://',
  ZeroMQ: 'zmq://',
  TLS: undefined,
  HTTP: undefined,
  SSH: undefined,
}

/** Looks at the port itself, which tells a missing broker from another one. `undefined`: nothing to add. */
export async function likelyCause(url: string, problem: string): Promise<string | undefined> {
  const match = /^([a-z0-9]+)(?:\+tcp)?:(?:tcp:)?\/\/(?:[^@/]*@)?(\[[^\]]+\]|[^:/,?#]*)(?::(\d+))?/i.exec(url)
  const scheme = match ? SCHEMES[match[1]!.toLowerCase()] : undefined
  if (!match || !scheme) return undefined
  const port = Number(match[3] ?? scheme.port)
  const host = (match[2] || 'localhost').replace(/^\[|\]$/g, '')
  const place = `${host}:${port}`
  try {
    await reach(host, port)
  } catch (error) {
    return unreachable(host, place, (error as NodeJS.ErrnoException).code)
  }
  return verdict(scheme, match[1]!.toLowerCase(), place, await heardAt({ host, port }), problem)
}

async function heardAt(at: { readonly host: string; readonly port: number }): Promise<Speech | undefined> {
  const speech = (await speechAt(at, AMQP_0_9_1)) ?? (await speechAt(at, ANYBODY))
  return speech ?? ((await speaksTls(at)) ? 'TLS' : undefined)
}

/** @throws what the system says, where nobody takes the connection */
function reach(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: CONNECT_MS })
    socket.once('error', reject)
    socket.once('timeout', () => socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })))
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
  })
}

function unreachable(host: string, place: string, code: string | undefined): string {
  if (code === 'ECONNREFUSED')
    return `nothing listens at ${place}: start the broker, or correct host and port`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `the name ${host} has no address: correct it, or check the name service`
  return `${place} does not answer (${code ?? 'no reason given'}): check the network, a firewall, or whether the broker hangs`
}

function verdict(
  scheme: Scheme,
  name: string,
  place: string,
  heard: Speech | undefined,
  problem: string,
): string {
  if (heard === 'HTTP') {
    return `a web server listens at ${place}, perhaps the broker's management page: ${name}:// needs the broker's own port, ${scheme.port} unless it was changed`
  }
  if (heard === 'TLS' && !scheme.secure) {
    return scheme.other
      ? `${place} speaks TLS: write ${scheme.other}:// instead of ${name}://`
      : `${place} speaks TLS, which is no ${name}:// port`
  }
  if (heard === 'TLS') {
    return /certificate|self.signed/i.test(problem)
      ? `the certificate at ${place} is not trusted: name its authority in NODE_EXTRA_CA_CERTS or in the option tls: { ca } of the connection`
      : `${place} speaks TLS: check user and password, and whether it asks for a client certificate`
  }
  if (heard === undefined || heard === 'SSH') {
    return `something listens at ${place} that is no broker known here, or that hangs: check host and port`
  }
  if (!scheme.speaks.includes(heard)) {
    return `${place} speaks ${heard}: write ${REACHED_BY[heard]}${place}, or correct host and port`
  }
  if (scheme.secure) {
    return `${place} speaks ${heard} without TLS: write ${scheme.other}:// instead of ${name}://, or give the broker's TLS port`
  }
  return `${place} speaks ${heard}, so host, port and scheme are right: check user, password and virtual host, and the broker's own log`
}
