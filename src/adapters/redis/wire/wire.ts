/**
 * The physical connections of one generation: one for commands, one for pub/sub, and one for sends where those wait for
 * replicas. None of them reconnects: when one is lost, all are given up.
 */
import type { Cluster, ClusterOptions, Redis, RedisOptions } from 'ioredis'
import { lookFor } from '../../../core/connecting/reach.ts'
import type { MessagingError } from '../../../model/errors.ts'
import { connectError, isConnectionError, wasHungUp } from '../errors.ts'
import { loadIoredis } from '../library.ts'
import type { Endpoint, HostPort } from '../options.ts'
import type { CommandLibrary } from './hidden-call.ts'
import { farewell, tlsAfterAll, whileTlsAnswers } from './other-side.ts'
import { LIBRARY, REACHES } from './reaches.ts'
import { whenServing } from './when-serving.ts'

export type Client = Redis | Cluster

/** ioredis' own limit; the caller's signal is shorter or longer. Unit: ms. */
const CONNECT_TIMEOUT_MS = 60_000
/** For each Sentinel, and for the server they name: one that is silent must leave time for the next. Unit: ms. */
const SENTINEL_TIMEOUT_MS = 3_000
/** For {@link Wire.spare}. Unit: ms. */
const SPARE_TIMEOUT_MS = 5_000
/** For a server that does not answer a farewell. Unit: ms. */
const DISCONNECT_TIMEOUT_MS = 1_000

export class Wire {
  readonly library: CommandLibrary
  readonly commands: Client
  readonly subscriber: Redis
  /** Where sends go: `commands`, unless they wait for replicas there. */
  readonly sends: Client
  readonly #endpoint: Endpoint
  readonly #clients: ReadonlySet<Client>
  #ended: ((cause: unknown) => void) | undefined
  #cause: unknown
  #isEnded = false

