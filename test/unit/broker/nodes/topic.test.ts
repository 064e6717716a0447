import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Broker, LIVE_BUFFER } from '../../../../src/broker/index.ts'
import { memberQueue, NO_LIMITS } from '../../../../src/contract/adapter.ts'
import { Hand, message, sent, spec } from '../harness.ts'

let broker: Broker
let hand: Hand

beforeEach(async () => {
  broker = await Broker.open()
  hand = new Hand(broker)
})

afterEach(async () => {
  await broker.close()
})

function archive(durable = true) {
  return { name: 'archive', durable }
}

describe('subscriptions', () => {
  test('one copy per subscription, however many of its patterns fit; nobody there is no error', async () => {
    await hand.topic('t')
    await hand.send('t', 'lost', { subject: 'a.b' })
    const both = await hand.receive('t', { patterns: ['a.*', '#.b', 'a.b', '#'] })
    const none = await hand.receive('t', { patterns: ['b.#'] })
    await hand.send('t', 'x', { subject: 'a.b' })
    await hand.send('t', 'y', { subject: 'b' })
    await hand.send('t', 'z')
    expect(both.texts).toEqual(['x', 'y', 'z'])
    expect(none.texts).toEqual(['y'])
    await both.link.close()
    await none.link.close()
    expect(await hand.session.inspect({ name: 't', type: 'topic' })).toMatchObject({ receivers: 0 })
  })

  test('a named subscription retains while nobody is attached, and its receivers share', async () => {
    await hand.topic('t')
    const first = await hand.receive('t', { patterns: ['#'], subscription: archive() })
    await first.link.close()
    for (let at = 0; at < 4; at++) await hand.send('t', `${at}`)
    const [a, b] = [
      await hand.receive('t', { patterns: ['#'], subscription: archive(), credit: 2 }),
      await hand.receive('t', { patterns: ['#'], subscription: archive(), credit: 2 }),
    ]
    await Promise.all([a.first(2), b.first(2)])
    expect([...a.texts, ...b.texts].sort()).toEqual(['0', '1', '2', '3'])
  })

  test('attaching with other patterns replaces them; limits hold as in a queue', async () => {
    await hand.topic('t')
    const old = await hand.receive('t', { patterns: ['a'], subscription: archive() })
    await old.link.close()
    const limits = { ...NO_LIMITS, maxLength: 1 }
    const again = await hand.receive('t', { patterns: ['b'], subscription: archive(), limits, credit: 0 })
    await hand.send('t', 'a', { subject: 'a' })
    await hand.send('t', 'b', { subject: 'b' })
    await expect(hand.send('t', 'c', { subject: 'b' })).rejects.toMatchObject({ code: 'SEND_REJECTED' })
    again.link.flow(10)
    await again.first(1)
    expect(again.texts).toEqual(['b'])
    await expect(hand.receive('t', { patterns: ['b'], subscription: archive(false) })).rejects.toMatchObject({
      code: 'ADDRESS_MISMATCH',
    })
  })

  test('when one of two subscriptions is full, none gets the message, so that sending again doubles nothing', async () => {
    await hand.topic('t')
    const open = await hand.receive('t', { patterns: ['#'] })
    const limits = { ...NO_LIMITS, maxLength: 1 }
    const full = await hand.receive('t', { patterns: ['#'], subscription: archive(), limits, credit: 0 })
    await hand.send('t', '1')
    await expect(hand.send('t', '2')).rejects.toMatchObject({ code: 'SEND_REJECTED' })
    expect(open.texts).toEqual(['1'])
    full.link.flow(1)
    await full.first(1)
    await hand.send('t', '2')
    expect(open.texts).toEqual(['1', '2'])
  })

  test('a named subscription can be looked at, browsed, purged and deleted', async () => {
    await hand.topic('t')
    const ref = { name: 't', type: 'topic', subscription: 'archive' } as const
    await expect(hand.browse('t', { patterns: ['#'], subscription: archive() })).rejects.toMatchObject({
      code: 'ADDRESS_NOT_FOUND',
    })
    await (await hand.receive('t', { patterns: ['x.#'], subscription: archive() })).link.close()
    await hand.send('t', 'a', { subject: 'x.y' })
    await hand.send('t', 'b', { subject: 'x' })
    expect(await hand.session.inspect(ref)).toMatchObject({
      depth: 2,
      receivers: 0,
      details: { patterns: ['x.#'] },
    })
    expect(await hand.browse('t', { patterns: ['#'], subscription: archive() })).toEqual(['a', 'b'])
    expect(await hand.session.purge(ref)).toBe(2)
    expect(await hand.session.delete(ref)).toBe(true)
    expect(await hand.session.delete(ref)).toBe(false)
    expect(await hand.session.inspect(ref)).toBeUndefined()
  })

  test('deleting the topic ends its subscriptions', async () => {
    await hand.topic('t')
    const live = await hand.receive('t', { patterns: ['#'] })
    const named = await hand.receive('t', { patterns: ['#'], subscription: archive() })
    await hand.session.delete({ name: 't', type: 'topic' })
    expect(live.error).toMatchObject({ code: 'DETACHED' })
    expect(named.error).toMatchObject({ code: 'DETACHED' })
    await expect(hand.send('t', 'x')).rejects.toMatchObject({ code: 'SEND_UNROUTABLE' })
  })

  test('a live subscription that does not read loses its oldest beyond the limit, and is told how many', async () => {
    await hand.topic('t')
    const slow = await hand.receive('t', { patterns: ['#'], credit: 0 })
    const sender = await hand.sender('t')
    for (let at = 0; at < LIVE_BUFFER + 1_500; at++) {
      sender.send({ message: message(`${at}`), resend: false, settle: () => {} })
    }
    await slow.until(() => slow.gaps.reduce<number>((sum, count) => sum + (count ?? 0), 0) === 1_500)
    slow.link.flow(1)
    await slow.first(1)
    expect(slow.texts).toEqual(['1500'])
  })

  test('what was dropped and not told yet is told before the receiver closes or the topic is deleted', async () => {
    await hand.topic('t')
    const closing = await hand.receive('t', { patterns: ['#'], credit: 10 })
    const deleted = await hand.receive('t', { patterns: ['#'], credit: 10 })
    const sender = await hand.sender('t')
    for (let at = 0; at < LIVE_BUFFER + 510; at++) {
      sender.send({ message: message(`${at}`), resend: false, settle: () => {} })
    }
    void closing.link.close()
    void hand.session.delete({ name: 't', type: 'topic' })
    expect(closing.gaps).toEqual([500])
    await deleted.until(() => deleted.error !== undefined)
    expect(deleted.gaps).toEqual([500])
  })

  test('a receiver that stays is told of exactly what it did not get', async () => {
    await hand.topic('t')
    const slow = await hand.receive('t', { patterns: ['#'], credit: 100 })
    const sender = await hand.sender('t')
    const all = LIVE_BUFFER + 2_000
    let received = 0
    for (let at = 0; at < all; at++) {
      sender.send({ message: message(`${at}`), resend: false, settle: () => {} })
      // Reads a little and is let run now and then, so that messages are dropped and told between deliveries.
      if (at % 500 === 0) {
        const read = slow.deliveries.splice(0, 1)
        for (const delivery of read) slow.link.accept(delivery)
        received += read.length
      }
      if (at % 20_000 === 0) await new Promise(setImmediate)
    }
    received += slow.deliveries.length
    for (const delivery of slow.deliveries.splice(0)) slow.link.accept(delivery)
    received += (await slow.drain()).length
    const told = slow.gaps.reduce<number>((sum, count) => sum + (count ?? Number.NaN), 0)
    expect(told).toBeGreaterThan(0)
    expect(received + told).toBe(all)
  })

  test('delayed messages of a live subscription are bounded as well', async () => {
    await hand.topic('t')
    const slow = await hand.receive('t', { patterns: ['#'] })
    const sender = await hand.sender('t')
    for (let at = 0; at < LIVE_BUFFER + 700; at++) {
      sender.send({ message: message(`${at}`, { delayMs: 600_000 }), resend: false, settle: () => {} })
    }
    await slow.link.close()
    expect(slow.gaps).toEqual([700])
  })

  test('browsing a topic without a name ends at once and leaves nothing behind', async () => {
    await hand.topic('t')
    expect(await hand.browse('t', { patterns: ['#'] })).toEqual([])
    expect(await hand.session.inspect({ name: 't', type: 'topic' })).toMatchObject({ receivers: 0 })
  })
})

