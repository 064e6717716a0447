/** Options of `connect`, checked and defaulted. */

import type { ConnectTarget } from '../../contract/adapter.ts'
import { checkKnownKeys } from '../../core/options/known-keys.ts'
import { checkNumber, checkObject, checkSignal, checkType } from '../../core/options/typed.ts'
import type { BodyCodec, CodecTable } from '../../model/body-codec.ts'
import { MessagingError } from '../../model/errors.ts'
import type { ReconnectOptions } from './supervisor.ts'

/** Options of `connect()` that are the same for all adapters. */
export interface GeneralConnectOptions<Url extends string = string> {
  /**
   * One URL, or several of the same kind to go round (a fail-over list). Each is tried when the one before has failed, or beside it when
   * that one has been silent for a second; the first that answers counts.
   */
  url: Url | readonly Url[]
  /** Shown to the broker's administrator. Default `sluice`. */
  clientName?: string | undefined
  /** Instead of the URL's user. */
  username?: string | undefined
  /** Instead of the URL's password, so that it stands in no URL. */
  password?: string | undefined
  /** Node's TLS options (`ca`, `cert`, `key`, `servername` …), for the TLS schemes. Certificates are always checked unless these say otherwise. */
  tls?: Readonly<Record<string, unknown>> | undefined
  /** For the first connection over all URLs, and for each attempt to come back. Unit: ms. Default 10,000. */
  connectTimeoutMs?: number | undefined
  /** A silent peer is declared dead after about twice this. Unit: ms; more than 12 hours count as 12 hours. Default 10,000; 0: never. */
  heartbeatMs?: number | undefined
  /** How a lost connection comes back; `false`: not at all. */
  reconnect?:
    | undefined
    | false
    | {
        /** Default 100 ms. */
        minDelayMs?: number | undefined
        /** Default 10,000 ms. */
        maxDelayMs?: number | undefined
        /** Rounds over all URLs before giving up for good. Default: no limit. */
        limit?: number | undefined
        /** Treat an unreachable broker at the first `connect` like a lost one: wait for it. Default false. */
        waitForBroker?: boolean | undefined
      }
  /** Further encodings of bodies, by content type. */
  codecs?: readonly BodyCodec[] | undefined
  /** The adapter's own options; see its README. */
  native?: object | undefined
  /** Ends the attempt to connect. */
  signal?: AbortSignal | undefined
}

export interface ConnectPlan {
  readonly targets: readonly ConnectTarget[]
  readonly connectTimeoutMs: number
  readonly reconnect: ReconnectOptions | false
  readonly waitForBroker: boolean
  readonly codecs: CodecTable
}

export const CONNECT_OPTIONS = [
  'url',
  'clientName',
  'username',
  'password',
  'tls',
  'connectTimeoutMs',
  'heartbeatMs',
  'reconnect',
  'codecs',
  'native',
  'signal',
] as const satisfies readonly (keyof GeneralConnectOptions)[]

/** What the timers of Node, and the wire of every broker (two bytes of seconds on RabbitMQ), can hold twice. */
const LONGEST_HEARTBEAT_MS = 12 * 3_600_000

const CALL = 'connect()'
const RECONNECT_OPTIONS = ['minDelayMs', 'maxDelayMs', 'limit', 'waitForBroker']

/** @throws `CONFIG_INVALID` on an unknown or unusable option */
export function connectPlan(options: GeneralConnectOptions): ConnectPlan {
  checkKnownKeys(options, CONNECT_OPTIONS, CALL)
  checkTypes(options)
  const { reconnect } = options
  if (reconnect) checkKnownKeys(reconnect, RECONNECT_OPTIONS, 'connect(): reconnect')
  const common = {
    clientName: options.clientName ?? 'sluice',
    username: options.username,
    password: options.password,
    tls: options.tls,
    heartbeatMs: Math.min(notNegative('heartbeatMs', options.heartbeatMs, 10_000), LONGEST_HEARTBEAT_MS),
    native: (options.native ?? {}) as ConnectTarget['native'],
  }
  const codecs = new Map<string, BodyCodec>()
  for (const codec of options.codecs ?? []) {
    const { contentType, encode, decode } = codec ?? {}
    if (typeof contentType !== 'string' || typeof encode !== 'function' || typeof decode !== 'function')
      throw new TypeError('connect(): a codec needs contentType, encode and decode')
    codecs.set(codec.contentType.toLowerCase(), codec)
  }
  return {
    targets: urlsOf(options).map((url) => ({ url, ...common })),
    connectTimeoutMs: notNegative('connectTimeoutMs', options.connectTimeoutMs, 10_000),
    reconnect:
      reconnect === false
        ? false
        : {
            minDelayMs: notNegative('reconnect.minDelayMs', reconnect?.minDelayMs, 100),
            maxDelayMs: notNegative('reconnect.maxDelayMs', reconnect?.maxDelayMs, 10_000),
            limit: notNegative('reconnect.limit', reconnect?.limit, Number.POSITIVE_INFINITY),
          },
    waitForBroker: typeof reconnect === 'object' && (reconnect.waitForBroker ?? false),
    codecs,
  }
}

/** The URLs of the options, at least one. */
export function urlsOf({ url }: Pick<GeneralConnectOptions, 'url'>): readonly string[] {
  const urls = typeof url === 'string' ? [url] : url
  if (
    !Array.isArray(urls) ||
    urls.length === 0 ||
    urls.some((one) => typeof one !== 'string' || one === '')
  ) {
    throw new MessagingError('CONFIG_INVALID', 'connect(): url is missing', {
      hint: 'Give a URL such as rabbitmq://localhost, or set SLUICE_URL.',
      context: { option: 'url' },
    })
  }
  return urls
}

function checkTypes(options: GeneralConnectOptions): void {
  for (const name of ['clientName', 'username', 'password'] as const)
    checkType(CALL, name, options[name], 'string')
  for (const name of ['tls', 'native'] as const) checkObject(CALL, name, options[name])
  const { reconnect, codecs, signal } = options
  if (reconnect !== false) checkObject(CALL, 'reconnect', reconnect)
  if (reconnect) checkType(CALL, 'waitForBroker', reconnect.waitForBroker, 'boolean')
  if (codecs !== undefined && !Array.isArray(codecs)) throw new TypeError('connect(): codecs is no array')
  checkSignal(CALL, signal)
}

function notNegative(name: string, value: number | undefined, fallback: number): number {
  checkNumber(CALL, name, value, (given) => given >= 0, '0 or more')
  return value ?? fallback
}
