/** One round: programs on lines that are bad in every way, and whether everything that was accepted arrives. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Connection, connect, type Delivery, queue, type Receiver, service } from '../../../src/index.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import { uniqueName } from '../../support/names.ts'
import { Dice } from '../random/dice.ts'
import type { Place } from '../random/place.ts'
import { Watch } from '../random/watch.ts'
import { bodyOf, drawSize } from '../store/bodies.ts'
import { drawFaults, type Fault } from './plan.ts'

const SENDERS = 2
const RECEIVERS = 2
const LINES = SENDERS + RECEIVERS + 2
const CREDIT = 10
/** Unit: ms. */
const SEND_MS = 8_000
const CALL_MS = 5_000
/** Everything is read this long after the last fault. Unit: ms. */
const SETTLE_MS = 90_000
/** Unit: bytes. */
const MOST_BODY = 1_100_000

export interface RoundOptions {
  readonly place: Place
  readonly seed: number
  readonly mostFaults: number
  readonly corrupting: boolean
}

export async function playRound(
  options: RoundOptions,
): Promise<{ problems: string[]; summary: string; faults: number }> {
  const watch = new Watch()
  const round = new Round(options, watch)
  const faults = drawFaults(options.seed, LINES, options.corrupting).slice(0, options.mostFaults)
  try {
    await round.play(faults)
  } catch (error) {
    watch.problem(`the round threw ${error instanceof Error ? error.stack : String(error)}`)
  }
  await round.end()
  watch.end()
  return { problems: watch.problems, summary: round.summary(), faults: faults.length }
}

class Round {
  readonly #options: RoundOptions
  readonly #watch: Watch
  readonly #proxies: FaultProxy[] = []
  readonly #connections: Connection[] = []
  readonly #accepted = new Map<string, number>()
  readonly #sent = new Set<string>()
  readonly #taken = new Set<string>()
  readonly #orders = queue<Uint8Array>(uniqueName('lines'))
  readonly #echo = service<string, string>(uniqueName('lines-echo'))
  #running = true
  #draining = true
  #damaged = 0
  #corrupted = 0
  #answered = 0

  constructor(options: RoundOptions, watch: Watch) {
    this.#options = options
    this.#watch = watch
  }

