/** Reads and checks what `connect` was given: URL, login, TLS, own options. Pure. */
import type { ConnectTarget } from '../../contract/adapter.ts'
import { type BrokerUrl, placeText, readBrokerUrl } from '../../core/connecting/broker-url.ts'
import { checkKnownKeys } from '../../core/options/known-keys.ts'
import { optionReader } from '../../core/options/option-reader.ts'
import { timerMs } from '../../core/time/longest-timer.ts'
import { ADAPTER } from './errors.ts'

/** The adapter's own options: `connect({ url, native: { ... } })`. */
export interface RedisAdapterOptions {
  /** Number of the database; replaces the URL's path. Default: the path, else 0. Pub/sub knows no databases. */
  db?: number
  /** The URL and `nodes` are seeds of a Redis Cluster. Also `?cluster=true` in the URL. */
  cluster?: boolean
  /** The URL and `nodes` are Sentinels; the name of the master they watch. Also `?sentinel=NAME` in the URL. */
  sentinel?: string
  /** Login at the Sentinels. Default: none. The URL's login is that of the server. */
  sentinelUsername?: string
  sentinelPassword?: string
  /** Further seeds or Sentinels, as `host:port`. */
  nodes?: readonly string[]
  /** First part of every key. Default `sluice`. */
  prefix?: string
  /**
   * How long a receiver may be silent before its unsettled deliveries go to others. It is renewed while the program runs,
   * however long a handler takes. A receiver whose connection ended is noticed within some seconds. Unit: ms. Default 30,000.
   */
  leaseMs?: number
  /** Longest pause between two looks of a waiting receiver that nobody woke up. Unit: ms. Default 2,000. */
  pollMs?: number
  /**
   * Live publishes travel as their body alone where a subscriber can tell the rest from it (`auto`, the default), or
   * always with their header, made ids and times of creation included (`always`).
   */
  envelope?: 'auto' | 'always'
  /** Messages a live subscription keeps while its receiver is busy; beyond it the oldest are dropped and reported. Default 10,000. */
  liveBuffer?: number
  /** `send` waits until this many replicas have the message (`WAIT`). Default 0. */
  waitReplicas?: number
  /** Longest wait for the replicas; then the send is `SEND_UNCONFIRMED`. Unit: ms. Default 1,000. */
  waitMs?: number
}

export interface HostPort {
  readonly host: string
  readonly port: number
}

/** Everything needed to open a connection. */
export interface Endpoint {
  readonly mode: 'single' | 'sentinel' | 'cluster'
  /** Empty where there is a socket. */
  readonly nodes: readonly HostPort[]
  /** Path of a Unix socket at which the server listens. */
  readonly socket: string | undefined
  /** Name of the Sentinels' master. */
  readonly master: string
  readonly username: string | undefined
  readonly password: string | undefined
  readonly sentinelUsername: string | undefined
  readonly sentinelPassword: string | undefined
  readonly db: number
  readonly tls: Readonly<Record<string, unknown>> | undefined
  readonly clientName: string
  /** Unit: ms; 0: off. */
  readonly heartbeatMs: number
  readonly prefix: string
  readonly leaseMs: number
  readonly pollMs: number
  readonly alwaysEnvelope: boolean
  readonly liveBuffer: number
  readonly waitReplicas: number
  readonly waitMs: number
  /** `host:port`, or the path of the socket, for people. */
  readonly place: string
}

const PATH_IS_NO_NUMBER = 'has a path that is no database number; a Unix socket is redis+unix:///path?db=0'

const OPTIONS = [
  'db',
  'cluster',
  'sentinel',
  'sentinelUsername',
  'sentinelPassword',
  'nodes',
  'prefix',
  'leaseMs',
  'pollMs',
  'envelope',
  'liveBuffer',
  'waitReplicas',
  'waitMs',
] as const satisfies readonly (keyof RedisAdapterOptions)[]
/** Renewing takes its time: a shorter lease would end under a receiver that lives. Unit: ms. */
export const LEAST_LEASE_MS = 100
/** The second is what Celery has, the third what redis-py, go-redis and redis-rb have. */
const SOCKET_SCHEMES: readonly string[] = ['redis+unix', 'redis+socket', 'unix']
const URL_FORM = {
  adapter: ADAPTER,
  form: 'redis://user:password@host:port/database, rediss:// for TLS, or redis+unix:///path?db=0',
  query: ['cluster', 'sentinel', 'db', 'prefix', 'waitReplicas', 'waitMs'],
  paths: SOCKET_SCHEMES,
}
const { invalid, wholeNumber } = optionReader(ADAPTER, 'connect()')

