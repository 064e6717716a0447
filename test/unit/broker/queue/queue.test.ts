import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Broker } from '../../../../src/broker/index.ts'
import { connect, queue } from '../../../../src/index.ts'
import {
  DEAD_LETTER_DELIVERIES,
  DEAD_LETTER_ORIGIN,
  DEAD_LETTER_REASON,
  StructuredBody,
} from '../../../../src/model/message.ts'
import { Hand, message, sent, spec, textOf } from '../harness.ts'

let broker: Broker
let hand: Hand

beforeEach(async () => {
  broker = await Broker.open()
  hand = new Hand(broker)
})

afterEach(async () => {
  await broker.close()
})

describe('order', () => {
  test('messages come in the order they were sent, larger priority first', async () => {
    await hand.queue('q')
    for (const [text, priority] of [
      ['a', undefined],
      ['b', 9],
      ['c', 4],
      ['d', 0],
      ['e', 9],
      ['f', 5],
    ] as const) {
      await hand.send('q', text, { priority })
    }
    expect(await hand.browse('q')).toEqual(['b', 'e', 'f', 'a', 'c', 'd'])
    expect(await (await hand.receive('q')).drain()).toEqual(['b', 'e', 'f', 'a', 'c', 'd'])
  })

  test('released messages return to their old place, in any order of release', async () => {
    await hand.queue('q')
    for (const text of ['a', 'b', 'c', 'd', 'e', 'f']) await hand.send('q', text)
    const taken = await hand.receive('q', { credit: 4 })
    const [a, b, c, d] = await taken.first(4)
    taken.link.flow(0)
    for (const delivery of [c!, a!, d!, b!]) {
      await taken.link.settle(delivery, { kind: 'release', delayMs: 0, unseen: false })
    }
    expect(await hand.browse('q')).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
    expect(await hand.depth('q')).toBe(6)
  })

  test('a release counts and marks; one unseen does neither', async () => {
    await hand.queue('q')
    await hand.send('q', 'a')
    const taken = await hand.receive('q', { credit: 1 })
    for (const [count, redelivered, unseen] of [
      [1, false, true],
      [1, false, false],
      [2, true, true],
      [2, true, false],
    ] as const) {
      const [delivery] = await taken.first(1)
      expect(delivery).toMatchObject({ deliveryCount: count, redelivered })
      taken.deliveries.length = 0
      await taken.link.settle(delivery!, { kind: 'release', delayMs: 0, unseen })
    }
    expect((await taken.first(1))[0]).toMatchObject({ deliveryCount: 3, redelivered: true })
  })

  test('competing receivers take turns, and none gets more than its credit', async () => {
    await hand.queue('q')
    const first = await hand.receive('q', { credit: 3 })
    const second = await hand.receive('q', { credit: 10 })
    for (let at = 0; at < 8; at++) await hand.send('q', `${at}`)
    expect(first.texts).toEqual(['0', '2', '4'])
    expect(second.texts).toEqual(['1', '3', '5', '6', '7'])
    for (let at = 8; at < 20; at++) await hand.send('q', `${at}`)
    expect(first.deliveries.length).toBe(3)
    expect(second.deliveries.length).toBe(10)
    expect(await hand.depth('q')).toBe(7)
  })

  test('receivers that accept at once get equal shares, whatever their credit', async () => {
    await hand.queue('q')
    const shares = [0, 0, 0]
    for (const [at, credit] of [1, 10, 100].entries()) {
      const taken = await hand.receive('q', { credit })
      taken.deliver = (delivery) => {
        shares[at]!++
        taken.link.accept(delivery)
      }
    }
    const sender = await hand.sender('q')
    await Promise.all(Array.from({ length: 3_000 }, () => sent(sender, message('x'))))
    for (const share of shares) expect(Math.abs(share - 1_000)).toBeLessThan(10)
  })

  test('receivers in loops of their own get equal shares of a stream', async () => {
    await using connection = await connect('memory:equal-shares')
    const receivers = await Promise.all([0, 1, 2].map(() => connection.receiver(queue('q'))))
    const shares = [0, 0, 0]
    const count = 9_000
    const loops = receivers.map(async (receiver, at) => {
      for await (const delivery of receiver) {
        shares[at]!++
        await delivery.accept()
        if (shares[0]! + shares[1]! + shares[2]! === count) for (const one of receivers) void one.close()
      }
    })
    await using sender = await connection.sender(queue('q'))
    await sender.sendAll(Array.from({ length: count }, (_, at) => at))
    await Promise.all(loops)
    for (const share of shares) expect(Math.abs(share - count / 3)).toBeLessThan(count / 30)
  })

  test('a pause hands over nothing, what was handed over can be settled, and a resume goes on', async () => {
    await hand.queue('q')
    const taken = await hand.receive('q', { credit: 2 })
    for (const text of ['a', 'b', 'c', 'd']) await hand.send('q', text)
    taken.link.flow(0)
    for (const delivery of taken.deliveries.splice(0)) taken.link.accept(delivery)
    await taken.link.flush()
    expect(taken.deliveries).toEqual([])
    taken.link.flow(1)
    await taken.first(1)
    expect(taken.texts).toEqual(['c'])
  })

  test('a receiver may accept, send and close within the call that hands over', async () => {
    await hand.queue('q')
    const sender = await hand.sender('q')
    const taken = await hand.receive('q', { credit: 1 })
    const original = taken.deliver.bind(taken)
    taken.deliver = (delivery) => {
      original(delivery)
      taken.link.accept(delivery)
      const next = Number(textOf(delivery)) + 1
      if (next < 5_000) sender.send({ message: message(`${next}`), resend: false, settle: () => {} })
      else void taken.link.close()
    }
    await sent(sender, message('0'))
    await taken.until(() => taken.deliveries.length === 5_000)
    expect(await hand.depth('q')).toBe(0)
  })
})

