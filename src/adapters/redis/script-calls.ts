/**
 * Calls scripts by their digest. A server that has forgotten them (SCRIPT FLUSH, a fail-over, a slot that moved) refuses such a call; it is
 * then made again with the script's text, in the order in which all calls were made: those that were under way first, then
 * those that came meanwhile. A call behind a refused one may still succeed, when another client has just loaded the script: batches of
 * a sender are then told that they come early (`scripts/sending.ts`), claims may be answered in any order (`line.ts`).
 */
import { isMissingScript } from './errors.ts'
import type { ScriptName, Scripts } from './scripts/index.ts'
import type { Client } from './wire.ts'

export type ScriptArgument = string | number | Buffer

interface Held {
  readonly order: number
  write(): void
}

export class ScriptCalls {
  readonly #scripts: Scripts
  readonly #failed: (error: unknown) => void
  #calls = 0
  /** Calls by digest without an answer. */
  #underWay = 0
  /** Calls that will be made with their text once nothing is under way. */
  #held: Held[] = []
  #repeats = 0

  /** @param failed is told of every error of a call, before whoever made it */
  constructor(scripts: Scripts, failed: (error: unknown) => void) {
    this.#scripts = scripts
    this.#failed = failed
  }

  /** How many calls were ever made with their text: if it changes during a call, that one may have been written later. */
  get repeats(): number {
    return this.#repeats
  }

  /** Rejects with the library's own error. */
  run(
    client: Client,
    name: ScriptName,
    keys: readonly string[],
    args: readonly ScriptArgument[],
  ): Promise<unknown> {
    const order = ++this.#calls
    if (this.#held.length > 0) return this.#later(order, client, name, keys, args)
    this.#underWay++
    const { sha } = this.#scripts[name]
    return client.callBuffer('EVALSHA', sha, keys.length, ...keys, ...args).then(this.#answered, (error) => {
      const held = isMissingScript(error) ? this.#later(order, client, name, keys, args) : undefined
      // order: it counts as answered before it is written again.
      this.#ended()
      if (held) return held
      this.#failed(error)
      throw error
    })
  }

  readonly #answered = (reply: unknown): unknown => {
    this.#ended()
    return reply
  }

  #ended(): void {
    this.#underWay--
    if (this.#underWay === 0 && this.#held.length > 0) this.#writeHeld()
  }

  #later(
    order: number,
    client: Client,
    name: ScriptName,
    keys: readonly string[],
    args: readonly ScriptArgument[],
  ): Promise<unknown> {
    const { lua } = this.#scripts[name]
    return new Promise((resolve, reject) => {
      const write = (): void => {
        client.callBuffer('EVAL', lua, keys.length, ...keys, ...args).then(resolve, (error) => {
          this.#failed(error)
          reject(error)
        })
      }
      this.#held.push({ order, write })
    })
  }

  #writeHeld(): void {
    const held = this.#held.sort((one, other) => one.order - other.order)
    this.#held = []
    this.#repeats += held.length
    for (const { write } of held) write()
  }
}
