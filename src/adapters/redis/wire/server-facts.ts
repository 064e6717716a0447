/** What a server says of itself when a connection is opened, as far as this user may ask. */
import type { Redis } from 'ioredis'
import { isForbidden, textOf } from '../errors.ts'
import { whenServing } from './when-serving.ts'

export interface ServerFacts {
  readonly product: string
  readonly version: string
  /** What kind of server it is: `standalone`, `cluster` or `sentinel`; `unknown` where this user may not ask. */
  readonly mode: string
  /** A replica that takes writes, all of which go with its next synchronisation. */
  readonly losesWrites: boolean
  /** Scripts may begin with flags (Redis 7.0 and later). */
  readonly scriptFlags: boolean
  /** Changes with every start of the server; empty where this user may not ask. */
  readonly runId: string
  /** Of the connection for commands; `undefined` where it cannot be known. */
  readonly clientId: string | undefined
  readonly appendOnly: 'yes' | 'no' | 'unknown'
  readonly sync: 'always' | 'everysec' | 'no' | 'unknown'
  /** It syncs nothing while it writes its append-only file anew. */
  readonly unsyncedRewrites: boolean
  /** What the server does when its memory is full. */
  readonly eviction: string
  /** Longest argument of a command, and what a client could read again. Unit: bytes. */
  readonly maxArgumentBytes: number
  /** What a subscriber can be told at once: the server ends the connection of who is told more. Unit: bytes. */
  readonly maxPublishBytes: number
  /** How many bytes of messages one answer should have, about. */
  readonly answerBytes: number
  /** The server ends connections for which more waits than so much. */
  readonly answersLimited: boolean
  /** The server has told what limits it; else these are its defaults. */
  readonly limitsKnown: boolean
  /** The server ends a connection that asks nothing for so long. 0: it does not, or does not tell. Unit: ms. */
  readonly idleMs: number
}

/** Where a server does not tell: its own defaults. Unit: bytes. */
const MAX_BULK_BYTES = 512 * 1_048_576
const QUERY_BUFFER_BYTES = 1_024 * 1_048_576
/** What a command holds beside its longest argument, and what the server has read of the next one. Unit: bytes. */
const BESIDE_BYTES = 65_536

/** Default of `client-output-buffer-limit` for subscribers. */
const PUBLISH_BYTES = 'pubsub 33554432'
/** Unit: bytes. */
const ANSWER_BYTES = 2_097_152
/** Of what may wait for a client, the part that one answer of several messages takes. */
const ANSWER_PART = 8
/** protocol: what waits is counted as the server's allocator rounds it up, by a quarter at most. */
const ROUNDED = 0.8

/** Asks, after the server has read its data from disk and has ended another program's script. */
export async function askServer(server: Redis, signal: AbortSignal): Promise<ServerFacts> {
  const info = await whenServing(signal, () => description(server))
  const [clientId, appendOnly, sync, eviction, bulk, queryBuffer, outputBuffers, all, memory, idle, lax] =
    await Promise.all([
      optional(server.client('ID')),
      setting(server, 'appendonly'),
      setting(server, 'appendfsync'),
      setting(server, 'maxmemory-policy'),
      setting(server, 'proto-max-bulk-len'),
      setting(server, 'client-query-buffer-limit'),
      setting(server, 'client-output-buffer-limit'),
      setting(server, 'maxmemory-clients'),
      setting(server, 'maxmemory'),
      setting(server, 'timeout'),
      setting(server, 'no-appendfsync-on-rewrite'),
    ])
  const hello = versionIn(info) === undefined ? await greeting(server) : undefined
  const version = versionIn(info) ?? hello?.('version')
  const field = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1]
  const aof = appendOnly ?? { 1: 'yes', 0: 'no' }[field('aof_enabled') ?? '']
  const mostOfClients = limitOfClients(all, memory)
  const mostAnswered = Math.min(hardLimit(outputBuffers, 'normal'), mostOfClients)
  return {
    product: field('server_name') === 'valkey' ? 'Valkey' : 'Redis',
    version: field('valkey_version') ?? version ?? 'unknown',
    mode: field('redis_mode') ?? field('server_mode') ?? hello?.('mode') ?? 'unknown',
    losesWrites: field('role') === 'slave' && field('slave_read_only') === '0',
    // A server that tells no version is asked by a script: without flags a full server could not be emptied.
    scriptFlags: version === undefined ? await takesFlags(server) : Number.parseInt(version, 10) >= 7,
    runId: field('run_id') ?? '',
    clientId: clientId === undefined ? undefined : String(clientId),
    appendOnly: aof === 'yes' || aof === 'no' ? aof : 'unknown',
    unsyncedRewrites: lax === 'yes',
    sync: sync === 'always' || sync === 'everysec' || sync === 'no' ? sync : 'unknown',
    eviction: eviction ?? 'unknown',
    limitsKnown: bulk !== undefined && queryBuffer !== undefined,
    maxArgumentBytes: Math.min(
      Number(bulk ?? MAX_BULK_BYTES),
      Number(queryBuffer ?? QUERY_BUFFER_BYTES) - BESIDE_BYTES,
      besides(mostAnswered),
    ),
    maxPublishBytes: besides(Math.min(hardLimit(outputBuffers ?? PUBLISH_BYTES, 'pubsub'), mostOfClients)),
    answerBytes: Math.max(1, Math.min(ANSWER_BYTES, Math.floor(mostAnswered / ANSWER_PART))),
    answersLimited: mostAnswered !== Infinity,
    idleMs: 1_000 * Number(idle ?? 0),
  }
}