describe('time', () => {
  test('expired messages are neither delivered nor browsed nor counted: the shorter of message and node counts', async () => {
    await hand.queue('q', { ttlMs: 40 })
    await hand.queue('long', { ttlMs: 60_000 })
    await hand.send('q', 'node')
    await hand.send('q', 'longer', { ttlMs: 60_000 })
    await hand.send('long', 'message', { ttlMs: 40 })
    await hand.send('long', 'stays')
    expect(await hand.depth('q')).toBe(2)
    while ((await hand.depth('q'))! > 0 || (await hand.depth('long'))! > 1) await tick()
    expect(await hand.browse('q')).toEqual([])
    expect(await (await hand.receive('long')).drain()).toEqual(['stays'])
  })

  test('a message that expires while handed out can still be accepted, and does not come back', async () => {
    await hand.queue('q')
    await hand.send('q', 'a', { ttlMs: 20 })
    const taken = await hand.receive('q')
    const [delivery] = await taken.first(1)
    expect(delivery!.message.ttlMs).toBeGreaterThan(0)
    await later(30)
    await taken.link.settle(delivery!, { kind: 'release', delayMs: 0, unseen: false })
    expect(await hand.depth('q')).toBe(0)
  })

  test('a delayed message is hidden until it is due, then counts as sent', async () => {
    await hand.queue('q')
    const start = performance.now()
    await hand.send('q', 'late', { delayMs: 60 })
    await hand.send('q', 'later', { delayMs: 90 })
    await hand.send('q', 'now')
    expect(await hand.browse('q')).toEqual(['now'])
    const taken = await hand.receive('q')
    await taken.first(3)
    expect(taken.texts).toEqual(['now', 'late', 'later'])
    expect(performance.now() - start).toBeGreaterThanOrEqual(89)
    expect(taken.deliveries[1]).toMatchObject({ deliveryCount: 1, redelivered: false })
  })

  test('a delayed release comes when it is due, counted, before younger ones', async () => {
    await hand.queue('q')
    await hand.send('q', 'a')
    const taken = await hand.receive('q', { credit: 1 })
    const [delivery] = await taken.first(1)
    taken.link.flow(0)
    await taken.link.settle(delivery!, { kind: 'release', delayMs: 50, unseen: false })
    await hand.send('q', 'b')
    expect(await hand.depth('q')).toBe(1)
    while ((await hand.depth('q'))! < 2) await tick()
    expect(await hand.browse('q')).toEqual(['a', 'b'])
    taken.link.flow(1)
    await taken.first(2)
    expect(taken.deliveries[1]).toMatchObject({ deliveryCount: 2, redelivered: true })
  })

  test('a node with expiresMs goes once it was unused that long, and not while it has a receiver', async () => {
    await hand.queue('q', { expiresMs: 50 })
    const taken = await hand.receive('q')
    await later(80)
    expect(await hand.depth('q')).toBe(0)
    await taken.link.close()
    while ((await hand.depth('q')) !== undefined) await tick()
  })

  test('an autoDelete queue goes with its last receiver', async () => {
    await hand.queue('q', { autoDelete: true })
    const first = await hand.receive('q')
    const second = await hand.receive('q')
    await first.link.close()
    expect(await hand.depth('q')).toBe(0)
    await second.link.close()
    expect(await hand.depth('q')).toBeUndefined()
  })

  test('ten thousand messages with different lives expire on one timer', async () => {
    await hand.queue('q')
    const sender = await hand.sender('q')
    await Promise.all(
      Array.from({ length: 10_000 }, (_, at) =>
        sent(sender, message('x', { ttlMs: 1 + ((at * 7919) % 60) })),
      ),
    )
    while ((await hand.depth('q'))! > 0) await tick()
  })
})

