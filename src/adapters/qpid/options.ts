/** Reads and checks what `connect` was given: URL, login, TLS, own options. Pure. */
import type { ConnectTarget } from '../../contract/adapter.ts'
import { placeText, readBrokerUrl } from '../../core/connecting/broker-url.ts'
import { checkKnownKeys } from '../../core/options/known-keys.ts'
import { optionReader } from '../../core/options/option-reader.ts'
import { ADAPTER } from './errors.ts'

/** How to log in, as SASL calls it. */
export type LoginMechanism = 'PLAIN' | 'ANONYMOUS' | 'EXTERNAL'

/** The adapter's own options: `connect({ url, native: { ... } })`. */
export interface QpidOptions {
  /** Virtual host; replaces the URL's path. Default: the path, and the host's name without one. */
  virtualHost?: string
  /** Container id. Default: one for each connection. */
  containerId?: string
  /**
   * How to log in. `EXTERNAL`: by the TLS client certificate alone. `ANONYMOUS`: for brokers that insist on a login layer and ask for no
   * name. Default: `PLAIN` with a password, `EXTERNAL` with a client certificate and no login, `ANONYMOUS` with a user alone, else no
   * login layer at all.
   */
  mechanism?: LoginMechanism
  /** Largest frame that is taken from the broker. Unit: bytes, at least 512. Default: 1,048,576. */
  maxFrameBytes?: number
  /**
   * Largest message that a receiver takes. A link that brings a larger one ends with `MESSAGE_TOO_LARGE`; the message stays at the broker.
   * Unit: bytes; each frame counts 128 more. Default: 536,870,912.
   */
  maxMessageBytes?: number
}

export interface Endpoint {
  readonly secure: boolean
  readonly host: string
  readonly port: number
  readonly virtualHost: string
  readonly username: string | undefined
  readonly password: string | undefined
  /** `undefined`: no login layer. */
  readonly mechanism: LoginMechanism | undefined
  readonly containerId: string | undefined
  readonly maxFrameBytes: number
  readonly maxMessageBytes: number
  readonly heartbeatMs: number
  readonly tls: Readonly<Record<string, unknown>>
  readonly clientName: string
  /** `host:port`, for people. */
  readonly place: string
}

const URL_FORM = {
  adapter: ADAPTER,
  form: 'qpid://user:password@host:port/virtual-host',
  query: ['mechanism'],
}
const OPTIONS = ['virtualHost', 'containerId', 'maxFrameBytes', 'maxMessageBytes', 'mechanism'] as const
const MECHANISMS: readonly unknown[] = ['PLAIN', 'ANONYMOUS', 'EXTERNAL'] satisfies LoginMechanism[]
/** Broker-J refuses a shorter idle time-out. Unit: ms. */
const LEAST_HEARTBEAT_MS = 1_000
/** Every peer of AMQP 1.0 must take frames of this size. */
const LEAST_FRAME_BYTES = 512
/** More than any broker cuts messages into. */
const USUAL_FRAME_BYTES = 1_048_576
/** More than brokers take by default. */
const USUAL_MESSAGE_BYTES = 512 * 1024 * 1024

const { invalid, text, wholeNumber } = optionReader(ADAPTER, 'connect()')

/** @throws `CONFIG_INVALID` naming the wrong option */
export function endpointOf(target: ConnectTarget): Endpoint {
  const url = readBrokerUrl(target.url, URL_FORM)
  checkKnownKeys(target.native, OPTIONS, 'connect(): native')
  const native = target.native as QpidOptions
  const secure = url.scheme === 'qpids' || url.scheme === 'amqp10s'
  if (target.tls !== undefined && !secure)
    throw invalid('tls', 'needs a URL that begins with qpids: or amqp10s:')
  const username = target.username ?? url.username
  const password = target.password ?? url.password
  if (password !== undefined && username === undefined)
    throw invalid('username', 'is missing beside a password')
  const { host = 'localhost', port = secure ? 5671 : 5672 } = url
  const mechanism =
    mechanismOf(native.mechanism ?? url.query.mechanism) ?? usualMechanism(username, password, target.tls)
  if (mechanism === 'EXTERNAL' && !secure)
    throw invalid('mechanism', 'EXTERNAL needs a URL that begins with qpids: or amqp10s:')
  if (mechanism === 'PLAIN' && username === undefined) throw invalid('mechanism', 'PLAIN needs a user name')
  return {
    secure,
    host,
    port,
    virtualHost: text('virtualHost', native.virtualHost) ?? (url.path.slice(1) || host),
    username,
    password,
    mechanism,
    containerId: text('containerId', native.containerId),
    maxFrameBytes: wholeNumber('maxFrameBytes', native.maxFrameBytes, LEAST_FRAME_BYTES) ?? USUAL_FRAME_BYTES,
    maxMessageBytes: wholeNumber('maxMessageBytes', native.maxMessageBytes, 1) ?? USUAL_MESSAGE_BYTES,
    heartbeatMs: target.heartbeatMs === 0 ? 0 : Math.max(LEAST_HEARTBEAT_MS, target.heartbeatMs),
    tls: target.tls ?? {},
    clientName: target.clientName,
    place: placeText(host, port),
  }
}

function mechanismOf(value: unknown): LoginMechanism | undefined {
  if (value === undefined) return undefined
  if (!MECHANISMS.includes(value)) throw invalid('mechanism', `is none of ${MECHANISMS.join(', ')}`)
  return value as LoginMechanism
}

function usualMechanism(
  username: string | undefined,
  password: string | undefined,
  tls: ConnectTarget['tls'],
): LoginMechanism | undefined {
  if (username !== undefined) return password === undefined ? 'ANONYMOUS' : 'PLAIN'
  return tls?.cert !== undefined || tls?.pfx !== undefined ? 'EXTERNAL' : undefined
}
