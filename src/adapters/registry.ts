/** Which adapter speaks which URL scheme; each is loaded when its scheme is first used. */
import type { Adapter } from '../contract/adapter.ts'
import { nearest } from '../core/options/nearest.ts'
import { MessagingError } from '../model/errors.ts'

const LOADERS: Readonly<Record<string, () => Promise<Adapter>>> = {
  memory: async () => (await import('./memory/adapter.ts')).memoryAdapter,
  file: async () => (await import('./memory/adapter.ts')).fileAdapter,
  rabbitmq,
  rabbitmqs: rabbitmq,
  amqp: rabbitmq,
  amqps: rabbitmq,
  qpid,
  qpids: qpid,
  amqp10: qpid,
  amqp10s: qpid,
  redis,
  rediss: redis,
  'redis+unix': redis,
  'redis+socket': redis,
  unix: redis,
  zmq: zeromq,
  'zmq+tcp': zeromq,
  'zmq+ipc': zeromq,
  'zmq+inproc': zeromq,
}

/** Schemes with TLS, by those of the same broker without. */
const SECURE: Readonly<Record<string, string>> = {
  rabbitmq: 'rabbitmqs',
  amqp: 'amqps',
  qpid: 'qpids',
  amqp10: 'amqp10s',
  redis: 'rediss',
}

/** How other libraries write what stands in the URL's parameters here. */
const BY_PARAMETER: Readonly<Record<string, string>> = {
  'redis+sentinel': 'redis://host:26379?sentinel=NAME',
  'redis-sentinel': 'redis://host:26379?sentinel=NAME',
  sentinel: 'redis://host:26379?sentinel=NAME',
  valkey: 'redis:',
  valkeys: 'rediss:',
  'rediss+sentinel': 'rediss://host:26379?sentinel=NAME',
  'redis+cluster': 'redis://host:6379?cluster=true',
  'rediss+cluster': 'rediss://host:6379?cluster=true',
  'redis-socket': 'redis+unix:///path?db=0',
}

/** Adapters that applications added. */
const added = new Map<string, Adapter>()

/** Every scheme a URL may have. */
export function knownSchemes(): string[] {
  return [...Object.keys(LOADERS), ...added.keys()]
}

/**
 * Adds an adapter of your own; its schemes win over the built-in ones. Prove it with `sluice/conformance`.
 *
 * @example
 * ```ts
 * registerAdapter(myAdapter)
 * const connection = await connect('mine://127.0.0.1:1234')
 * ```
 */
export function registerAdapter(adapter: Adapter): void {
  for (const scheme of adapter.schemes) added.set(scheme, adapter)
}

/**
 * The adapter that speaks the URL's scheme, loaded when it is first needed.
 *
 * @throws `CONFIG_INVALID` on a scheme nobody speaks
 *
 * @example
 * ```ts
 * const { capabilities } = await adapterFor('rabbitmq://localhost')
 * console.log(capabilities.features.priority.level)
 * ```
 */
export async function adapterFor(url: string): Promise<Adapter> {
  if (typeof url !== 'string') throw new TypeError('adapterFor(): the URL is no string')
  const scheme = schemeOf(url)
  if (scheme === undefined) throw unknown('connect(): the URL does not begin with a scheme', undefined)
  const load = Object.hasOwn(LOADERS, scheme) ? LOADERS[scheme] : undefined
  const adapter = added.get(scheme) ?? (await load?.())
  if (adapter === undefined) throw unknown(`connect(): no adapter speaks '${scheme}:'`, likely(scheme))
  return adapter
}

/** Whether the URL asks for TLS. */
export function isSecure(url: string): boolean {
  return Object.values(SECURE).includes(schemeOf(url) ?? '')
}

function schemeOf(url: string): string | undefined {
  return /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase()
}

/** What was meant by an unknown scheme. */
function likely(scheme: string): string | undefined {
  const form = Object.hasOwn(BY_PARAMETER, scheme) ? BY_PARAMETER[scheme] : undefined
  if (form !== undefined) return form
  const [family = '', suffix] = scheme.split('+')
  const secure = Object.hasOwn(SECURE, family) ? SECURE[family] : undefined
  if (secure !== undefined && /^(ssl|tls|s)$/.test(suffix ?? '')) return `${secure}:`
  const near = Object.hasOwn(LOADERS, family) ? family : nearest(scheme, knownSchemes())
  return near && `${near}:`
}

async function rabbitmq(): Promise<Adapter> {
  return (await import('./rabbitmq/adapter.ts')).rabbitmqAdapter
}

async function qpid(): Promise<Adapter> {
  return (await import('./qpid/adapter.ts')).qpidAdapter
}

async function redis(): Promise<Adapter> {
  return (await import('./redis/adapter.ts')).redisAdapter
}

async function zeromq(): Promise<Adapter> {
  return (await import('./zeromq/adapter.ts')).zeromqAdapter
}

function unknown(text: string, near: string | undefined): MessagingError {
  return new MessagingError('CONFIG_INVALID', near ? `${text}; did you mean '${near}'?` : text, {
    hint: `A URL begins with its scheme, as in rabbitmq://localhost. Known schemes: ${knownSchemes().join(', ')}`,
    context: { option: 'url' },
  })
}