describe('refusals', () => {
  test('a full queue refuses with SEND_REJECTED and a hint; room makes it take again; delayed ones count', async () => {
    await hand.queue('q', { maxLength: 2 })
    await hand.send('q', 'a')
    await hand.send('q', 'b', { delayMs: 60_000 })
    await expect(hand.send('q', 'c')).rejects.toMatchObject({
      code: 'SEND_REJECTED',
      hint: expect.stringContaining('full'),
      context: { address: 'q' },
    })
    expect(await (await hand.receive('q')).drain()).toEqual(['a'])
    await hand.send('q', 'd')
  })

  test('a queue that does not exist, or no longer, is SEND_UNROUTABLE; one made anew takes again', async () => {
    const sender = await hand.sender('q')
    await expect(sent(sender, message('a'))).rejects.toMatchObject({ code: 'SEND_UNROUTABLE' })
    await hand.queue('q')
    await sent(sender, message('b'))
    expect(await hand.session.delete({ name: 'q', type: 'queue' })).toBe(true)
    await expect(sent(sender, message('c'))).rejects.toMatchObject({ code: 'SEND_UNROUTABLE' })
    await hand.queue('q')
    await sent(sender, message('d'))
    expect(await hand.browse('q')).toEqual(['d'])
  })

  test('an exclusive receiver keeps others out until it goes, whoever says exclusive', async () => {
    await hand.queue('q')
    const first = await hand.receive('q', { exclusive: true })
    await expect(hand.receive('q')).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
    await first.link.close()
    const shared = await hand.receive('q')
    await expect(hand.receive('q', { exclusive: true })).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
    await shared.link.close()
    await hand.queue('alone', { exclusive: true })
    await hand.receive('alone')
    await expect(hand.receive('alone')).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
    expect(await hand.browse('alone')).toEqual([])
  })

  test('declaring the same again does nothing, with other settings it is ADDRESS_MISMATCH naming them', async () => {
    await hand.queue('q', { maxLength: 5 })
    await hand.queue('q', { maxLength: 5 })
    await expect(hand.queue('q', { maxLength: 6, durable: false })).rejects.toMatchObject({
      code: 'ADDRESS_MISMATCH',
      message: expect.stringMatching(/durable.*maxLength is 5, not 6/),
    })
    await hand.topic('t')
    await expect(hand.session.declare(spec('t', 'broadcast'))).rejects.toMatchObject({
      code: 'ADDRESS_MISMATCH',
    })
    await expect(hand.receive('nowhere')).rejects.toMatchObject({ code: 'ADDRESS_NOT_FOUND' })
  })
})

