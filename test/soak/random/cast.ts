/** Who plays in a round: the parts are drawn, each with its nodes, its actors and the promises that are kept there. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type AnyAddress,
  type Connection,
  multicast,
  type QueueAddress,
  queue,
  type Source,
  service,
  type Target,
  topic,
} from '../../../src/index.ts'
import * as act from './actors.ts'
import { Book, type Promises } from './book.ts'
import { Dice } from './dice.ts'

const PARTS = [
  'ordered',
  'shared',
  'limited',
  'counted',
  'churned',
  'hurried',
  'news',
  'fleet',
  'echo',
] as const
/** How often a part is in a round. */
const CHANCE = 0.55

const PLAIN: act.SendingHabits = { fields: () => ({}) }
const VARIED: act.SendingHabits = {
  fields: (dice) => ({
    ...(dice.chance(0.2) ? { priority: dice.below(10) } : {}),
    ...(dice.chance(0.1) ? { delayMs: dice.between(1, 400) } : {}),
    ...(dice.chance(0.1) ? { ttlMs: 600_000 } : {}),
  }),
}
const SHORT_LIVED: act.SendingHabits = {
  reliability: 'at-most-once',
  fields: (dice) => (dice.chance(0.5) ? { ttlMs: dice.between(1, 300) } : {}),
}
const STORIES: act.SendingHabits = {
  fields: (dice) => ({ durable: true, subject: dice.of(['a', 'a.b', 'a.b.c']) }),
}

export class Cast {
  /** They end when nothing new is begun. */
  readonly sending: Promise<void>[] = []
  /** They end when all has been read. */
  readonly receiving: Promise<void>[] = []
  readonly books: Book[] = []
  /** Where a last message must come through, to the receivers that are there. */
  readonly probes: { readonly target: Target<string>; readonly book: Book }[] = []
  /** Must be empty in the end. */
  readonly queues: QueueAddress<string>[] = []
  readonly nodes: AnyAddress[] = []
  readonly #scene: act.Scene
  readonly #direct: Connection
  readonly #seed: number
  readonly #prefix: string

  constructor(scene: act.Scene, direct: Connection, seed: number, prefix: string) {
    this.#scene = scene
    this.#direct = direct
    this.#seed = seed
    this.#prefix = prefix
  }

  dice(name: string): Dice {
    return new Dice(this.#seed, name)
  }

  async begin(): Promise<void> {
    const dice = this.dice('cast')
    const on = new Set<string>(PARTS.filter(() => dice.chance(CHANCE)))
    // Broker-J ends the whole connection when a queue is deleted while messages are on their way to it.
    if (this.#scene.calm && this.#direct.adapter === 'qpid') on.delete('churned')
    if (on.has('ordered')) await this.#ordered()
    if (on.has('shared') || on.has('counted')) await this.#rejected(on)
    if (on.has('limited')) await this.#limited(dice.between(3, 40))
    if (on.has('hurried')) await this.#hurried()
    if (on.has('churned')) await this.#churned()
    if (on.has('news')) await this.#news()
    if (on.has('fleet')) await this.#fleet()
    if (on.has('echo')) await this.#echo()
  }

  // ── parts ──

  async #ordered(): Promise<void> {
    const node = await this.#queue('ordered')
    const book = this.#book('ordered', { ordered: true })
    this.#senders('ordered', node, book, PLAIN, PLAIN)
    this.#receivers('ordered', node, book, 'accept')
    // What takes messages to look at them disturbs the order.
    if (this.#direct.capabilities.features.browse.level === 'native') this.#look('ordered', node, book)
    this.probes.push({ target: node, book })
    this.queues.push(node)
  }

  async #rejected(on: ReadonlySet<string>): Promise<void> {
    const aside = await this.#queue('aside')
    this.receiving.push(this.#letters(aside))
    for (const what of ['shared', 'counted']) {
      if (!on.has(what)) continue
      const limit = what === 'counted' ? { maxDeliveries: 3 } : {}
      const node = await this.#queue(what, { deadLetter: aside, ...limit })
      const book = this.#book(what)
      this.#senders(what, node, book, VARIED, PLAIN)
      this.#receivers(what, node, book, 'any', 'any', 'any')
      if (what === 'shared') this.#look(what, node, book)
      this.probes.push({ target: node, book })
      this.queues.push(node)
    }
  }

  async #limited(maxLength: number): Promise<void> {
    const node = await this.#queue('limited', { maxLength })
    const book = this.#book('limited')
    this.#senders('limited', node, book, PLAIN, PLAIN)
    this.#receivers('limited', node, book, 'accept')
    this.probes.push({ target: node, book })
    this.queues.push(node)
  }

  async #hurried(): Promise<void> {
    const node = await this.#queue('hurried')
    const book = this.#book('hurried', { kept: false, once: false, marked: false })
    this.#senders('hurried', node, book, SHORT_LIVED, SHORT_LIVED)
    this.#receivers('hurried', node, book, 'none-owed')
    this.probes.push({ target: node, book })
  }