describe('broadcast and multicast', () => {
  test('a broadcast reaches everybody attached, whatever the subject', async () => {
    await hand.session.declare(spec('b', 'broadcast'))
    const all = [await hand.receive('b', { patterns: ['#'] }), await hand.receive('b', { patterns: ['#'] })]
    await hand.send('b', 'x', { subject: 'any.thing' })
    expect(all.map((taken) => taken.texts)).toEqual([['x'], ['x']])
  })

  test('a multicast reaches the members named; those that never joined are named in SEND_UNROUTABLE', async () => {
    const target = { name: 'fleet', type: 'multicast' } as const
    for (const member of ['a', 'b', 'c']) await hand.queue(memberQueue('fleet', member))
    const sender = await hand.sender('fleet', { target })
    await sent(sender, message('one', { members: ['a', 'b'] }))
    await expect(sent(sender, message('two', { members: ['a', 'x', 'y'] }))).rejects.toMatchObject({
      code: 'SEND_UNROUTABLE',
      context: { members: ['x', 'y'] },
    })
    expect(await hand.browse(memberQueue('fleet', 'a'))).toEqual(['one', 'two'])
    expect(await hand.browse(memberQueue('fleet', 'b'))).toEqual(['one'])
    expect(await hand.browse(memberQueue('fleet', 'c'))).toEqual([])
  })
})

