/** What a server says of itself when a connection is opened, as far as this user may ask. */
import type { Redis } from 'ioredis'
import { isForbidden, textOf } from '../errors.ts'

export interface ServerFacts {
  readonly product: string
  readonly version: string
  /** Changes with every start of the server. */
  readonly runId: string
  /** Of the connection for commands; `undefined` where it cannot be known. */
  readonly clientId: string | undefined
  readonly appendOnly: 'yes' | 'no' | 'unknown'
  readonly sync: 'always' | 'everysec' | 'no' | 'unknown'
  /** What the server does when its memory is full. */
  readonly eviction: string
}

const LOADING_PAUSE_MS = 100

/** Asks, after the server has read its data from disk. */
export async function askServer(server: Redis, signal: AbortSignal): Promise<ServerFacts> {
  const info = await loaded(server, signal)
  const [clientId, appendOnly, sync, eviction] = await Promise.all([
    optional(server.client('ID')),
    setting(server, 'appendonly'),
    setting(server, 'appendfsync'),
    setting(server, 'maxmemory-policy'),
  ])
  const field = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1]
  const aof = appendOnly ?? { 1: 'yes', 0: 'no' }[field('aof_enabled') ?? '']
  return {
    product: field('server_name') === 'valkey' ? 'Valkey' : 'Redis',
    version: field('valkey_version') ?? field('redis_version') ?? 'unknown',
    runId: field('run_id') ?? '',
    clientId: clientId === undefined ? undefined : String(clientId),
    appendOnly: aof === 'yes' || aof === 'no' ? aof : 'unknown',
    sync: sync === 'always' || sync === 'everysec' || sync === 'no' ? sync : 'unknown',
    eviction: eviction ?? 'unknown',
  }
}

/** Resolves to the server's description; empty where this user may not read it. */
async function loaded(server: Redis, signal: AbortSignal): Promise<string> {
  for (;;) {
    try {
      await server.ping()
      // Two sections: the persistence one tells whether there is an append-only file where CONFIG is forbidden.
      const sections = await Promise.all([
        optional(server.info('server')),
        optional(server.info('persistence')),
      ])
      return sections.map((section) => section ?? '').join('\n')
    } catch (error) {
      if (!textOf(error).startsWith('LOADING') || signal.aborted) throw error
      await new Promise((resolve) => setTimeout(resolve, LOADING_PAUSE_MS))
    }
  }
}

async function setting(server: Redis, name: string): Promise<string | undefined> {
  const pair = (await optional(server.config('GET', name))) as string[] | undefined
  return pair?.[1]
}

/** `undefined` where this user may not ask, or the server does not know the command. */
async function optional<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (isForbidden(error) || /^ERR\b/.test(textOf(error))) return undefined
    throw error
  }
}