describe('dead letters', () => {
  test('a rejected message goes to the dead-letter address with reason, count and origin', async () => {
    await hand.queue('dlq')
    await hand.queue('q', { deadLetter: { name: 'dlq', type: 'queue' } })
    await hand.send('q', 'a', {
      id: 'kept',
      ttlMs: 60_000,
      subject: 's',
      properties: { mine: 1n, __proto__x: 'y' },
    })
    const taken = await hand.receive('q')
    const [delivery] = await taken.first(1)
    await taken.link.settle(delivery!, { kind: 'reject', reason: 'no good' })
    const dead = await hand.receive('dlq')
    const [letter] = await dead.first(1)
    expect({ ...letter!.message.properties }).toEqual({
      mine: 1n,
      __proto__x: 'y',
      [DEAD_LETTER_REASON]: 'no good',
      [DEAD_LETTER_DELIVERIES]: 1,
      [DEAD_LETTER_ORIGIN]: 'q',
    })
    expect(letter!.message).toMatchObject({ id: 'kept', subject: 's', ttlMs: undefined })
    expect(letter).toMatchObject({ deliveryCount: 1, redelivered: false })
    expect(await hand.depth('q')).toBe(0)
  })

  test('a dead-letter queue that does not exist is made, durable, rather than losing the message', async () => {
    await hand.queue('q', { deadLetter: { name: 'fresh', type: 'queue' } })
    await hand.send('q', 'a')
    const taken = await hand.receive('q')
    await taken.link.settle((await taken.first(1))[0]!, { kind: 'reject', reason: 'x' })
    expect(await hand.session.inspect({ name: 'fresh', type: 'queue' })).toMatchObject({
      depth: 1,
      durable: true,
    })
  })

  test('after maxDeliveries a message goes to the dead-letter address, and is not delivered once more', async () => {
    await hand.queue('q', { maxDeliveries: 3, deadLetter: { name: 'dlq', type: 'queue' } })
    await hand.send('q', 'a')
    const taken = await hand.receive('q', { credit: 1 })
    for (let count = 1; count <= 3; count++) {
      await taken.until(() => taken.deliveries.length === count)
      const delivery = taken.deliveries[count - 1]!
      expect(delivery.deliveryCount).toBe(count)
      await taken.link.settle(delivery, { kind: 'release', delayMs: 0, unseen: false })
    }
    const [letter] = await (await hand.receive('dlq')).first(1)
    expect(letter!.message.properties[DEAD_LETTER_DELIVERIES]).toBe(3)
    expect(letter!.message.properties[DEAD_LETTER_REASON]).toMatch(/3 deliveries/)
    expect(taken.deliveries.length).toBe(3)
  })

  test('without a dead-letter address it is discarded after maxDeliveries, and that is told', async () => {
    await hand.queue('q', { maxDeliveries: 1 })
    await hand.send('q', 'a', { id: 'poison' })
    const taken = await hand.receive('q')
    await taken.link.settle((await taken.first(1))[0]!, { kind: 'release', delayMs: 0, unseen: false })
    expect(await hand.depth('q')).toBe(0)
    expect(hand.warnings).toHaveLength(1)
    expect(hand.warnings[0]!.context).toMatchObject({ address: 'q', messageId: 'poison' })
  })

  test('a copy that says how often it was delivered before is diverted before anybody sees it', async () => {
    await hand.queue('q', { maxDeliveries: 2, deadLetter: { name: 'dlq', type: 'queue' } })
    const taken = await hand.receive('q')
    await hand.send('q', 'worn', { deliveriesBefore: 2 })
    await hand.send('q', 'fresh', { deliveriesBefore: 1 })
    await taken.first(1)
    expect(taken.texts).toEqual(['fresh'])
    expect(taken.deliveries[0]).toMatchObject({ deliveryCount: 2, redelivered: true })
    expect(await hand.browse('dlq')).toEqual(['worn'])
  })

  test('a full dead-letter queue still takes dead letters', async () => {
    await hand.queue('dlq', { maxLength: 1 })
    await hand.queue('q', { deadLetter: { name: 'dlq', type: 'queue' } })
    const taken = await hand.receive('q')
    for (const text of ['a', 'b', 'c']) await hand.send('q', text)
    for (const delivery of await taken.first(3))
      await taken.link.settle(delivery, { kind: 'reject', reason: 'x' })
    expect(await hand.browse('dlq')).toEqual(['a', 'b', 'c'])
  })
})

describe('browse', () => {
  test('it shows what waits, in pages of its credit, twice the same, and changes nothing', async () => {
    await hand.queue('q')
    for (let at = 0; at < 1_200; at++) await hand.send('q', `${at}`, { priority: at % 3 })
    const taken = await hand.receive('q', { credit: 2 })
    await taken.first(2)
    const seen = await hand.browse('q', { credit: 7 })
    expect(seen).toHaveLength(1_198)
    expect(await hand.browse('q', { credit: 100 })).toEqual(seen)
    expect(seen).not.toContain(taken.texts[0])
    expect(await hand.depth('q')).toBe(1_198)
    for (const delivery of taken.deliveries.splice(0)) taken.link.accept(delivery)
    const rest = await taken.drain()
    expect(rest).toEqual(seen)
  })

  test('it ends though others keep sending, and misses nothing that was there while others take', async () => {
    await hand.queue('q')
    for (let at = 0; at < 300; at++) await hand.send('q', `${at}`)
    const browser = await hand.receive('q', { mode: 'browse', credit: 1 })
    let seen = 0
    while (!browser.ended) {
      await browser.until(() => browser.ended || browser.deliveries.length > seen)
      if (browser.ended) break
      await hand.send('q', 'new')
      browser.link.accept(browser.deliveries[seen++]!)
    }
    expect(browser.texts).toEqual(Array.from({ length: 300 }, (_, at) => `${at}`))
  })

  test('following goes on with arrivals of any priority, once each', async () => {
    await hand.queue('q')
    await hand.send('q', 'a', { priority: 1 })
    await hand.send('q', 'b', { priority: 8 })
    const browser = await hand.receive('q', { mode: 'browse', follow: true, credit: 1 })
    const expected = ['b', 'a', 'c', 'd', 'e']
    for (const [at, text] of expected.entries()) {
      if (at >= 2) await hand.send('q', text, { priority: at === 3 ? 9 : 0 })
      await browser.until(() => browser.deliveries.length > at)
      browser.link.accept(browser.deliveries[at]!)
    }
    expect(browser.texts).toEqual(expected)
    expect(browser.ended).toBe(false)
    await hand.session.delete({ name: 'q', type: 'queue' })
    expect(browser.error).toMatchObject({ code: 'DETACHED' })
  })
})

