/**
 * The physical connections of one generation: one for commands, one for pub/sub, and one for sends where those wait for
 * replicas. None of them reconnects: when one is lost, all are given up.
 */
import type { Cluster, Redis } from 'ioredis'
import { lookFor } from '../../../core/connecting/reach.ts'
import type { MessagingError } from '../../../model/errors.ts'
import { connectError, isConnectionError, wasHungUp } from '../errors.ts'
import { loadIoredis } from '../library.ts'
import type { Endpoint } from '../options.ts'
import { clusterOptions, nodeOptions, serverOptions } from './client-options.ts'
import { type FailOverWatch, type MasterReplaced, watchFailOver } from './fail-over-watch.ts'
import { guard, wasReached } from './guard.ts'
import type { CommandLibrary } from './hidden-call.ts'
import { farewell, tlsAfterAll, whileTlsAnswers } from './other-side.ts'
import { LIBRARY, REACHES } from './reaches.ts'
import { whenServing } from './when-serving.ts'

export type Client = Redis | Cluster

/** For {@link Wire.spare}. Unit: ms. */
const SPARE_TIMEOUT_MS = 5_000

export class Wire {
  readonly library: CommandLibrary
  readonly commands: Client
  readonly subscriber: Redis
  /** Where sends go: `commands`, unless they wait for replicas there. */
  readonly sends: Client
  readonly #endpoint: Endpoint
  readonly #clients: ReadonlySet<Client>
  readonly #failOver: FailOverWatch | undefined
  #ended: ((cause: unknown) => void) | undefined
  #cause: unknown
  #isEnded = false

  private constructor(
    endpoint: Endpoint,
    library: CommandLibrary,
    commands: Client,
    subscriber: Redis,
    sends: Client,
    failOver: FailOverWatch | undefined,
  ) {
    this.#endpoint = endpoint
    this.library = library
    this.commands = commands
    this.subscriber = subscriber
    this.sends = sends
    this.#clients = new Set<Client>([commands, subscriber, sends])
    for (const client of this.#clients) this.#watch(client)
    this.#failOver = failOver
    failOver?.replaced.addEventListener('abort', () => {
      this.#cause = failOver.replaced.reason
      this.#end()
      this.destroy()
    })
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
    const watch = endpoint.mode === 'sentinel' ? watchFailOver(library, endpoint) : undefined
    const either = watch ? AbortSignal.any([signal, watch.replaced]) : signal
    const onAbort = (): void => opened.forEach(destroy)
    either.addEventListener('abort', onAbort, { once: true })
    const looked = (client: Redis): CommandLibrary => ({
      Command: library.Command,
      found: lookFor(LIBRARY, REACHES, { library, client }, warn),
    })
    const open = <C extends Client>(client: C): Promise<C> => {
      opened.push(client)
      return connected(client, either)
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
        return new Wire(endpoint, looked(subscriber), cluster, subscriber, sends ?? cluster, watch)
      }
      const make = async (): Promise<Redis> => {
        const client = await open(new library.Redis(serverOptions(endpoint)))
        // ioredis selects by itself, and stays in database 0 without a word where that is refused.
        if (endpoint.db > 0) await whenServing(either, () => client.select(endpoint.db))
        return client
      }
      const [commands, subscriber, sends] = await Promise.all([
        make(),
        make(),
        endpoint.waitReplicas > 0 ? make() : undefined,
      ])
      return new Wire(endpoint, looked(subscriber), commands, subscriber, sends ?? commands, watch)
    } catch (cause) {
      watch?.stop()
      for (const client of opened) hangUp(client)
      const hungUp = !either.aborted && wasHungUp(cause)
      const isTls = hungUp ? await tlsAfterAll(endpoint) : undefined
      const said = hungUp && !isTls ? await farewell(endpoint) : undefined
      const aborted = either.aborted ? (either.reason ?? cause) : undefined
      throw isTls ?? connectError(aborted ?? said ?? cause, endpoint.place)
    } finally {
      either.removeEventListener('abort', onAbort)
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

  /** Why the connections ended, where Sentinels said that the master is another one. */
  get replaced(): MasterReplaced | undefined {
    return this.#failOver?.replaced.reason as MasterReplaced | undefined
  }

  /** Who is asked what kind of server this is: one that has answered. */
  get asked(): Redis {
    return 'nodes' in this.commands ? this.subscriber : this.commands
  }

  /** Ends all connections at once; what was written before is still sent. */
  close(): void {
    this.#ended = undefined
    this.#failOver?.stop()
    for (const client of this.#clients) hangUp(client)
  }

  /** Ends every socket without waiting for what is still to be written. */
  destroy(): void {
    this.#ended = undefined
    this.#failOver?.stop()
    for (const client of this.#clients) destroy(client)
  }

  #watch(client: Client): void {
    client.on('error', (error: unknown) => {
      this.#cause = error
    })
    const end = (): void => this.#end()
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
      if (wasReached(node)) end()
    })
  }

  #end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#ended?.(this.#cause)
  }
}

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

function destroy(client: Client): void {
  for (const node of 'nodes' in client ? client.nodes() : [client]) node.stream?.destroy()
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