describe('bindings', () => {
  test('a queue bound to a topic gets what fits, also by a binding declared later or at the topic', async () => {
    await hand.topic('t')
    await hand.queue('q', { bindings: [{ source: 't', key: 'a.#' }] })
    await hand.send('t', '1', { subject: 'a.x' })
    await hand.send('t', '2', { subject: 'b' })
    await hand.queue('q', { bindings: [{ source: 't', key: 'b' }] })
    await hand.send('t', '3', { subject: 'b' })
    await hand.queue('r')
    await hand.topic('t', { bindings: [{ target: 'r' }] })
    await hand.send('t', '4', { subject: 'a' })
    expect(await hand.browse('q')).toEqual(['1', '3', '4'])
    expect(await hand.browse('r')).toEqual(['4'])
    await hand.session.delete({ name: 'q', type: 'queue' })
    await hand.send('t', '5', { subject: 'a' })
  })

  test('a binding to what is not there fails and leaves no queue behind', async () => {
    await expect(hand.queue('q', { bindings: [{ source: 'missing' }] })).rejects.toMatchObject({
      code: 'ADDRESS_NOT_FOUND',
    })
    expect(await hand.depth('q')).toBeUndefined()
  })

  test("a receiver's own bindings last as long as it does", async () => {
    await hand.topic('t')
    await hand.topic('u')
    await hand.queue('q')
    const taken = await hand.receive('q', { link: { bindings: [{ source: 't', key: 'x' }] } })
    const live = await hand.receive('t', { patterns: ['y'], link: { bindings: [{ source: 'u' }] } })
    await hand.send('t', 'to the queue', { subject: 'x' })
    await hand.send('u', 'from elsewhere')
    expect(taken.texts).toEqual(['to the queue'])
    expect(live.texts).toEqual(['from elsewhere'])
    for (const delivery of taken.deliveries) taken.link.accept(delivery)
    await taken.link.close()
    await hand.send('t', 'too late', { subject: 'x' })
    expect(await hand.depth('q')).toBe(0)
  })
})