  async play(faults: readonly Fault[]): Promise<void> {
    const direct = await this.#connect(this.#url)
    this.#connections.push(direct)
    await direct.admin.declare(this.#orders)
    for (let at = 0; at < LINES; at++) {
      this.#proxies.push(await FaultProxy.before(this.#url))
      this.#connections.push(await this.#connect(this.#proxies[at]!.urlFor(this.#url)))
    }
    const [, asking, answering, ...others] = this.#connections
    await answering!.respond(this.#echo, async ({ body }) => body)
    const receivers = await Promise.all(
      others.slice(SENDERS).map((connection) => connection.receiver(this.#orders, { credit: CREDIT })),
    )
    const sending = [
      ...others.slice(0, SENDERS).map((connection, at) => this.#send(connection, at)),
      this.#ask(asking!),
    ]
    const receiving = receivers.map((receiver, at) => this.#receive(receiver, others[SENDERS + at]!, at))
    await this.#faults(faults)
    this.#running = false
    await Promise.all(sending)
    for (const proxy of this.#proxies) await proxy.heal()
    await this.#settled(direct)
    this.#draining = false
    await Promise.all(receiving)
    for (const node of [this.#orders, this.#echo])
      await this.#watch.call('delete', SEND_MS, () => direct.admin.delete(node))
  }

  /** Also behind a round that threw. */
  async end(): Promise<void> {
    this.#running = false
    this.#draining = false
    await Promise.all(this.#connections.map((each) => this.#watch.call('close', 8_000, () => each.close())))
    for (const proxy of this.#proxies) await proxy[Symbol.asyncDispose]()
  }

  summary(): string {
    const codes = [...this.#watch.codes].map(([code, count]) => `${count} ${code}`).join(', ')
    return `${this.#accepted.size} of ${this.#sent.size} accepted, ${this.#taken.size} taken, ${this.#answered} answers, ${this.#corrupted} bits changed, ${this.#damaged} damaged${codes && `; ${codes}`}`
  }

  get #url(): string {
    return this.#options.place.url as string
  }

  async #connect(url: string): Promise<Connection> {
    const connection = await connect({
      url,
      heartbeatMs: 2_000,
      native: { ...this.#options.place.native, ...(url.startsWith('redis') ? { leaseMs: 2_000 } : {}) },
      reconnect: { minDelayMs: 20, maxDelayMs: 500 },
    })
    connection.on('warning', ({ error }) => {
      // What a changed bit made of a message is the broker's or ours to complain about.
      if (error.code === 'INTERNAL' && !this.#options.corrupting)
        this.#watch.problem(`warning ${error.message}\n${(error.cause as Error)?.stack}`)
    })
    return connection
  }

  async #faults(faults: readonly Fault[]): Promise<void> {
    await sleep(300)
    const healing: Promise<void>[] = []
    for (const { name, line, afterMs, lastsMs, begin } of faults) {
      await sleep(afterMs)
      const proxy = this.#proxies[line]!
      if (name.startsWith('corrupt')) this.#corrupted++
      await begin(proxy)
      healing.push(sleep(lastsMs).then(() => proxy.heal()))
    }
    await Promise.all(healing)
  }

  async #send(connection: Connection, at: number): Promise<void> {
    const dice = new Dice(this.#options.seed, `sender ${at}`)
    const open = new Set<Promise<unknown>>()
    for (let number = 0; this.#running; number++) {
      const id = `${at}#${number}`
      const size = drawSize(dice, MOST_BODY)
      this.#sent.add(id)
      const sending = this.#watch
        .outcome(`send ${id}`, SEND_MS, () =>
          connection.send(this.#orders, bodyOf(id, size), { id, timeoutMs: SEND_MS }),
        )
        .then(({ error }) => !error && this.#accepted.set(id, size))
      open.add(sending)
      void sending.finally(() => open.delete(sending))
      await sleep(dice.below(20))
      if (open.size > 50) await Promise.race(open)
    }
    await Promise.all(open)
  }

  async #receive(first: Receiver<Uint8Array>, connection: Connection, at: number): Promise<void> {
    const dice = new Dice(this.#options.seed, `receiver ${at}`)
    let receiver = first
    while (this.#draining) {
      const { value, error } = await this.#watch.outcome('receive', 500, () =>
        receiver.receive({ timeoutMs: 500 }),
      )
      if (error) {
        // A changed bit may have ended it.
        if (!this.#options.corrupting) this.#watch.problem(`a receiver ended: ${error.message}`)
        const open = () => connection.receiver(this.#orders, { credit: CREDIT, timeoutMs: CALL_MS })
        receiver = (await this.#watch.call('open', CALL_MS, open)) ?? receiver
      }
      if (value) await this.#take(value, dice)
    }
    await this.#watch.call('close-receiver', CALL_MS, () => receiver.close())
  }

  async #take(delivery: Delivery<Uint8Array>, dice: Dice): Promise<void> {
    const { id } = delivery
    const whole = this.#sent.has(id) && bodyOf(id, delivery.bytes.length).equals(delivery.bytes)
    if (!whole) {
      this.#damaged++
      if (!this.#options.corrupting) this.#watch.problem(`${id} came changed, or was never sent`)
    }
    if (dice.chance(0.1)) return void (await this.#watch.call('release', CALL_MS, () => delivery.release()))
    const { error } = await this.#watch.outcome('accept', CALL_MS, () => delivery.accept())
    // Without an answer it may be settled all the same.
    if (whole && error?.code !== 'INTERNAL') this.#taken.add(id)
  }

  async #ask(connection: Connection): Promise<void> {
    for (let number = 0; this.#running; number++) {
      const question = `q${number}`
      const answer = await this.#watch.call('request', CALL_MS, () =>
        connection.request(this.#echo, question, { timeoutMs: CALL_MS }),
      )
      if (answer) this.#answered++
      if (answer && answer.body !== question && !this.#options.corrupting)
        this.#watch.problem(`asked ${question}, answered ${answer.body}`)
      await this.#watch.call('inspect', CALL_MS, () =>
        connection.admin.inspect(this.#orders, { timeoutMs: CALL_MS }),
      )
      await sleep(50)
    }
  }

  /** All that was accepted has been seen, and the queue is empty. */
  async #settled(direct: Connection): Promise<void> {
    const end = performance.now() + SETTLE_MS
    const missing = () => [...this.#accepted.keys()].filter((id) => !this.#taken.has(id))
    let depth: number | undefined
    for (; performance.now() < end; await sleep(100)) {
      depth = (await direct.admin.inspect(this.#orders))?.depth
      if (depth === 0 && (missing().length === 0 || this.#options.corrupting)) break
    }
    if (depth !== 0) this.#watch.problem(`the queue has depth ${depth}: receivers do not get what is there`)
    // A changed bit can change an id, or settle all that one receiver holds.
    const allowed = this.#corrupted * CREDIT
    if (missing().length > allowed)
      this.#watch.problem(`${missing().length} accepted did not come: ${missing().slice(0, 8).join(' ')}`)
  }
}
