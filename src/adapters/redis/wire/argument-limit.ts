/**
 * How long an argument of a command may be. A server ends the connection over one that is too long, and everybody who uses that
 * connection with it. Where the server does not tell its limit, an argument that may be too long is tried first, as so many zeros and on a
 * connection of its own.
 */
import type { Redis } from 'ioredis'
import type { ServerFacts } from './server-facts.ts'

/** What every server takes: 1 MiB is the least that its settings allow. Unit: bytes. */
const ALWAYS_BYTES = 983_040
/** A connection may end by chance. */
const TRIES = 2

export class ArgumentLimit {
  readonly #open: () => Promise<Redis>
  /** What is longer is refused. Unit: bytes. */
  #most: number
  /** What is no longer is sent without a trial. Unit: bytes. */
  #proven: number
  /** One at a time. */
  #trial: Promise<void> = Promise.resolve()

  /** @param open makes a connection that nobody else uses */
  constructor({ maxArgumentBytes, limitsKnown }: ServerFacts, open: () => Promise<Redis>) {
    this.#open = open
    this.#most = maxArgumentBytes
    this.#proven = limitsKnown ? maxArgumentBytes : Math.min(ALWAYS_BYTES, maxArgumentBytes)
  }

  get most(): number {
    return this.#most
  }

  get proven(): number {
    return this.#proven
  }

  /** Resolves when `bytes` are proven, or more than the most. Never rejects. */
  prove(bytes: number): Promise<void> {
    this.#trial = this.#trial.then(() => this.#prove(bytes))
    return this.#trial
  }

  async #prove(bytes: number): Promise<void> {
    // Larger ones may follow.
    for (const tried of [Math.min(this.#most, 2 ** Math.ceil(Math.log2(bytes))), bytes]) {
      if (bytes <= this.#proven || bytes > this.#most) return
      if (await this.#isTaken(tried)) this.#proven = Math.max(this.#proven, tried)
      else this.#most = Math.min(this.#most, tried - 1)
    }
  }

  async #isTaken(bytes: number): Promise<boolean> {
    for (let left = TRIES; left > 0; left--) {
      // Where there is no connection to be had, it is sent as it is.
      const client = await this.#open().catch(() => undefined)
      if (client === undefined || (await answers(client, bytes))) return true
    }
    return false
  }
}

/** Any answer will do, a refusal too: the server has read the argument. */
async function answers(client: Redis, bytes: number): Promise<boolean> {
  try {
    await client.script('EXISTS', Buffer.alloc(bytes))
    return true
  } catch (error) {
    return (error as Error).name === 'ReplyError' && !/^ERR Protocol error/.test((error as Error).message)
  } finally {
    client.disconnect()
  }
}
