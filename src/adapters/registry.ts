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
  zmq: async () => (await import('./zeromq/adapter.ts')).zeromqAdapter,
}

/** Adapters that applications added. */
const added = new Map<string, Adapter>()

/** Every scheme a URL may have. */
export function knownSchemes(): string[] {
  return [...Object.keys(LOADERS), ...added.keys()]
}

/** Adds an adapter of your own; its schemes win over the built-in ones. Prove it with `sluice/conformance`. */
export function registerAdapter(adapter: Adapter): void {
  for (const scheme of adapter.schemes) added.set(scheme, adapter)
}

/** The adapter that speaks the URL's scheme, loaded when it is first needed. @throws `CONFIG_INVALID` on a scheme nobody speaks */
export async function adapterFor(url: string): Promise<Adapter> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase()
  if (scheme === undefined) throw unknown('connect(): the URL has no scheme', undefined)
  // `zmq+ipc:` and the like: the part before the plus names the adapter.
  const family = scheme.split('+')[0]!
  const own = added.get(scheme) ?? added.get(family)
  if (own) return own
  const load = Object.hasOwn(LOADERS, family) ? LOADERS[family] : undefined
  if (!load) throw unknown(`connect(): no adapter speaks '${scheme}:'`, nearest(scheme, knownSchemes()))
  return load()
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

function unknown(text: string, near: string | undefined): MessagingError {
  return new MessagingError('CONFIG_INVALID', near ? `${text}; did you mean '${near}:'?` : text, {
    hint: `A URL begins with its scheme, as in rabbitmq://localhost. Known schemes: ${knownSchemes().join(', ')}`,
    context: { option: 'url' },
  })
}
