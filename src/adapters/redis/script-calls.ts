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

interface Call {
  readonly order: number
  readonly client: Client
  readonly name: ScriptName
  readonly keys: readonly string[]
  readonly args: readonly ScriptArgument[]
  resolve(reply: unknown): void
  reject(error: unknown): void
}

export class ScriptCalls {
  readonly #scripts: Scripts
  readonly #failed: (error: unknown) => void
  #calls = 0
  /** Calls by digest without an answer. */
  #underWay = 0
  /** Calls that will be made with their text once nothing is under way. */
  #held: Call[] = []
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

  /** Rejects with the library's own error. Calls of one connection settle in the order in which the server did them, whichever way they went. */
  run(
    client: Client,
    name: ScriptName,
    keys: readonly string[],
    args: readonly ScriptArgument[],
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const call: Call = { order: ++this.#calls, client, name, keys, args, resolve, reject }
      if (this.#held.length > 0) this.#held.push(call)
      else this.#byDigest(call)
    })
  }

  #byDigest(call: Call): void {
    const { client, name, keys, args } = call
    this.#underWay++
    client.callBuffer('EVALSHA', this.#scripts[name].sha, keys.length, ...keys, ...args).then(
      (reply) => {
        this.#ended()
        call.resolve(reply)
      },
      (error) => {
        const missing = isMissingScript(error)
        if (missing) this.#held.push(call)
        // order: it counts as answered before it is written again.
        this.#ended()
        if (!missing) this.#refused(call, error)
      },
    )
  }

  #byText(call: Call): void {
    const { client, name, keys, args } = call
    client
      .callBuffer('EVAL', this.#scripts[name].lua, keys.length, ...keys, ...args)
      .then(call.resolve, (error) => this.#refused(call, error))
  }

  #refused(call: Call, error: unknown): void {
    this.#failed(error)
    call.reject(error)
  }

  #ended(): void {
    this.#underWay--
    if (this.#underWay > 0 || this.#held.length === 0) return
    const held = this.#held.sort((one, other) => one.order - other.order)
    this.#held = []
    this.#repeats += held.length
    for (const call of held) this.#byText(call)
  }
}
