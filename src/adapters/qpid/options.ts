/** Reads and checks what `connect` was given: URL, login, TLS, own options. Pure. */
import type { ConnectTarget } from '../../contract/adapter.ts'
import { placeText, readBrokerUrl } from '../../core/connecting/broker-url.ts'
import { checkKnownKeys } from '../../core/options/known-keys.ts'
import { optionReader } from '../../core/options/option-reader.ts'
import { ADAPTER } from './errors.ts'

/** The adapter's own options: `connect({ url, native: { ... } })`. */
export interface QpidOptions {
  /** Virtual host; replaces the URL's path. Default: the path, and the host's name without one. */
  virtualHost?: string
  /** Container id. Default: one for each connection. */
  containerId?: string
  /** Largest frame. Unit: bytes, at least 512. Default: the broker's. */
  maxFrameBytes?: number
}

export interface Endpoint {
  readonly secure: boolean
  readonly host: string
  readonly port: number
  readonly virtualHost: string
  readonly username: string | undefined
  readonly password: string | undefined
  readonly containerId: string | undefined
  readonly maxFrameBytes: number | undefined
  readonly heartbeatMs: number
  readonly tls: Readonly<Record<string, unknown>>
  readonly clientName: string
  /** `host:port`, for people. */
  readonly place: string
}

const URL_FORM = { adapter: ADAPTER, form: 'qpid://user:password@host:port/virtual-host', query: [] }
const OPTIONS = ['virtualHost', 'containerId', 'maxFrameBytes'] as const
/** Broker-J refuses a shorter idle time-out. Unit: ms. */
const LEAST_HEARTBEAT_MS = 1_000
/** Every peer of AMQP 1.0 must take frames of this size. */
const LEAST_FRAME_BYTES = 512

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
  return {
    secure,
    host,
    port,
    virtualHost: text('virtualHost', native.virtualHost) ?? (url.path.slice(1) || host),
    username,
    password,
    containerId: text('containerId', native.containerId),
    maxFrameBytes: wholeNumber('maxFrameBytes', native.maxFrameBytes, LEAST_FRAME_BYTES),
    heartbeatMs: target.heartbeatMs === 0 ? 0 : Math.max(LEAST_HEARTBEAT_MS, target.heartbeatMs),
    tls: target.tls ?? {},
    clientName: target.clientName,
    place: placeText(host, port),
  }
}
