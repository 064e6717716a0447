/** Reads and checks what `connect` was given: URL, login, TLS, own options. Pure. */
import type { ConnectTarget } from '../../contract/adapter.ts'
import { hostName, parseBrokerUrl, placeText } from '../../core/connecting/broker-url.ts'
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

const OPTIONS = ['virtualHost', 'containerId', 'maxFrameBytes'] as const
/** Broker-J refuses a shorter idle time-out. Unit: ms. */
const LEAST_HEARTBEAT_MS = 1_000
/** Every peer of AMQP 1.0 must take frames of this size. */
const LEAST_FRAME_BYTES = 512

const { invalid, text, urlPart, wholeNumber } = optionReader(ADAPTER, 'connect()')

/** @throws `CONFIG_INVALID` naming the wrong option */
export function endpointOf(target: ConnectTarget): Endpoint {
  const url = parseBrokerUrl(target.url, ADAPTER, 'qpid://user:password@host:port/virtual-host')
  checkKnownKeys(target.native, OPTIONS, 'connect(): native')
  checkKnownKeys(Object.fromEntries(url.searchParams), [], 'connect(): URL')
  const native = target.native as QpidOptions
  const secure = url.protocol === 'qpids:' || url.protocol === 'amqp10s:'
  if (target.tls !== undefined && !secure)
    throw invalid('tls', 'needs a URL that begins with qpids: or amqp10s:')
  const host = hostName(url.hostname)
  const port = url.port === '' ? (secure ? 5671 : 5672) : Number(url.port)
  return {
    secure,
    host,
    port,
    virtualHost:
      text('virtualHost', native.virtualHost) ?? (urlPart(url.pathname.replace(/^\//, '')) || host),
    username: target.username ?? (urlPart(url.username) || undefined),
    password: target.password ?? (urlPart(url.password) || undefined),
    containerId: text('containerId', native.containerId),
    maxFrameBytes: wholeNumber('maxFrameBytes', native.maxFrameBytes, LEAST_FRAME_BYTES),
    heartbeatMs: target.heartbeatMs === 0 ? 0 : Math.max(LEAST_HEARTBEAT_MS, target.heartbeatMs),
    tls: target.tls ?? {},
    clientName: target.clientName,
    place: placeText(host, port),
  }
}
