/** Reads and checks what `connect` was given: URL, login, TLS, own options. Pure. */
import type { ConnectTarget } from '../../api/adapter.ts'
import { MessagingError } from '../../api/errors.ts'
import { parseBrokerUrl } from '../../core/broker-url.ts'
import { checkKnownKeys } from '../../core/known-keys.ts'
import { ADAPTER } from './errors.ts'

export type LoginMechanism = 'PLAIN' | 'AMQPLAIN' | 'EXTERNAL'

/** The adapter's own options: `connect({ url, native: { ... } })`. */
export interface RabbitmqOptions {
  /** Virtual host; replaces the URL's path. Default: the path, and `/` without one. */
  vhost?: string
  /** Largest frame. Unit: bytes. Default: 131072, or less if the broker says so. */
  frameMax?: number
  /** Most channels (links) on one of the two connections. Default: what the broker allows (2047). */
  channelMax?: number
  /** How to log in. Default `PLAIN`; `EXTERNAL` takes the identity from the TLS certificate. */
  mechanism?: LoginMechanism
  /** Base URL of the management plugin's HTTP API (`http://host:15672`): needed for `admin.list()`. Also `?managementUrl=` in the URL. */
  managementUrl?: string
}

/** Everything needed to open a connection. */
export interface Endpoint {
  readonly secure: boolean
  readonly host: string
  readonly port: number
  readonly vhost: string
  readonly username: string
  readonly password: string
  readonly mechanism: LoginMechanism
  readonly frameMax: number | undefined
  readonly channelMax: number | undefined
  /** Unit: whole seconds; 0: off. AMQP 0-9-1 knows nothing finer. */
  readonly heartbeatSeconds: number
  readonly tls: Readonly<Record<string, unknown>>
  readonly clientName: string
  readonly management: URL | undefined
  /** `host:port`, for people. */
  readonly place: string
}

const OPTIONS = ['vhost', 'frameMax', 'channelMax', 'mechanism', 'managementUrl'] as const
const QUERY = [
  'heartbeat',
  'frame_max',
  'channel_max',
  'frameMax',
  'channelMax',
  'vhost',
  'managementUrl',
] as const
const MECHANISMS: readonly unknown[] = ['PLAIN', 'AMQPLAIN', 'EXTERNAL']

/** @throws `CONFIG_INVALID` naming the wrong option */
export function endpointOf(target: ConnectTarget): Endpoint {
  const url = parseBrokerUrl(target.url, ADAPTER, 'rabbitmq://user:password@host:port/virtual-host')
  checkKnownKeys(target.native, OPTIONS, 'connect(): native')
  const query = Object.fromEntries(url.searchParams)
  checkKnownKeys(query, QUERY, 'connect(): URL')
  const native = target.native as RabbitmqOptions
  const secure = url.protocol === 'rabbitmqs:' || url.protocol === 'amqps:'
  if (target.tls !== undefined && !secure)
    throw invalid('tls', 'needs a URL that begins with rabbitmqs: or amqps:')
  const host = url.hostname.replace(/^\[|\]$/g, '') || 'localhost'
  const port = url.port === '' ? (secure ? 5671 : 5672) : Number(url.port)
  const heartbeat = wholeNumber('heartbeat', query.heartbeat, 0)
  return {
    secure,
    host,
    port,
    vhost: text('vhost', native.vhost) ?? query.vhost ?? vhostOf(url),
    username: target.username ?? (decode(url.username) || 'guest'),
    password: target.password ?? (url.username === '' ? 'guest' : decode(url.password)),
    mechanism: mechanismOf(native.mechanism),
    frameMax: wholeNumber('frameMax', native.frameMax ?? query.frameMax ?? query.frame_max, 4096),
    channelMax: wholeNumber('channelMax', native.channelMax ?? query.channelMax ?? query.channel_max, 1),
    heartbeatSeconds:
      heartbeat ?? (target.heartbeatMs > 0 ? Math.max(1, Math.round(target.heartbeatMs / 1000)) : 0),
    tls: target.tls ?? {},
    clientName: target.clientName,
    management: managementOf(native.managementUrl ?? query.managementUrl),
    place: `${host.includes(':') ? `[${host}]` : host}:${port}`,
  }
}

/** As the AMQP URI specification has it, except that an empty path after the slash means `/` too. */
function vhostOf(url: URL): string {
  return decode(url.pathname.replace(/^\//, '')) || '/'
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw invalid('url', 'holds a % that is no escape')
  }
}

function mechanismOf(value: unknown): LoginMechanism {
  if (value === undefined) return 'PLAIN'
  if (!MECHANISMS.includes(value)) throw invalid('mechanism', `is none of ${MECHANISMS.join(', ')}`)
  return value as LoginMechanism
}

function managementOf(value: unknown): URL | undefined {
  if (value === undefined) return undefined
  try {
    const url = new URL(String(value))
    if (url.protocol === 'http:' || url.protocol === 'https:') return url
  } catch {}
  throw invalid('managementUrl', 'is no http: or https: URL')
}

function text(option: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  throw invalid(option, 'is no string')
}

function wholeNumber(option: string, value: unknown, least: number): number | undefined {
  if (value === undefined) return undefined
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  if (Number.isSafeInteger(number) && (number as number) >= least) return number as number
  throw invalid(option, `is no whole number from ${least} up`)
}

function invalid(option: string, problem: string): MessagingError {
  return new MessagingError('CONFIG_INVALID', `connect(): ${option} ${problem}`, {
    context: { adapter: ADAPTER, option },
  })
}