/** What is left for one message of so much that may wait for a client. */
function besides(bytes: number): number {
  return bytes === Infinity ? bytes : Math.floor(bytes - Math.min(BESIDE_BYTES, bytes / 10))
}

/** What may wait for a client of this class, in `normal 0 0 0 … pubsub 33554432 8388608 60`. Unit: bytes. */
function hardLimit(setting: string | undefined, kind: 'normal' | 'pubsub'): number {
  const found = Number(new RegExp(`\\b${kind} (\\d+)`).exec(setting ?? '')?.[1] ?? 0)
  return found === 0 ? Infinity : Math.floor(found * ROUNDED)
}

/**
 * What all clients together may hold before the server ends the connection of the one that holds most: bytes, or a part of its memory
 * in percent. 0: no limit. Unit: bytes.
 */
function limitOfClients(setting = '0', memory = '0'): number {
  const found = setting.endsWith('%')
    ? (Number(memory) * Number.parseInt(setting, 10)) / 100
    : Number(setting)
  return found > 0 ? Math.floor(found * ROUNDED) : Infinity
}

function versionIn(info: string): string | undefined {
  return /^redis_version:(.*?)\r?$/m.exec(info)?.[1]
}

/** Facts of the handshake, by name: it tells some to users who may not read the server's description. */
async function greeting(server: Redis): Promise<(name: string) => string | undefined> {
  const reply = await optional(server.call('HELLO'))
  const facts: unknown[] = Array.isArray(reply) ? reply : []
  return (name) => {
    const at = facts.indexOf(name)
    const fact = at < 0 ? undefined : facts[at + 1]
    return typeof fact === 'string' ? fact : undefined
  }
}

/** Redis 7 is what this adapter is for: only a server that cannot compile such a script is taken for an older one. */
async function takesFlags(server: Redis): Promise<boolean> {
  try {
    await server.eval('#!lua flags=allow-oom\nreturn 1', 0)
    return true
  } catch (error) {
    return !/compiling script/i.test(textOf(error))
  }
}

/** Resolves to the server's description; empty where this user may not read it. */
async function description(server: Redis): Promise<string> {
  await optional(server.ping())
  // The section of persistence tells whether there is an append-only file where CONFIG is forbidden.
  const names = ['server', 'persistence', 'replication']
  const sections = await Promise.all(names.map((name) => optional(server.info(name))))
  return sections.map((section) => section ?? '').join('\n')
}

async function setting(server: Redis, name: string): Promise<string | undefined> {
  const pair = (await optional(server.config('GET', name))) as string[] | undefined
  return pair?.[1]
}

/**
 * `undefined` where this user may not ask, or the server does not know the command. A server that cannot write to its disk says so
 * to every PING: it is there, and can be read.
 */
async function optional<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (isForbidden(error) || /^(ERR|MISCONF)\b/.test(textOf(error))) return undefined
    throw error
  }
}
