/** One random program: its nodes, its actors, its faults, and the look at what is left. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Connection, connect } from '../../../src/index.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import { uniqueName } from '../../support/names.ts'
import * as act from './actors.ts'
import type { Book } from './book.ts'
import { Cast } from './cast.ts'
import { Dice } from './dice.ts'
import type { Place } from './place.ts'
import { Watch } from './watch.ts'

/** `calm`: nothing fails, every promise is strict. `hasty`: the same, but closes do not wait. `faulty`: connections and broker fail. */
export type Style = 'calm' | 'hasty' | 'faulty'

const ROUND_MS = 5_000
/** All must be back and read this long after the last fault. Unit: ms. */
const SETTLE_MS = 60_000

export async function playRound(
  place: Place,
  seed: number,
  style: Style,
): Promise<{ problems: string[]; summary: string }> {
  const before = resources()
  const watch = new Watch()
  const round = new Round(place, seed, style, watch)
  let summary = ''
  try {
    summary = await round.play()
  } catch (error) {
    watch.problem(`the round threw ${error instanceof Error ? error.stack : String(error)}`)
  }
  watch.end()
  // What was closed may take a moment to be gone.
  for (let looks = 0; looks < 60 && resources().length > before.length; looks++) await sleep(50)
  const after = resources()
  if (after.length > before.length)
    watch.problem(`left open: ${after.join(' ')}; before: ${before.join(' ')}`)
  return { problems: watch.problems, summary }
}

function resources(): string[] {
  return process.getActiveResourcesInfo().filter((kind) => kind !== 'Immediate')
}

class Round implements act.Scene {
  readonly calm: boolean
  readonly strict: boolean
  running = true
  drained = false
  readonly #proxies: FaultProxy[] = []
  readonly #connections: Connection[] = []

  constructor(
    readonly place: Place,
    readonly seed: number,
    readonly style: Style,
    readonly watch: Watch,
  ) {
    this.calm = style !== 'faulty'
    this.strict = style === 'calm'
  }

