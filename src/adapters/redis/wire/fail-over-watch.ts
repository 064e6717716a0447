/**
 * Sentinels tell when they replace a master. Without their word a connection to one that is frozen would end by its silence alone, and one
 * that is being made would wait for an answer of it.
 */
import type { Endpoint } from '../options.ts'
import { sentinelOptions } from './client-options.ts'
import { guard } from './guard.ts'

/** Sentinels that are listened to: some may be away together with the master. */
const MOST_SENTINELS = 5
const CHANNEL = '+switch-master'

export class MasterReplaced extends Error {
  constructor(host: string | undefined, port: string | undefined) {
    super(`The Sentinels replaced the master; it is at ${host}:${port} now`)
  }
}

export interface FailOverWatch {
  /** Aborts with a {@link MasterReplaced} when the master is another one. */
  readonly replaced: AbortSignal
  stop(): void
}

/** Listens until it is stopped. Sentinels that cannot be reached, or may not be listened to, tell nothing. */
export function watchFailOver(
  { Redis }: Pick<typeof import('ioredis'), 'Redis'>,
  endpoint: Endpoint,
): FailOverWatch {
  const replaced = new AbortController()
  const sentinels = endpoint.nodes.slice(0, MOST_SENTINELS).map((place) => {
    const sentinel = new Redis(sentinelOptions(endpoint, place))
    guard(sentinel)
    // The way to the server tells what is wrong with a Sentinel.
    sentinel.on('error', () => {})
    sentinel.on('message', (_, text) => {
      const [master, , , host, port] = text.split(' ')
      if (master === endpoint.master) replaced.abort(new MasterReplaced(host, port))
    })
    sentinel.subscribe(CHANNEL).catch(() => {})
    return sentinel
  })
  return {
    replaced: replaced.signal,
    stop: () => {
      for (const sentinel of sentinels) sentinel.disconnect()
    },
  }
}
