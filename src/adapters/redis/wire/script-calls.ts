/**
 * Calls scripts by their digest, and again where the server did not run them.
 *
 * A server that has forgotten a script (SCRIPT FLUSH, a fail-over, a slot that moved) is sent its text. A server that cannot run it for now
 * (the slot is being moved, its master is away, another script does not end) is asked again after a pause. Either way it has run
 * nothing, so that nothing is in doubt. Calls are repeated in the order in which all of them were made: those that were under way first, then those
 * that came meanwhile. A call behind a refused one may still have succeeded: batches of a sender are then told that they come early
 * (`scripts/sending.ts`), claims may be answered in any order (`line.ts`).
 *
 * In a Cluster each hash tag has a lane of its own: what waits for one slot does not hold up the others.
 */
import { isDigestForbidden, isMissingScript, isNotNow } from '../errors.ts'
import { tagOf } from '../nodes/keys.ts'
import type { ScriptName, Scripts } from '../scripts/index.ts'
import { type CommandLibrary, callHidden } from './hidden-call.ts'
import type { Client } from './wire.ts'

export type ScriptArgument = string | number | Buffer

/** Pauses before calls are repeated: the first, after which they double, and the longest. Unit: ms. */
export const FIRST_PAUSE_MS = 10
export const LONGEST_PAUSE_MS = 500

interface Call {
  readonly order: number
  readonly lane: Lane
  readonly client: Client
  readonly name: ScriptName
  readonly keys: readonly string[]
  readonly args: readonly ScriptArgument[]
  /** It goes with its text from now on. */
  byText: boolean
  resolve(reply: unknown): void
  reject(error: unknown): void
}

class Lane {
  /** Calls without an answer. */
  underWay = 0
  /** Calls that will be made once nothing is under way. */
  held: Call[] = []
  /** Times in a row that the server could not run a call. */
  refusals = 0
  pause: NodeJS.Timeout | undefined
}

export class ScriptCalls {
  readonly #scripts: Scripts
  readonly #cluster: boolean
  readonly #library: CommandLibrary
  readonly #failed: (error: unknown) => void
  readonly #lanes = new Map<string, Lane>()
  #calls = 0
  #repeats = 0
  /** The user may not call by digest. */
  #textOnly = false
  #bytesUnderWay = 0
  #ended: { readonly cause: unknown } | undefined

  /** @param failed is told of every error of a call, before whoever made it */
  constructor(scripts: Scripts, cluster: boolean, library: CommandLibrary, failed: (error: unknown) => void) {
    this.#scripts = scripts
    this.#cluster = cluster
    this.#library = library
    this.#failed = failed
  }

  /** How many calls were ever made again: if it changes during a call, that one may have been written later. */
  get repeats(): number {
    return this.#repeats
  }

  /** Arguments of calls without an answer. */
  get bytesUnderWay(): number {
    return this.#bytesUnderWay
  }

  /** Rejects with the library's own error. Calls of one connection settle in the order in which the server did them, whichever way they went. */
  run(
    client: Client,
    name: ScriptName,
    keys: readonly string[],
    args: readonly ScriptArgument[],
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(this.#ended.cause)
        return
      }
      const lane = this.#lane(this.#cluster ? tagOf(keys[0]!) : '')
      const order = ++this.#calls
      const call: Call = { order, lane, client, name, keys, args, byText: this.#textOnly, resolve, reject }
      if (lane.held.length > 0) lane.held.push(call)
      else this.#write(call)
    })
  }

  /** The connection has ended: what was not run will not be. */
  end(cause: unknown): void {
    if (this.#ended) return
    this.#ended = { cause }
    for (const lane of this.#lanes.values()) {
      clearTimeout(lane.pause)
      for (const call of lane.held.splice(0)) call.reject(cause)
    }
  }

  #lane(tag: string): Lane {
    let lane = this.#lanes.get(tag)
    if (lane === undefined) {
      if (this.#lanes.size >= MAX_LANES) this.#forgetIdle()
      lane = new Lane()
      this.#lanes.set(tag, lane)
    }
    return lane
  }

  #forgetIdle(): void {
    for (const [tag, { underWay, held }] of this.#lanes)
      if (underWay === 0 && held.length === 0) this.#lanes.delete(tag)
  }

  #write(call: Call): void {
    const { client, name, keys, args, byText, lane } = call
    const { sha, lua } = this.#scripts[name]
    lane.underWay++
    const bytes = bytesOf(args)
    this.#bytesUnderWay += bytes
    const command = byText ? 'EVAL' : 'EVALSHA'
    callHidden(client, this.#library, command, [byText ? lua : sha, keys.length, ...keys], args).then(
      (reply) => {
        this.#bytesUnderWay -= bytes
        lane.refusals = 0
        this.#answered(lane)
        call.resolve(reply)
      },
      (error) => {
        this.#bytesUnderWay -= bytes
        const again = !this.#ended && this.#isRepeatable(call, error)
        if (again) lane.held.push(call)
        // order: it counts as answered before it is written again.
        this.#answered(lane)
        if (again) return
        this.#failed(error)
        call.reject(error)
      },
    )
  }

  /** Whether the server has run nothing and may do so later. */
  #isRepeatable(call: Call, error: unknown): boolean {
    const forbidden = isDigestForbidden(error)
    if (forbidden) this.#textOnly = true
    if (forbidden || isMissingScript(error)) {
      if (call.byText) return false
      call.byText = true
      return true
    }
    if (!isNotNow(error, this.#cluster)) return false
    call.lane.refusals++
    return true
  }

  #answered(lane: Lane): void {
    lane.underWay--
    if (lane.underWay > 0 || lane.held.length === 0 || this.#ended) return
    if (lane.refusals === 0) {
      this.#repeat(lane, lane.held.length)
      return
    }
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(lane.refusals - 1, 10))
    // One of them is tried: the others follow behind it.
    lane.pause = setTimeout(() => this.#repeat(lane, 1), pauseMs)
  }

  #repeat(lane: Lane, count: number): void {
    const held = lane.held.sort((one, other) => one.order - other.order)
    lane.held = held.slice(count)
    this.#repeats += count
    for (const call of held.slice(0, count)) this.#write(call)
  }
}

/** Lanes that are remembered, unless they are in use. */
const MAX_LANES = 10_000

function bytesOf(args: readonly ScriptArgument[]): number {
  let bytes = 0
  for (const argument of args) if (typeof argument !== 'number') bytes += argument.length
  return bytes
}
