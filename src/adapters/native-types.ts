/** What `connect()` knows of an adapter by the scheme of its URL: the types of its own options and of `connection.native`. */
import type { Broker } from '../broker/index.ts'
import type { QpidNative } from './qpid/native.ts'
import type { QpidOptions } from './qpid/options.ts'
import type { RabbitmqNative } from './rabbitmq/native.ts'
import type { RabbitmqOptions } from './rabbitmq/options.ts'
import type { RedisNative } from './redis/native.ts'
import type { RedisAdapterOptions } from './redis/options.ts'
import type { ZeromqNative } from './zeromq/native.ts'
import type { ZeromqOptions } from './zeromq/options.ts'

interface NativeTypes<Options, Native> {
  /** As written in `connect({ native })`. */
  readonly options: { readonly [Name in keyof Options]?: Options[Name] | undefined }
  readonly native: Native
}

type Embedded = NativeTypes<Record<string, never>, Broker>
type Rabbitmq = NativeTypes<RabbitmqOptions, RabbitmqNative>
type Qpid = NativeTypes<QpidOptions, QpidNative>
type Redis = NativeTypes<RedisAdapterOptions, RedisNative>
type Zeromq = NativeTypes<ZeromqOptions, ZeromqNative>

/** By URL scheme; check: `registry.ts` has the same ones. */
interface NativeTypesByScheme {
  memory: Embedded
  file: Embedded
  rabbitmq: Rabbitmq
  rabbitmqs: Rabbitmq
  amqp: Rabbitmq
  amqps: Rabbitmq
  qpid: Qpid
  qpids: Qpid
  amqp10: Qpid
  amqp10s: Qpid
  redis: Redis
  rediss: Redis
  'redis+unix': Redis
  'redis+socket': Redis
  unix: Redis
  zmq: Zeromq
  'zmq+tcp': Zeromq
  'zmq+ipc': Zeromq
  'zmq+inproc': Zeromq
}

/** Of a URL that is not known before the program runs, or of an adapter of another package: any options. */
type NativeTypesOf<Url extends string> = Url extends `${infer Scheme}:${string}`
  ? Lowercase<Scheme> extends keyof NativeTypesByScheme
    ? NativeTypesByScheme[Lowercase<Scheme>]
    : NativeTypes<Record<string, unknown>, unknown>
  : NativeTypes<Record<string, unknown>, unknown>

/** The adapter's own options, by URL. */
export type NativeOptionsOf<Url extends string> = NativeTypesOf<Url>['options']

/** The client library's own object, by URL. */
export type NativeOf<Url extends string> = NativeTypesOf<Url>['native']