describe('deliveries', () => {
  test('what a receiver does to a body or a property reaches nobody else', async () => {
    await hand.queue('q')
    await hand.send('q', 'abc', { properties: { when: new Date(5), raw: Uint8Array.of(1, 2) } })
    await hand.send('q', '', { body: new StructuredBody({ list: [1, { deep: 'x' }] }) })
    const taken = await hand.receive('q')
    const [plain, structured] = await taken.first(2)
    ;(plain!.message.body as Uint8Array).fill(0)
    ;(plain!.message.properties.when as Date).setTime(9)
    ;(plain!.message.properties.raw as Uint8Array)[0] = 9
    const value = (structured!.message.body as StructuredBody).value as { list: unknown[] }
    value.list.push('more')
    taken.deliveries.length = 0
    for (const one of [plain!, structured!])
      await taken.link.settle(one, { kind: 'release', delayMs: 0, unseen: false })
    const [again, structuredAgain] = await taken.first(2)
    expect(textOf(again!)).toBe('abc')
    expect(again!.message.properties.when).toEqual(new Date(5))
    expect(again!.message.properties.raw).toEqual(Uint8Array.of(1, 2))
    expect(JSON.stringify((structuredAgain!.message.body as StructuredBody).value)).toBe(
      '{"list":[1,{"deep":"x"}]}',
    )
  })

  test('a verdict counts once, on its own link only, and never settles a stranger', async () => {
    await hand.queue('q')
    await hand.send('q', 'a')
    const first = await hand.receive('q', { credit: 1 })
    const [delivery] = await first.first(1)
    const second = await hand.receive('q', { credit: 1 })
    second.link.accept(delivery!)
    await expect(second.link.settle(delivery!, { kind: 'reject', reason: 'x' })).rejects.toMatchObject({
      code: 'DELIVERY_LOST',
    })
    await first.link.close()
    const [again] = await second.first(1)
    first.link.accept(delivery!)
    second.link.accept(delivery!)
    expect((await hand.session.inspect({ name: 'q', type: 'queue' }))!.details).toMatchObject({
      unsettled: 1,
    })
    second.link.accept(again!)
    second.link.accept(again!)
    expect((await hand.session.inspect({ name: 'q', type: 'queue' }))!.details).toMatchObject({
      unsettled: 0,
    })
  })

  test('purge removes what waits, delayed ones too, and not what is handed out', async () => {
    await hand.queue('q')
    for (const text of ['a', 'b', 'c']) await hand.send('q', text)
    await hand.send('q', 'late', { delayMs: 60_000 })
    const taken = await hand.receive('q', { credit: 1 })
    const [delivery] = await taken.first(1)
    expect(await hand.session.purge({ name: 'q', type: 'queue' })).toBe(3)
    taken.link.flow(0)
    await taken.link.settle(delivery!, { kind: 'release', delayMs: 0, unseen: false })
    expect(await hand.browse('q')).toEqual(['a'])
  })

  test('purge ends while others go on sending: it removes as many as waited', async () => {
    await hand.queue('q')
    const waiting = 12_000
    await Promise.all(Array.from({ length: waiting }, () => hand.send('q', 'old')))
    let purging = true
    const purged = hand.session.purge({ name: 'q', type: 'queue' }).finally(() => {
      purging = false
    })
    let sent = 0
    // Never less than a piece of the purge at a time.
    while (purging && sent < 200_000) {
      await Promise.all(Array.from({ length: 6_000 }, () => hand.send('q', 'new')))
      sent += 6_000
    }
    expect(await purged).toBe(waiting)
    expect((await hand.session.inspect({ name: 'q', type: 'queue' }))!.depth).toBe(sent)
  })

  test('a queue deleted under its receiver detaches it, retryable, and late verdicts are harmless', async () => {
    await hand.queue('q')
    await hand.send('q', 'a')
    const taken = await hand.receive('q')
    const [delivery] = await taken.first(1)
    await hand.session.delete({ name: 'q', type: 'queue' })
    expect(taken.error).toMatchObject({ code: 'DETACHED', retryable: true })
    taken.link.accept(delivery!)
    await taken.link.close()
  })
})

async function tick(): Promise<void> {
  await later(1)
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
