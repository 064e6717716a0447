import { performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { scriptsFor } from '../../../../src/adapters/redis/scripts/index.ts'
import type { AdapterReceiver } from '../../../../src/contract/adapter.ts'
import { Fixture, type Inbox, message, range, send, text, texts } from '../fixture.ts'

// Nobody looks by itself: a call that is missed is missed for good.
const on = new Fixture({ native: { pollMs: 3_600_000 } })

/** Accepts everything in the order in which it comes. */
async function takeAll(receiver: AdapterReceiver, inbox: Inbox, count: number): Promise<void> {
  for (let at = 0; at < count; at++) receiver.accept(await inbox.next())
}

describe('an idle receiver', () => {
  it.each([1, 10, 1000])(
    'with credit %i gets each of hundreds of messages at once, also those that come while it falls idle',
    async (credit) => {
      const queue = await on.node()
      // A connection of its own: words and answers come by two ways, and overtake each other.
      const { connection } = await on.connect()
      const { receiver, inbox } = await on.receiver(queue, { credit }, connection)
      const sender = await on.sender(queue)
      let slowest = 0
      let at = 0
      for (let round = 0; round < 300; round++) {
        // One alone is handed over; several call the receiver. The next ones meet it while it is on its way back into the line.
        const bodies = range(1 + (round % 3)).map(() => String(at++))
        const before = performance.now()
        const sent = Promise.all(bodies.map((body) => send(sender, message(body))))
        await takeAll(receiver, inbox, bodies.length)
        slowest = Math.max(slowest, performance.now() - before)
        if (round % 2 === 0) await sent
      }
      expect(texts(inbox.deliveries)).toEqual(range(at))
      // By itself it looks after 250 ms, then after twice as long each time, up to an hour.
      expect(slowest).toBeLessThan(2_000)
    },
  )
})

describe('one sender and one receiver', () => {
  it.each([1, 3, 10, 100, 1000])('keep the exact order with credit %i, at every pace', async (credit) => {
    const queue = await on.node()
    const { connection } = await on.connect()
    const { receiver, inbox } = await on.receiver(queue, { credit }, connection)
    const sender = await on.sender(queue)
    const count = 600
    const taking = takeAll(receiver, inbox, count)
    const sent: Promise<unknown>[] = []
    for (let at = 0; at < count; at++) {
      sent.push(send(sender, message(String(at))))
      // In turn: as fast as it goes, one in each turn of the event loop, one each millisecond.
      const pace = Math.floor(at / 50) % 3
      if (pace === 1) await new Promise(setImmediate)
      else if (pace === 2) await pause(1)
    }
    await Promise.all([taking, ...sent])
    expect(texts(inbox.deliveries)).toEqual(range(count))
    expect(inbox.deliveries.filter(({ redelivered }) => redelivered)).toEqual([])
  })

  it('keep it when the server forgets its scripts again and again', async () => {
    const queue = await on.node()
    const { connection } = await on.connect()
    const { receiver, inbox } = await on.receiver(queue, { credit: 100 }, connection)
    const sender = await on.sender(queue)
    const count = 500
    const taking = takeAll(receiver, inbox, count)
    const sent: Promise<unknown>[] = []
    for (let at = 0; at < count; at++) {
      sent.push(send(sender, message(String(at))))
      if (at % 50 === 0) await on.bare.script('FLUSH')
      else await new Promise(setImmediate)
    }
    expect((await Promise.all(sent)).filter((error) => error !== undefined)).toEqual([])
    await taking
    expect(texts(inbox.deliveries)).toEqual(range(count))
  })

  it('keep it when the server forgets its scripts and another client loads them in between', async () => {
    const { turn, send: sending } = scriptsFor({ prefix: 'sluice', cluster: false, flags: true })
    const loader = on.bare.duplicate()
    on.atEnd(() => loader.disconnect())
    const queue = await on.node()
    const { connection } = await on.connect()
    const { receiver, inbox } = await on.receiver(queue, { credit: 100 }, connection)
    const sender = await on.sender(queue)
    const count = 3_000
    const taking = takeAll(receiver, inbox, count)
    const sent: Promise<unknown>[] = []
    const forgetting: Promise<unknown>[] = []
    for (let at = 0; at < count; at++) {
      sent.push(send(sender, message(String(at))))
      if (at % 10 === 0) forgetting.push(on.bare.script('FLUSH'))
      // Between two calls that are under way together.
      if (at % 10 === 1) forgetting.push(loader.script('LOAD', turn.lua), loader.script('LOAD', sending.lua))
      await new Promise(setImmediate)
    }
    await Promise.all(forgetting)
    expect((await Promise.all(sent)).filter((error) => error !== undefined)).toEqual([])
    await taking
    expect(texts(inbox.deliveries)).toEqual(range(count))
  })

  it('keep it as soon as another receiver has left, and nothing is lost or doubled while it is there', async () => {
    const queue = await on.node()
    const { connection } = await on.connect()
    const { receiver, inbox } = await on.receiver(queue, { credit: 10 }, connection)
    const sender = await on.sender(queue)
    let at = 0
    const some = (): string[] => range(20).map(() => String(at++))
    for (let round = 0; round < 10; round++) {
      const guest = await on.receiver(queue, { credit: 4 })
      const shared = some()
      const arrived: string[] = []
      const take = async (from: AdapterReceiver, of: Inbox): Promise<void> => {
        await Promise.race([of.until(() => of.rest.length > 0), all])
        while (of.rest.length > 0) {
          const one = await of.next()
          from.accept(one)
          arrived.push(text(one))
        }
        if (arrived.length < shared.length) return take(from, of)
        done()
      }
      let done!: () => void
      const all = new Promise<void>((resolve) => {
        done = resolve
      })
      const taking = [take(receiver, inbox), take(guest.receiver, guest.inbox)]
      for (const body of shared) expect(await send(sender, message(body))).toBeUndefined()
      await Promise.all(taking)
      expect(arrived.map(Number).sort((one, other) => one - other)).toEqual(shared.map(Number))
      await guest.receiver.close()
      const own = some()
      const first = inbox.deliveries.length
      const alone = takeAll(receiver, inbox, own.length)
      for (const [n, body] of own.entries()) {
        const sent = send(sender, message(body))
        if (n % 3 === 0) await sent
      }
      await alone
      expect(texts(inbox.deliveries.slice(first))).toEqual(own)
    }
  })
})
