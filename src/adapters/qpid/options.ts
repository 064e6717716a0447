/** Reads and checks what `connect` was given: URL, login, TLS, own options. Pure. */
import type { ConnectTarget } from '../../api/adapter.ts'
import { MessagingError } from '../../api/errors.ts'
import { parseBrokerUrl } from '../../core/broker-url.ts'
import { checkKnownKeys } from '../../core/known-keys.ts'
import { ADAPTER } from './errors.ts'

/** The adapter's own options: `connect({ url, native: { ... } })`. */
export interface QpidOptions {
  /** Virtual host; replaces the URL's path. Default: the path, and the host's name without one. */
  virtualHost?: string
  /** Container id. Default: one for each connection. */
  containerId?: string
  /** Largest frame. Unit: bytes. Default: the broker's. */
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

/** @throws `CONFIG_INVALID` naming the wrong option */
export function endpointOf(target: ConnectTarget): Endpoint {
  const url = parseBrokerUrl(target.url, ADAPTER, 'qpid://user:password@host:port/virtual-host')
  checkKnownKeys(target.native, OPTIONS, 'connect(): native')
  checkKnownKeys(Object.fromEntries(url.searchParams), [], 'connect(): URL')
  const native = target.native as QpidOptions
  const secure = url.protocol === 'qpids:' || url.protocol === 'amqp10s:'
  if (target.tls !== undefined && !secure)
    throw invalid('tls', 'needs a URL that begins with qpids: or amqp10s:')
  const host = url.hostname.replace(/^\[|\]$/g, '') || 'localhost'
  const port = url.port === '' ? (secure ? 5671 : 5672) : Number(url.port)
  return {
    secure,
    host,
    port,
    virtualHost: native.virtualHost ?? (decode(url.pathname.replace(/^\//, '')) || host),
    username: target.username ?? (decode(url.username) || undefined),
    password: target.password ?? (decode(url.password) || undefined),
    containerId: native.containerId,
    maxFrameBytes: native.maxFrameBytes,
    heartbeatMs: target.heartbeatMs === 0 ? 0 : Math.max(LEAST_HEARTBEAT_MS, target.heartbeatMs),
    tls: target.tls ?? {},
    clientName: target.clientName,
    place: `${host.includes(':') ? `[${host}]` : host}:${port}`,
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw invalid('url', 'holds a % that is no escape')
  }
}

function invalid(option: string, problem: string): MessagingError {
  return new MessagingError('CONFIG_INVALID', `connect(): ${option} ${problem}`, {
    context: { adapter: ADAPTER, option },
  })
}
