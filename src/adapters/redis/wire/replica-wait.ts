/**
 * Waits until replicas have what a script has written (`WAIT`).
 *
 * The server counts from the last write of the connection that asks: the question goes to the master that ran the script, on the
 * connection on which it was written.
 */
import type { Cluster, Command, Redis } from 'ioredis'
import type { Endpoint } from '../options.ts'
import type { Client } from './wire.ts'

/** What a script for messages answered. */
export interface Sent {
  readonly reply: unknown
  /** How many have them, where fewer replicas do than were asked for. */
  readonly replicas: number | undefined
}

/** What happens to calls meanwhile. */
interface Calls {
  /** Changes when any call was written again. */
  readonly repeats: number
}

/** A slot that changes its master more often during one send is left to the next attempt. */
const MOST_MOVES = 5
/** Lifetime of what is written to have something to wait for. Unit: ms. */
const FENCE_MS = 1_000

export class ReplicaWait {
  readonly #endpoint: Endpoint
  readonly #library: { readonly Command: typeof Command }
  readonly #client: Client
  readonly #calls: Calls

  /** @param client where sends go */
  constructor(
    endpoint: Endpoint,
    library: { readonly Command: typeof Command },
    client: Client,
    calls: Calls,
  ) {
    this.#endpoint = endpoint
    this.#library = library
    this.#client = client
    this.#calls = calls
  }

  /** @param running the script, called in this turn on the slot of `key` */
  async after(running: Promise<unknown>, key: string): Promise<Sent> {
    const { waitReplicas, waitMs } = this.#endpoint
    if (waitReplicas === 0) return { reply: await running, replicas: undefined }
    const client = this.#client
    if ('nodes' in client) return this.#inCluster(client, running, key)
    const { repeats } = this.#calls
    // order: written behind the script on the same connection, so that it waits for the script's writes.
    const waiting = client.wait(waitReplicas, waitMs)
    waiting.catch(() => {})
    const reply = await running
    let replicas = await waiting
    // Written anew, the script may have come behind the wait.
    if (this.#calls.repeats !== repeats) replicas = await client.wait(waitReplicas, waitMs)
    return this.#told(reply, replicas)
  }

  async #inCluster(cluster: Cluster, running: Promise<unknown>, key: string): Promise<Sent> {
    const { waitReplicas, waitMs } = this.#endpoint
    const slot = new this.#library.Command('EXISTS', [key]).getSlot()
    const owner = (): string | undefined => cluster.slots[slot]?.[0]
    let place = owner()
    const reply = await running
    for (let moves = 0; moves < MOST_MOVES; moves++) {
      // Asked even when the slot is elsewhere by now: a fail-over, unlike a move, may have left its messages behind.
      const replicas = await askMaster(cluster, place, owner() === place ? waitReplicas : 0, waitMs)
      if (owner() === place) return this.#told(reply, replicas)
      // The slot went elsewhere, with its messages: this connection has written nothing yet that the new master could wait for.
      place = owner()
      await cluster.set(`${key}#fence`, '', 'PX', FENCE_MS)
    }
    return this.#told(reply, 0)
  }

  #told(reply: unknown, replicas: number): Sent {
    return { reply, replicas: replicas >= this.#endpoint.waitReplicas ? undefined : replicas }
  }
}

/** @throws an error of a connection when that node is no master any more: what it took last may be nowhere else */
async function askMaster(
  cluster: Cluster,
  place: string | undefined,
  replicas: number,
  waitMs: number,
): Promise<number> {
  const master = cluster.nodes().find((node) => placeOf(node) === place)
  if (master === undefined) throw new Error(NO_MASTER)
  try {
    return await master.wait(replicas, waitMs)
  } catch (cause) {
    throw /^ERR WAIT\b/.test((cause as Error).message) ? new Error(NO_MASTER, { cause }) : cause
  }
}

/** In the words of a server that is written to and may not be. */
const NO_MASTER = 'READONLY The master was replaced before a replica had the message'

/** As ioredis names a node in its table of slots. */
function placeOf({ options: { host, port } }: Redis): string {
  return `${host}:${port}`
}
