/**
 * Calls that the broker may answer by ending the connection (an unknown exchange type, purging a stream). They have a
 * connection of their own, which is opened when it is needed and closed when it was idle for a while: no link goes with it.
 */

import { isClosedError } from '../native-errors.ts'
import type { Endpoint } from '../options.ts'
import { PhysicalConnection } from './physical.ts'
import { Scratch } from './scratch.ts'

/** Unit: ms. */
const IDLE_MS = 2_000
const CONNECT_MS = 10_000

export class Aside {
  readonly #endpoint: Endpoint
  #tail: Promise<unknown> = Promise.resolve()
  #open: { readonly physical: PhysicalConnection; readonly scratch: Scratch } | undefined
  #idle: NodeJS.Timeout | undefined
  readonly #closing = new AbortController()

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint
  }

  /** Runs `work` when all earlier work is done. Rejects with what the broker said, also where that ended the connection. */
  run<T>(work: (scratch: Scratch) => Promise<T>): Promise<T> {
    const result = this.#tail.then(() => this.#run(work))
    this.#tail = result.catch(() => {})
    return result
  }

  close(): void {
    this.#closing.abort()
    clearTimeout(this.#idle)
    this.#open?.physical.destroy()
    this.#open = undefined
  }

  async #run<T>(work: (scratch: Scratch) => Promise<T>): Promise<T> {
    clearTimeout(this.#idle)
    this.#open ??= await this.#connect()
    const { physical, scratch } = this.#open
    try {
      return await work(scratch)
    } catch (error) {
      throw isClosedError(error) && physical.cause !== undefined ? physical.cause : error
    } finally {
      this.#idle = setTimeout(() => this.#end(), IDLE_MS)
      this.#idle.unref()
    }
  }

  async #connect(): Promise<{ physical: PhysicalConnection; scratch: Scratch }> {
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(CONNECT_MS)])
    const physical = await PhysicalConnection.open(this.#endpoint, 'declare', signal)
    physical.onEnd(() => {
      if (this.#open?.physical === physical) this.#open = undefined
      physical.destroy()
    })
    return { physical, scratch: new Scratch(physical.model) }
  }

  /** order: nothing else begins on a connection that is being closed. */
  #end(): void {
    const { physical } = this.#open ?? {}
    this.#open = undefined
    void physical?.close()
  }
}