  private constructor(
    endpoint: Endpoint,
    library: CommandLibrary,
    commands: Client,
    subscriber: Redis,
    sends: Client,
  ) {
    this.#endpoint = endpoint
    this.library = library
    this.commands = commands
    this.subscriber = subscriber
    this.sends = sends
    this.#clients = new Set<Client>([commands, subscriber, sends])
    for (const client of this.#clients) this.#watch(client)
  }

  /**
   * @param warn is told what of ioredis is built otherwise
   * @throws `CONNECT_FAILED`, `UNAUTHENTICATED`; nothing is left open then
   */
  static open(
    endpoint: Endpoint,
    signal: AbortSignal,
    warn: (warning: MessagingError) => void,
  ): Promise<Wire> {
    return whileTlsAnswers(endpoint, signal, (both) => Wire.#open(endpoint, both, warn))
  }

  static async #open(
    endpoint: Endpoint,
    signal: AbortSignal,
    warn: (warning: MessagingError) => void,
  ): Promise<Wire> {
    const library = await loadIoredis()
    const opened: Client[] = []
    const looked = (client: Redis): CommandLibrary => ({
      Command: library.Command,
      found: lookFor(LIBRARY, REACHES, { library, client }, warn),
    })
    const open = <C extends Client>(client: C): Promise<C> => {
      opened.push(client)
      return connected(client, signal)
    }
    try {
      if (endpoint.mode === 'cluster') {
        const make = (): Promise<Cluster> =>
          open(new library.Cluster([...endpoint.nodes], clusterOptions(endpoint)))
        const [cluster, sends] = await Promise.all([make(), endpoint.waitReplicas > 0 ? make() : undefined])
        // Plain pub/sub reaches every node of a cluster, so one subscriber hears all.
        const { host, port } = (await livingMaster(cluster)).options
        const place = { host: host!, port: port! }
        const subscriber = await open(new library.Redis(nodeOptions(endpoint, place)))
        return new Wire(endpoint, looked(subscriber), cluster, subscriber, sends ?? cluster)
      }
      const make = async (): Promise<Redis> => {
        const client = await open(new library.Redis(serverOptions(endpoint)))
        // ioredis selects by itself, and stays in database 0 without a word where that is refused.
        if (endpoint.db > 0) await whenServing(signal, () => client.select(endpoint.db))
        return client
      }
      const [commands, subscriber, sends] = await Promise.all([
        make(),
        make(),
        endpoint.waitReplicas > 0 ? make() : undefined,
      ])
      return new Wire(endpoint, looked(subscriber), commands, subscriber, sends ?? commands)
    } catch (cause) {
      for (const client of opened) hangUp(client)
      const hungUp = !signal.aborted && wasHungUp(cause)
      const isTls = hungUp ? await tlsAfterAll(endpoint) : undefined
      const said = hungUp && !isTls ? await farewell(endpoint) : undefined
      throw isTls ?? connectError(signal.aborted ? (signal.reason ?? cause) : (said ?? cause), endpoint.place)
    }
  }

  /** A connection of its own to one of the servers, for what may end a connection. */
  async spare(): Promise<Redis> {
    const { Redis } = await loadIoredis()
    const { host, port } = this.subscriber.options
    const options =
      this.#endpoint.mode === 'cluster'
        ? nodeOptions(this.#endpoint, { host: host!, port: port! })
        : serverOptions(this.#endpoint)
    return connected(new Redis(options), AbortSignal.timeout(SPARE_TIMEOUT_MS))
  }

  /** Calls back once when a connection has ended. */
  onEnd(ended: (cause: unknown) => void): void {
    this.#ended = ended
    if (this.#isEnded) ended(this.#cause)
  }

  /** Every server that a heartbeat must reach: of a Cluster the masters that could be reached. */
  get servers(): Redis[] {
    const clients = [...this.#clients]
    return clients.flatMap((client) =>
      'nodes' in client ? client.nodes('master').filter(isReady) : [client],
    )
  }

  /** Ends all connections at once; what was written before is still sent. */
  close(): void {
    this.#ended = undefined
    for (const client of this.#clients) hangUp(client)
  }

  /** Ends every socket without waiting for what is still to be written. */
  destroy(): void {
    this.#ended = undefined
    for (const client of this.#clients)
      for (const node of 'nodes' in client ? client.nodes() : [client]) node.stream?.destroy()
  }

  #watch(client: Client): void {
    client.on('error', (error: unknown) => {
      this.#cause = error
    })
    const end = (): void => {
      if (this.#isEnded) return
      this.#isEnded = true
      this.#ended?.(this.#cause)
    }
    client.on('close', end)
    client.on('end', end)
    if (!('nodes' in client)) {
      if (client.status === 'end' || client.status === 'close') end()
      return
    }
    client.on('node error', (error: unknown) => {
      this.#cause = error
    })
    // One that was never reached has nothing in doubt: what is meant for it waits (see `script-calls.ts`).
    client.on('-node', (node: Redis) => {
      if (reached.has(node)) end()
    })
  }
}

/** Nodes of Clusters that were ready for commands once. */
const reached = new WeakSet<Redis>()

function isReady({ status }: Redis): boolean {
  return status === 'ready'
}

/**
 * The first master that answers, once all were tried: one that is dead keeps none of the others from being used.
 *
 * @throws what the Cluster says of itself where it serves nobody, or why no master answers
 */
async function livingMaster(cluster: Cluster): Promise<Redis> {
  const masters = cluster.nodes('master')
  const answers = masters.map(async (master) => {
    // What it refuses it has heard: it is there.
    await master.ping().catch((error) => {
      if (isConnectionError(error)) throw error
    })
    return master
  })
  let first: Redis
  try {
    first = await Promise.any(answers)
  } catch (cause) {
    throw cause instanceof AggregateError ? (cause.errors[0] ?? cause) : cause
  }
  const state = await first.cluster('INFO').catch(() => '')
  if (/cluster_state:fail/.test(String(state))) throw new Error('CLUSTERDOWN The cluster is down')
  return first
}

/** On a socket that is closed already ioredis would set a timer that keeps the process alive. */
function hangUp(client: Client): void {
  if (client.status !== 'end' && client.status !== 'close') client.disconnect()
}

/** Resolves when the client is ready for commands. */
async function connected<C extends Client>(client: C, signal: AbortSignal): Promise<C> {
  let cause: unknown
  const onError = (error: unknown): void => {
    cause = error
  }
  let onAbort = (): void => {}
  // Behind Sentinels a hang-up does not end the wait for the first of them.
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      hangUp(client)
      reject(signal.reason)
    }
  })
  client.on('error', onError)
  client.on('node error', onError)
  if ('nodes' in client) client.on('+node', guard)
  else guard(client)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    if (signal.aborted) throw signal.reason
    await Promise.race([client.connect(), aborted])
    return client
  } catch (error) {
    throw cause ?? error
  } finally {
    signal.removeEventListener('abort', onAbort)
    // The listener of 'error' stays: without one ioredis prints what comes late.
  }
}

/**
 * A TLS socket may report a second error while it is being torn down. ioredis listens for one only, and the other would
 * end the process.
 */
function guard(client: Redis): void {
  const listen = (): void => {
    if (client.stream && !client.stream.listeners('error').includes(ignore)) client.stream.on('error', ignore)
  }
  client.on('connect', listen)
  client.on('error', listen)
  client.once('ready', () => reached.add(client))
}

function ignore(): void {}

function commonOptions(endpoint: Endpoint): RedisOptions {
  return {
    username: endpoint.username,
    password: endpoint.password,
    tls: endpoint.tls,
    connectionName: endpoint.clientName,
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    retryStrategy: () => null,
    enableOfflineQueue: false,
    // The session looks by itself, also where INFO is forbidden.
    enableReadyCheck: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: null,
    disableClientInfo: true,
    protocol: 2,
  }
}

function nodeOptions(endpoint: Endpoint, place: HostPort): RedisOptions {
  return { ...commonOptions(endpoint), ...place }
}

function serverOptions(endpoint: Endpoint): RedisOptions {
  const common = { ...commonOptions(endpoint), db: endpoint.db }
  if (endpoint.socket !== undefined) return { ...common, path: endpoint.socket }
  if (endpoint.mode === 'single') return { ...common, ...endpoint.nodes[0]! }
  return {
    ...common,
    connectTimeout: SENTINEL_TIMEOUT_MS,
    sentinelCommandTimeout: SENTINEL_TIMEOUT_MS,
    sentinels: [...endpoint.nodes],
    name: endpoint.master,
    sentinelUsername: endpoint.sentinelUsername,
    sentinelPassword: endpoint.sentinelPassword,
    enableTLSForSentinelMode: endpoint.tls !== undefined,
    sentinelTLS: endpoint.tls,
    sentinelRetryStrategy: () => null,
    updateSentinels: false,
  }
}

function clusterOptions(endpoint: Endpoint): ClusterOptions {
  const {
    retryStrategy: _,
    enableOfflineQueue: __,
    lazyConnect: ___,
    ...redisOptions
  } = commonOptions(endpoint)
  return {
    redisOptions,
    lazyConnect: true,
    enableOfflineQueue: false,
    // One that fails would leave `connect` without an end: see `livingMaster`.
    enableReadyCheck: false,
    // The rest of its patience is ours: it would let later calls go before earlier ones.
    maxRedirections: 4,
    retryDelayOnTryAgain: 10,
    scaleReads: 'master',
    clusterRetryStrategy: () => null,
    // A write whose answer was lost must not be written again behind our back.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshTimeout: 5_000,
  }
}