  connection(dice: Dice): Connection {
    return dice.of(this.#connections)
  }

  closeMs(dice: Dice): { timeoutMs?: number } {
    return this.style !== 'calm' && dice.chance(0.3) ? { timeoutMs: dice.of([0, 10, 300]) } : {}
  }

  async play(): Promise<string> {
    const direct = await this.#connect(this.place.url)
    for (let at = 0; at < 3; at++) this.#connections.push(await this.#open())
    const cast = new Cast(this, direct, this.seed, uniqueName('random'))
    await cast.begin()
    const faults: string[] = []
    const trouble = this.style === 'faulty' ? this.#faults(faults) : sleep(ROUND_MS)
    const replacing = this.#replace()
    await trouble
    this.running = false
    await Promise.all([...cast.sending, replacing])
    for (const proxy of this.#proxies) await proxy.heal()
    await this.#settle(direct, cast)
    this.drained = true
    await Promise.all(cast.receiving)
    if (this.strict) await this.#empty(direct, cast)
    for (const node of cast.nodes)
      await this.watch.call('delete', act.PATIENCE_MS, () =>
        direct.admin.delete(node, { timeoutMs: act.PATIENCE_MS }),
      )
    await Promise.all(
      [direct, ...this.#connections].map((each) =>
        this.watch.call('close-connection', 8_000, () => each.close()),
      ),
    )
    for (const proxy of this.#proxies) await proxy[Symbol.asyncDispose]()
    return this.#summary(cast, faults)
  }

  // ── what happens to it ──

  async #connect(url: string | readonly string[]): Promise<Connection> {
    const connection = await connect({
      url,
      native: this.place.native,
      password: this.place.password,
      heartbeatMs: this.calm ? 10_000 : 1_000,
      reconnect: { minDelayMs: 20, maxDelayMs: 500 },
    })
    connection.on('disconnected', ({ cause }) => {
      if (this.calm) this.watch.problem(`a connection was lost: ${cause.message}`)
    })
    connection.on('warning', ({ error }) => {
      if (error.code === 'INTERNAL')
        this.watch.problem(`warning ${error.message}\n${(error.cause as Error)?.stack}`)
    })
    return connection
  }

  async #open(): Promise<Connection> {
    const { remote, url } = this.place
    if (!remote || typeof url !== 'string') return this.#connect(url)
    const proxy = await FaultProxy.before(url)
    this.#proxies.push(proxy)
    return this.#connect(proxy.urlFor(url))
  }

  /** Closes connections with everything on them, and opens others. */
  async #replace(): Promise<void> {
    const dice = new Dice(this.seed, 'replace')
    while (this.running) {
      await sleep(dice.between(300, 2_500))
      if (!this.running) return
      const at = dice.below(this.#connections.length)
      const old = this.#connections[at]!
      const fresh = await this.watch.call('connect', 15_000, () => this.#open())
      if (!fresh) continue
      this.#connections[at] = fresh
      await this.watch.call('close-connection', 8_000, () => old.close(this.closeMs(dice)))
    }
  }

  async #faults(told: string[]): Promise<void> {
    const dice = new Dice(this.seed, 'faults')
    const end = performance.now() + ROUND_MS
    const some = () => dice.of(this.#proxies)
    const own = [
      { name: 'cut', weight: 6, run: async () => some().cut() },
      {
        name: 'cut after',
        weight: 3,
        run: async () => void some().cutAfter(dice.of(['toBroker', 'toClient']), dice.below(3_000)),
      },
      {
        name: 'silence',
        weight: 4,
        run: async () => {
          const proxy = some()
          proxy.silence()
          await sleep(dice.of([50, 500, 4_000]))
          await proxy.heal()
        },
      },
      {
        name: 'refuse',
        weight: 2,
        run: async () => {
          const proxy = some()
          await proxy.refuse()
          proxy.cut()
          await sleep(dice.of([50, 1_000]))
          await proxy.allow()
        },
      },
      {
        name: 'slow',
        weight: 3,
        run: async () => {
          const proxy = some()
          proxy.degrade({ latencyMs: dice.below(40), sliceBytes: dice.of([1, 7, 100, 1_000]), sliceGapMs: 1 })
          await sleep(dice.below(800))
          await proxy.heal()
        },
      },
    ]
    const all = this.#proxies.length > 0 ? [...own, ...this.place.faults] : this.place.faults
    while (performance.now() < end) {
      await sleep(dice.below(1_200))
      const fault = dice.of(all)
      // The heaviest are taken whenever they are drawn.
      if (!dice.chance(fault.weight / 6)) continue
      told.push(fault.name)
      await fault.run(dice)
    }
  }

  // ── what is left ──

  /** Those that received before must go on: they get a last message each, and everything that was accepted. */
  async #settle(direct: Connection, { books, probes }: Cast): Promise<void> {
    const end = performance.now() + SETTLE_MS
    for (const { target, book } of probes) {
      const id = probeOf(book)
      const timeoutMs = act.PATIENCE_MS
      book.sending(id)
      for (;;) {
        const send = () => direct.send(target, id, { id, timeoutMs })
        const { error } = await this.watch.outcome(`send ${id}`, timeoutMs, send)
        if (!error) break
        // A full queue is being emptied.
        await sleep(200)
        if (performance.now() < end) continue
        this.watch.problem(`${id} cannot be sent: ${error.message}`)
        return
      }
      book.sent(id, undefined, true)
    }
    const probed = () => probes.filter(({ book }) => !book.entries.get(probeOf(book))!.done)
    const left = () => books.flatMap((book) => book.missing())
    while (performance.now() < end && (left().length > 0 || probed().length > 0)) await sleep(50)
    for (const { book } of probed())
      this.watch.problem(`${book.name}: receivers that were there do not get what is sent`)
    for (const book of books) {
      const missing = book.missing()
      if (missing.length > 0)
        this.watch.problem(
          `${book.name}: ${missing.length} accepted did not come: ${missing.slice(0, 8).join(' ')}`,
        )
    }
  }

  async #empty(direct: Connection, { queues }: Cast): Promise<void> {
    const end = performance.now() + 10_000
    for (const node of queues) {
      for (;;) {
        const { depth, receivers } = (await direct.admin.inspect(node)) ?? {}
        if (!depth && !receivers) break
        if (performance.now() > end) {
          this.watch.problem(`${node.name}: depth ${depth}, receivers ${receivers} at the end`)
          break
        }
        await sleep(100)
      }
    }
  }

  #summary(cast: Cast, faults: string[]): string {
    const books = cast.books.map((book) => {
      const accepted = [...book.entries.values()].filter(({ state }) => state === 'accepted').length
      return `${book.name} ${accepted}/${book.entries.size}${book.disorders > 0 ? ` (${book.disorders} out of order)` : ''}`
    })
    const codes = [...this.watch.codes].map(([code, count]) => `${count} ${code}`)
    return [books.join(', '), codes.join(', '), faults.join(', ')].filter(Boolean).join('; ')
  }
}

function probeOf(book: Book): string {
  return `probe-${book.name}#0`
}
