/** Everything that goes over the cluster in one run: its connections, its lanes, its nodes. */
import {
  type AnyAddress,
  broadcast,
  type Connection,
  connect,
  multicast,
  queue,
  service,
  topic,
} from '../../../src/index.ts'
import { Dice } from '../random/dice.ts'
import type { Place } from '../random/place.ts'
import type { Watch } from '../random/watch.ts'
import { Asking, Live } from './asking.ts'
import { Lane, type LaneOptions } from './lane.ts'
import type { Pulse } from './pulse.ts'

const CONNECTIONS = 4
/** Of the first connection: a node of a pair takes nobody, and the other one may be busy. */
const CONNECT_MS = 60_000

export class Traffic {
  readonly lanes: Lane[] = []
  readonly asking = new Asking()
  readonly live = new Live()
  readonly nodes: AnyAddress[] = []
  readonly connections: readonly Connection[]
  readonly #watch: Watch
  readonly #seed: number
  /** Of all lanes. */
  readonly #rate: number | undefined
  #isLive = false
  #letters: Promise<void> = Promise.resolve()
  #closeLetters = async () => {}

  /** @param rate sends a second over all lanes; `undefined`: as many as go through */
  static async open(place: Place, watch: Watch, seed: number, rate?: number): Promise<Traffic> {
    const { url, native, password } = place
    const open = () =>
      connect({
        url,
        native,
        password,
        heartbeatMs: 2_000,
        connectTimeoutMs: CONNECT_MS,
        reconnect: { minDelayMs: 20, maxDelayMs: 500 },
      })
    const traffic = new Traffic(
      await Promise.all(Array.from({ length: CONNECTIONS }, open)),
      watch,
      seed,
      rate,
    )
    await traffic.#begin()
    return traffic
  }

  private constructor(
    connections: readonly Connection[],
    watch: Watch,
    seed: number,
    rate: number | undefined,
  ) {
    this.connections = connections
    this.#watch = watch
    this.#seed = seed
    this.#rate = rate
    for (const connection of connections)
      connection.on('warning', ({ error }) => {
        if (error.code === 'INTERNAL') watch.problem(`warning ${error.message}`)
      })
  }

  /** Of sends that are confirmed. */
  get sends(): Pulse[] {
    return this.lanes.map(({ pulse }) => pulse)
  }

  get pulses(): Pulse[] {
    return [...this.sends, this.asking.pulse, ...(this.#isLive ? [this.live.pulse] : [])]
  }

  async #begin(): Promise<void> {
    const [first, second, third, fourth] = this.connections as [
      Connection,
      Connection,
      Connection,
      Connection,
    ]
    const { features } = first.capabilities
    const can = (...names: (keyof typeof features)[]) =>
      names.every((name) => features[name].level !== 'unsupported')
    const aside = queue<number>('run-aside')
    const fleet = multicast<number>('run-fleet')
    const echo = service<number, number>('run-echo')
    const lanes: LaneOptions[] = []
    this.nodes.push(aside, fleet.member('one'), echo)
    await first.admin.declare(aside)
    for (const name of ['plain', 'other', 'judged']) {
      const node = queue<number>(`run-${name}`, name === 'judged' ? { deadLetter: aside } : {})
      await first.admin.declare(node)
      this.nodes.push(node)
      lanes.push({ name, target: node, source: node, anyVerdict: name === 'judged' })
    }
    if (can('topic', 'namedSubscription')) {
      const news = topic<number>('run-news')
      const archive = news.matching('#').subscription('archive')
      await first.admin.declare(archive)
      this.nodes.push(archive, news)
      lanes.push({ name: 'archive', target: news, source: archive })
    }
    await (await first.receiver(fleet.member('one'))).close()
    lanes.push({ name: 'member', target: fleet.to('one'), source: fleet.member('one') })
    const rate = this.#rate === undefined ? undefined : this.#rate / lanes.length
    for (const [at, options] of lanes.entries()) {
      const lane = new Lane({ ...options, rate }, this.#watch, new Dice(this.#seed, options.name))
      this.lanes.push(lane)
      await lane.begin(at % 2 === 0 ? first : second, at % 2 === 0 ? third : fourth)
    }
    await this.#read(aside, third)
    await this.asking.begin(echo, second, third, this.#watch)
    this.#isLive = can('broadcast')
    if (this.#isLive) await this.live.begin(broadcast<number>('run-alerts'), first, fourth, this.#watch)
  }

  /** A letter that was read is done with. */
  async #read(aside: ReturnType<typeof queue<number>>, connection: Connection): Promise<void> {
    const { ledger } = this.lanes.find(({ name }) => name === 'judged')!
    const receiver = await connection.receiver(aside, { credit: 200 })
    const read = async () => {
      for await (const letter of receiver) {
        const { error } = await this.#watch.outcome('accept', 60_000, () => letter.accept())
        if (error === undefined) ledger.finished(letter.body)
      }
    }
    this.#letters = read().catch((error: Error) => this.#watch.problem(`letters: ${error.message}`))
    this.#closeLetters = () => receiver.close()
  }

  async stopSending(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => lane.stopSending()))
  }

  async closeLinks(): Promise<void> {
    await Promise.all([...this.lanes, this.asking, this.live].map((part) => part.close()))
    await this.#closeLetters()
    await this.#letters
  }

  async deleteNodes(): Promise<void> {
    if (this.connections[0]!.capabilities.features.delete.level === 'unsupported') return
    for (const node of this.nodes)
      await this.#watch.call('delete', 15_000, () => this.connections[0]!.admin.delete(node))
  }

  async close(): Promise<void> {
    await Promise.all(
      this.connections.map((each) => this.#watch.call('close-connection', 8_000, () => each.close())),
    )
  }
}