  async #churned(): Promise<void> {
    const node = await this.#queue('churned')
    const book = this.#book('churned', { kept: false, once: false, marked: false })
    this.#senders('churned', node, book, PLAIN, VARIED)
    this.#receivers('churned', node, book, 'any', 'accept')
    this.sending.push(act.churn(this.#scene, this.dice('churn'), node))
    this.probes.push({ target: node, book })
  }

  async #news(): Promise<void> {
    const news = topic<string>(this.#name('news'))
    const archive = news.matching('a.#').subscription('archive')
    await this.#direct.admin.declare(archive)
    this.nodes.push(archive, news)
    const book = this.#book('archive')
    this.#senders('news', news, book, STORIES, STORIES)
    this.#receivers('archive', archive, book, 'accept', 'accept')
    for (const [at, source] of [news.matching('a', 'a.#'), news].entries())
      this.sending.push(act.follow(this.#scene, this.dice(`f-news${at}`), `f-news${at}`, source, book))
  }

  async #fleet(): Promise<void> {
    const fleet = multicast<string>(this.#name('fleet'))
    for (const name of ['a', 'b']) {
      const member = fleet.member(name)
      // It joins.
      await (await this.#direct.receiver(member)).close()
      this.nodes.push(member)
      const book = this.#book(`fleet-${name}`)
      this.#senders(`fleet-${name}`, fleet.to(name), book, PLAIN)
      this.#receivers(`fleet-${name}`, member, book, 'accept')
      this.probes.push({ target: fleet.to(name), book })
    }
  }

  async #echo(): Promise<void> {
    const echo = service<string, string>(this.#name('echo'))
    this.nodes.push(echo)
    const steady = this.dice('steady')
    const responder = await this.#direct.respond(echo, (request) => act.respondTo(steady, request), {
      concurrency: 4,
    })
    this.sending.push(act.answer(this.#scene, this.dice('answer'), 'answer', echo))
    const asking = ['ask0', 'ask1'].map((as) => act.ask(this.#scene, this.dice(as), as, echo))
    this.sending.push(Promise.all(asking).then(() => responder.close()))
  }

  /** What was rejected and put aside is done with. */
  async #letters(aside: QueueAddress<string>): Promise<void> {
    const { watch } = this.#scene
    const receiver = await this.#direct.receiver(aside)
    while (!this.#scene.drained) {
      const look = () => receiver.receive({ timeoutMs: 300 })
      const { value: letter } = await watch.outcome('receive letters', 2_300, look)
      if (!letter) await sleep(5)
      else {
        for (const book of this.books) book.done(letter.id)
        await watch.call(`accept letter ${letter.id}`, 1_000, () => letter.accept())
      }
    }
    await watch.call('close-receiver letters', 8_000, () => receiver.close())
  }

  // ── their pieces ──

  #name(what: string): string {
    return `${this.#prefix}-${what}`
  }

  async #queue(
    what: string,
    options: Parameters<typeof queue<string>>[1] = {},
  ): Promise<QueueAddress<string>> {
    const node = queue<string>(this.#name(what), options)
    await this.#direct.admin.declare(node)
    this.nodes.push(node)
    return node
  }

  #book(what: string, promises: Partial<Promises> = {}): Book {
    const { watch, strict } = this.#scene
    // Redis keeps its notes on senders over a restart, however soon a message was received.
    const marked = strict || this.#direct.adapter === 'redis'
    const all = { kept: true, once: strict, marked, ordered: false, ...promises }
    const book = new Book(what, all, watch)
    this.books.push(book)
    return book
  }

  #senders(what: string, target: Target<string>, book: Book, ...all: act.SendingHabits[]): void {
    for (const [at, habits] of all.entries()) {
      const as = `s-${what}${at}`
      this.sending.push(act.send(this.#scene, this.dice(as), as, target, book, habits))
    }
  }

  #receivers(what: string, source: Source<string>, book: Book, ...all: act.Verdicts[]): void {
    for (const [at, verdicts] of all.entries()) {
      const as = `r-${what}${at}`
      this.receiving.push(act.receive(this.#scene, this.dice(as), as, source, book, { verdicts }))
    }
  }

  #look(what: string, node: QueueAddress<string>, book: Book): void {
    this.sending.push(act.look(this.#scene, this.dice(`l-${what}`), `l-${what}`, node, book))
  }
}