/** @throws `CONFIG_INVALID` naming the wrong option */
export function endpointOf(target: ConnectTarget): Endpoint {
  const url = readBrokerUrl(target.url, URL_FORM)
  const { query } = url
  checkKnownKeys(target.native, OPTIONS, 'connect(): native')
  const native = target.native as RedisAdapterOptions
  const secure = url.scheme === 'rediss'
  if (target.tls !== undefined && !secure) throw invalid('tls', 'needs a URL that begins with rediss:')
  const sentinel = nonEmpty('sentinel', native.sentinel ?? query.sentinel)
  const cluster = flag('cluster', native.cluster ?? query.cluster)
  if (cluster && sentinel !== undefined) throw invalid('cluster', 'and sentinel exclude each other')
  const mode = cluster ? 'cluster' : sentinel !== undefined ? 'sentinel' : 'single'
  const socket = socketOf(url, mode)
  const { host = 'localhost', port = mode === 'sentinel' ? 26_379 : 6_379 } = url
  const more = nodesOf(native.nodes, mode)
  const nodes = socket === undefined ? [{ host, port }, ...more] : []
  const db = wholeNumber('db', native.db, 0) ?? databaseOf(url, socket)
  if (mode === 'cluster' && db) throw invalid('db', 'is not there in a Cluster: it has database 0 alone')
  const waitReplicas = wholeNumber('waitReplicas', native.waitReplicas ?? query.waitReplicas, 0) ?? 0
  return {
    mode,
    nodes,
    socket,
    master: sentinel ?? '',
    username: target.username ?? url.username,
    password: target.password ?? url.password,
    sentinelUsername: nonEmpty('sentinelUsername', native.sentinelUsername),
    sentinelPassword: nonEmpty('sentinelPassword', native.sentinelPassword),
    db: db ?? 0,
    tls: secure ? (target.tls ?? {}) : undefined,
    clientName: target.clientName.replace(/[^\x21-\x7e]/g, '-'),
    heartbeatMs: target.heartbeatMs,
    prefix: prefixOf(nonEmpty('prefix', native.prefix ?? query.prefix)),
    leaseMs: wholeNumber('leaseMs', native.leaseMs, LEAST_LEASE_MS) ?? 30_000,
    pollMs: timerMs(wholeNumber('pollMs', native.pollMs, 10) ?? 2_000),
    alwaysEnvelope: alwaysEnvelope(native.envelope),
    liveBuffer: wholeNumber('liveBuffer', native.liveBuffer, 1) ?? 10_000,
    waitReplicas,
    waitMs: wholeNumber('waitMs', native.waitMs ?? query.waitMs, 1) ?? 1_000,
    place: socket ?? nodes.map(({ host, port }) => placeText(host, port)).join(', '),
  }
}

/** The path of a socket URL; `undefined`: the URL names a host. */
function socketOf({ scheme, host, path }: BrokerUrl, mode: Endpoint['mode']): string | undefined {
  if (!SOCKET_SCHEMES.includes(scheme)) return undefined
  if (host !== undefined || path.length < 2)
    throw invalid('url', `names no socket: write ${scheme}:///path/of/the.sock`)
  if (mode !== 'single') throw invalid(mode, 'does not go with a Unix socket, which leads to one server')
  return path
}

/** By the path or the parameter of a URL. */
function databaseOf({ path, query }: BrokerUrl, socket: string | undefined): number | undefined {
  const asked = wholeNumber('db', query.db, 0)
  const named = path.slice(1)
  if (socket !== undefined || named === '') return asked
  if (!/^\d+$/.test(named)) throw invalid('url', PATH_IS_NO_NUMBER)
  const inPath = wholeNumber('db', named, 0)
  if (asked !== undefined && asked !== inPath) throw invalid('db', 'is not what the path of the URL says')
  return inPath
}

function nodesOf(nodes: unknown, mode: Endpoint['mode']): HostPort[] {
  if (nodes === undefined) return []
  if (mode === 'single') throw invalid('nodes', 'needs cluster or sentinel')
  if (!Array.isArray(nodes)) throw invalid('nodes', 'is no list')
  return nodes.map((node) => {
    const found = typeof node === 'string' ? /^(\[[^\]]+\]|[^:[\]]+):(\d+)$/.exec(node) : null
    if (!found) throw invalid('nodes', 'holds something that is no host:port')
    return { host: found[1]!.replace(/^\[|\]$/g, ''), port: Number(found[2]) }
  })
}

/** It stands in scripts and keys, where other characters have a meaning. */
function prefixOf(prefix = 'sluice'): string {
  if (/^[\w.:-]+$/.test(prefix)) return prefix
  throw invalid('prefix', 'holds something else than letters, digits and _ . : -')
}

function nonEmpty(option: string, value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value
  throw invalid(option, 'is no text')
}

function alwaysEnvelope(value: unknown): boolean {
  if (value === undefined || value === 'auto') return false
  if (value === 'always') return true
  throw invalid('envelope', "is neither 'auto' nor 'always'")
}

function flag(option: string, value: unknown): boolean {
  if (value === undefined || value === false || value === 'false') return false
  if (value === true || value === 'true' || value === '') return true
  throw invalid(option, 'is neither true nor false')
}
