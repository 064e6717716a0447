/** One queue under random use, beside a plain list of what it must hold: nothing is lost, doubled, altered or out of order. */
import { expect, onTestFinished, test, vi } from 'vitest'
import { Broker } from '../../../../src/broker/index.ts'
import type { AdapterDelivery } from '../../../../src/contract/adapter.ts'
import type { MessageContent, OutgoingMessage } from '../../../../src/model/message.ts'
import { Dice } from '../../../soak/random/dice.ts'
import { Hand, message, sent, type Taken } from '../harness.ts'

const STEPS = 30
/** Beyond this nothing is sent until some was taken. */
const DEEPEST = 5_000
/** The clock goes by tens and lives end between them, so that no life ends at the very moment of a look. Unit: ms. */
const TICK = 10

interface Held {
  readonly message: OutgoingMessage
  readonly place: number
  readonly expiresAt: number
  count: number
  redelivered: boolean
}

class Model {
  clock = 0
  readonly #levels: Held[][] = Array.from({ length: 10 }, () => [])
  #places = 0

  sent(message: OutgoingMessage): void {
    const expiresAt = message.ttlMs === undefined ? Number.POSITIVE_INFINITY : this.clock + message.ttlMs
    this.put({ message, place: ++this.#places, expiresAt, count: 0, redelivered: false })
  }

  put(held: Held): void {
    const level = this.#levels[held.message.priority ?? 4]!
    const at = level.findLastIndex(({ place }) => place < held.place)
    level.splice(at + 1, 0, held)
  }

  /** What waits, the next one first. */
  get waiting(): Held[] {
    return this.#levels.toReversed().flatMap((level) => level.filter((held) => this.#lives(held)))
  }

  next(): Held | undefined {
    for (const level of this.#levels.toReversed()) {
      while (level.length > 0) {
        const held = level.shift()!
        if (this.#lives(held)) return held
      }
    }
    return undefined
  }

  clear(): void {
    for (const level of this.#levels) level.length = 0
  }

  #lives({ expiresAt }: Held): boolean {
    return expiresAt > this.clock
  }
}

interface Reader {
  readonly taken: Taken
  readonly open: Map<AdapterDelivery, Held>
}

function shown(message: MessageContent, count: number, redelivered: boolean): string {
  const { id, subject, body, contentType, properties, correlationId, priority, groupId } = message
  const fields = { id, subject, contentType, properties, correlationId, priority, groupId }
  return JSON.stringify({ ...fields, body: String(body), count, redelivered })
}

function delivered({ message, deliveryCount, redelivered }: AdapterDelivery): string {
  return shown(message, deliveryCount, redelivered)
}

function drawn(dice: Dice, lives: readonly number[]): OutgoingMessage {
  return message(`body ${dice.below(1_000)}`.repeat(dice.between(1, 3)), {
    subject: dice.of([undefined, 'a.b', `s.${dice.below(100)}`]),
    contentType: dice.of(['text/plain', undefined]),
    correlationId: dice.chance(0.1) ? `c${dice.below(9)}` : undefined,
    groupId: dice.chance(0.1) ? 'g' : undefined,
    priority: dice.chance(0.05) ? dice.below(10) : undefined,
    ttlMs: dice.of(lives) || undefined,
    ...(dice.chance(0.3) ? { properties: { at: dice.below(9) } } : {}),
  })
}

/** Everything that the broker put off to later turns has happened. */
async function quiet(): Promise<void> {
  for (let turns = 0; turns < 8; turns++) await new Promise((resolve) => setImmediate(resolve))
}

test.each([1, 2, 3, 4, 5])('a queue is what a list would be, whatever is done to it (%i)', async (seed) => {
  const dice = new Dice(seed, 'queue')
  const model = new Model()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  vi.spyOn(performance, 'now').mockImplementation(() => model.clock)
  onTestFinished(() => {
    vi.useRealTimers()
    vi.restoreAllMocks()
  })
  const broker = await Broker.open()
  const hand = new Hand(broker)
  await hand.queue('q')
  const sender = await hand.sender('q', { capacity: DEEPEST })
  const readers: Reader[] = []
  const wrong: string[] = []
  const lives = dice.of([[0], [0, 0, 0, 55], [25, 155, 1_005]])

  async function read(credit: number): Promise<void> {
    const open: Reader['open'] = new Map()
    const taken = await hand.receive('q', { credit: 0 })
    // What is thrown in here is the broker's to swallow.
    taken.deliver = (delivery) => {
      const held = model.next()
      if (!held) {
        wrong.push(`${delivered(delivery)}, where nothing waits`)
        return
      }
      const expected = shown(held.message, ++held.count, held.redelivered)
      if (delivered(delivery) !== expected) wrong.push(`${delivered(delivery)}, not ${expected}`)
      open.set(delivery, held)
    }
    readers.push({ taken, open })
    taken.link.flow(credit)
  }

  function giveBack(held: Held): void {
    held.redelivered = true
    model.put(held)
  }

  async function settle({ taken, open }: Reader): Promise<void> {
    for (const [delivery, held] of [...open]) {
      if (dice.chance(0.3)) continue
      open.delete(delivery)
      const draw = dice.number()
      if (draw < 0.7) taken.link.accept(delivery)
      else if (draw < 0.8) await taken.link.settle(delivery, { kind: 'reject', reason: 'at random' })
      else {
        giveBack(held)
        await taken.link.settle(delivery, { kind: 'release', delayMs: 0, unseen: false })
      }
    }
  }

  async function leave(reader: Reader): Promise<void> {
    readers.splice(readers.indexOf(reader), 1)
    for (const held of reader.open.values()) giveBack(held)
    await reader.taken.link.close()
  }

  async function look(): Promise<void> {
    const taken = await hand.receive('q', { mode: 'browse', credit: DEEPEST * 2 })
    while (!taken.ended) await quiet()
    await taken.link.close()
    const expected = model.waiting.map(({ message, count, redelivered }) =>
      shown(message, count + 1, redelivered),
    )
    expect(taken.deliveries.map(delivered).join('\n')).toBe(expected.join('\n'))
    expect(await hand.depth('q')).toBe(expected.length)
    expect(wrong).toEqual([])
  }

  for (let step = 0; step < STEPS; step++) {
    const what = dice.of([
      'send',
      'send',
      'read',
      'settle',
      'settle',
      'leave',
      'look',
      'wait',
      'purge',
    ] as const)
    const reader = readers.length > 0 ? dice.of(readers) : undefined
    if (what === 'send' && model.waiting.length < DEEPEST) {
      const sends = Array.from({ length: dice.of([1, 50, 2_000]) }, () => {
        const one = drawn(dice, lives)
        model.sent(one)
        return sent(sender, one)
      })
      await Promise.all(sends)
    }
    if (what === 'read' && readers.length < 3) await read(dice.of([1, 7, 400]))
    if (what === 'settle' && reader) await settle(reader)
    if (what === 'leave' && reader) await leave(reader)
    if (what === 'look') await look()
    if (what === 'wait') {
      const ms = TICK * dice.of([1, 5, 20])
      model.clock += ms
      vi.advanceTimersByTime(ms + 1)
    }
    if (what === 'purge' && dice.chance(0.3)) {
      const purged = await hand.session.purge({ name: 'q', type: 'queue' })
      expect(purged).toBe(model.waiting.length)
      model.clear()
    }
    await quiet()
  }
  for (const reader of [...readers]) await leave(reader)
  await look()
  await broker.close()
})
