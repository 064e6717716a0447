/** Reads and checks what `connect` was given: URL, login, TLS, own options. Pure. */
import type { ConnectTarget } from '../../contract/adapter.ts'
import { type BrokerUrl, placeText, readBrokerUrl } from '../../core/connecting/broker-url.ts'
import { checkKnownKeys } from '../../core/options/known-keys.ts'
import { optionReader } from '../../core/options/option-reader.ts'
import { ADAPTER } from './errors.ts'

export type LoginMechanism = 'PLAIN' | 'AMQPLAIN' | 'EXTERNAL'
export type QueueType = 'classic' | 'quorum'

/** The adapter's own options: `connect({ url, native: { ... } })`. */
export interface RabbitmqOptions {
  /** Virtual host; replaces the URL's path. Default: the path, and `/` without one. */
  vhost?: string
  /** Largest frame. Unit: bytes, at least 4096. 0: what the broker allows. Default: 131072, or less if the broker says so. */
  frameMax?: number
  /** Most channels (links) on one of the two connections. Default, and 0: what the broker allows (2047). */
  channelMax?: number
  /** How to log in. Default `PLAIN`; `EXTERNAL` takes the identity from the TLS certificate. */
  mechanism?: LoginMechanism
  /**
   * What durable queues are made as where their address says nothing: `quorum` replicates them over the nodes of a cluster
   * (no priorities then). Default: `classic`. Also `?queueType=` in the URL.
   */
  queueType?: QueueType
  /** Base URL of the management plugin's HTTP API (`http://host:15672`): needed for `admin.list()`. Also `?managementUrl=` in the URL. */
  managementUrl?: string
}

/** The management plugin, and who asks it. */
export interface ManagementApi {
  /** Without a login. */
  readonly base: URL
  readonly username: string
  readonly password: string
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
  readonly queueType: QueueType
  readonly management: ManagementApi | undefined
  /** `host:port`, for people. */
  readonly place: string
}

/** AMQP 0-9-1 has 16 bits for it. */
const LONGEST_HEARTBEAT_SECONDS = 65_535
const OPTIONS = ['vhost', 'frameMax', 'channelMax', 'mechanism', 'queueType', 'managementUrl'] as const
const QUERY = [
  'heartbeat',
  'frame_max',
  'channel_max',
  'frameMax',
  'channelMax',
  'vhost',
  'queueType',
  'managementUrl',
] as const
const URL_FORM = {
  adapter: ADAPTER,
  form: 'rabbitmq://user:password@host:port/virtual-host',
  query: QUERY,
}
/** Every peer takes frames of this size. */
const LEAST_FRAME_BYTES = 4_096
const MECHANISMS: readonly unknown[] = ['PLAIN', 'AMQPLAIN', 'EXTERNAL']

const { invalid, text, urlPart, wholeNumber } = optionReader(ADAPTER, 'connect()')

/** @throws `CONFIG_INVALID` naming the wrong option */
export function endpointOf(target: ConnectTarget): Endpoint {
  const url = readBrokerUrl(target.url, URL_FORM)
  const { query } = url
  checkKnownKeys(target.native, OPTIONS, 'connect(): native')
  const native = target.native as RabbitmqOptions
  const secure = url.scheme === 'rabbitmqs' || url.scheme === 'amqps'
  if (target.tls !== undefined && !secure)
    throw invalid('tls', 'needs a URL that begins with rabbitmqs: or amqps:')
  const { host = 'localhost', port = secure ? 5671 : 5672 } = url
  const heartbeat = wholeNumber('heartbeat', query.heartbeat, 0)
  if (url.password !== undefined && url.username === undefined && target.username === undefined)
    throw invalid('username', 'is missing beside a password')
  const username = target.username ?? url.username ?? 'guest'
  const password = target.password ?? url.password ?? (url.username === undefined ? 'guest' : '')
  return {
    secure,
    host,
    port,
    vhost: text('vhost', native.vhost) ?? vhostOf(url),
    username,
    password,
    mechanism: mechanismOf(native.mechanism),
    frameMax: frameMaxOf(native.frameMax ?? query.frameMax ?? query.frame_max),
    channelMax: wholeNumber('channelMax', native.channelMax ?? query.channelMax ?? query.channel_max, 0),
    heartbeatSeconds: Math.min(
      heartbeat ?? (target.heartbeatMs > 0 ? Math.max(1, Math.round(target.heartbeatMs / 1000)) : 0),
      LONGEST_HEARTBEAT_SECONDS,
    ),
    tls: target.tls ?? {},
    clientName: target.clientName,
    queueType: queueTypeOf(native.queueType ?? query.queueType),
    management: managementOf(native.managementUrl ?? query.managementUrl, { username, password, secure }),
    place: placeText(host, port),
  }
}

/** protocol: 0 means no limit of one's own. */
function frameMaxOf(value: unknown): number | undefined {
  const bytes = wholeNumber('frameMax', value, 0)
  return bytes === 0 ? 0 : wholeNumber('frameMax', value, LEAST_FRAME_BYTES)
}

/** As the AMQP URI specification has it, except that an empty path after the slash means `/` too. */
function vhostOf({ path, query }: BrokerUrl): string {
  const named = path.slice(1)
  if (query.vhost !== undefined && named !== '' && named !== query.vhost)
    throw invalid('vhost', 'is not what the path of the URL says')
  return (query.vhost ?? named) || '/'
}

function mechanismOf(value: unknown): LoginMechanism {
  if (value === undefined) return 'PLAIN'
  if (!MECHANISMS.includes(value)) throw invalid('mechanism', `is none of ${MECHANISMS.join(', ')}`)
  return value as LoginMechanism
}

function queueTypeOf(value: unknown): QueueType {
  if (value === undefined || value === 'classic' || value === 'quorum') return value ?? 'classic'
  throw invalid('queueType', 'is neither classic nor quorum')
}

/** Its URL may have a login of its own. */
function managementOf(
  value: unknown,
  { username, password, secure }: Pick<Endpoint, 'username' | 'password' | 'secure'>,
): ManagementApi | undefined {
  if (value === undefined) return undefined
  const given = String(value)
  const base = URL.canParse(given) ? new URL(given) : undefined
  if (base?.protocol !== 'http:' && base?.protocol !== 'https:')
    throw invalid('managementUrl', 'is no http: or https: URL')
  if (secure && base.protocol === 'http:' && base.password === '')
    throw invalid(
      'managementUrl',
      'is http:, and the login of a TLS connection does not go out in clear: write https:, or give it a login of its own',
    )
  const api = {
    base,
    username: urlPart(base.username, 'managementUrl') || username,
    password: urlPart(base.password, 'managementUrl') || password,
  }
  base.username = base.password = ''
  if (!base.pathname.endsWith('/')) base.pathname += '/'
  return api
}
