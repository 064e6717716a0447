import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AdapterDelivery } from '../../../../src/contract/adapter.ts'
import { newMessageId } from '../../../../src/core/message-id.ts'
import { compilePattern } from '../../../../src/core/pattern.ts'
import { becomes, Fixture, message, range, send, sendAll, sendOk, text, texts } from '../fixture.ts'

const on = new Fixture()

/** As the API makes it when the application gives a body and a subject alone. */
function publish(body: string | Uint8Array, subject?: string, changes: Parameters<typeof message>[1] = {}) {
  return message(body, { id: newMessageId(), subject, ...changes })
}

describe('a live subscription', () => {
  it('gets what its patterns fit, once, in order, whatever the patterns', async () => {
    const word = fc.constantFrom('a', 'b', 'c')
    const pattern = fc
      .array(fc.oneof(word, fc.constantFrom('*', '#')), { minLength: 1, maxLength: 4 })
      .map((words) => words.join('.'))
    const patterns = fc.uniqueArray(pattern, { minLength: 1, maxLength: 5 })
    const subjects = fc.array(
      fc.option(
        fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join('.')),
        { nil: undefined },
      ),
      { minLength: 1, maxLength: 12 },
    )
    await fc.assert(
      fc.asyncProperty(patterns, subjects, async (wanted, published) => {
        const topic = await on.node({ type: 'topic' })
        const { receiver, inbox } = await on.receiver(topic, { patterns: [...wanted, 'the.end'] })
        const sender = await on.sender(topic)
        const outgoing = [...published, 'the.end'].map((subject, at) => publish(String(at), subject))
        await Promise.all(outgoing.map((one) => sendOk(sender, one)))
        await inbox.until(() => inbox.deliveries.at(-1)?.message.subject === 'the.end')
        const matchers = wanted.map((one) => compilePattern(one))
        const expected = published.flatMap((subject, at) =>
          matchers.some((fits) => fits(subject ?? '')) ? [`${subject}=${at}`] : [],
        )
        expect(inbox.deliveries.slice(0, -1).map((one) => `${one.message.subject}=${text(one)}`)).toEqual(
          expected,
        )
        await receiver.close()
        await sender.close()
      }),
      { numRuns: 60 },
    )
  })

  it('of hundreds on one connection gets its own, and the server compares few globs', async () => {
    const clientName = on.name('globs')
    const { connection } = await on.connect({ clientName })
    const globs = async (): Promise<number> => {
      const clients = String(await on.bare.client('LIST'))
      return Math.max(
        ...[...clients.matchAll(new RegExp(`name=${clientName} .* psub=(\\d+)`, 'g'))].map(([, count]) =>
          Number(count),
        ),
      )
    }
    const topic = await on.node({ type: 'topic' })
    const all = await Promise.all(
      range(200).map((at) => on.receiver(topic, { patterns: [`${at}.*`, `*.${at}`] }, connection)),
    )
    expect(await globs()).toBe(17)
    const sender = await on.sender(topic)
    await Promise.all(range(200).map((at) => sendOk(sender, publish(at, `${at}.${at}`))))
    await sendOk(sender, publish('cross', '3.150'))
    for (const [at, { inbox }] of all.entries()) expect(text(await inbox.next())).toBe(String(at))
    expect(text(await all[3]!.inbox.next())).toBe('cross')
    expect(text(await all[150]!.inbox.next())).toBe('cross')
    expect(all.reduce((sum, { inbox }) => sum + inbox.deliveries.length, 0)).toBe(202)
    for (const { receiver } of all) await receiver.close()
    await becomes(async () => (await globs()) === 0, 'no glob left')
  })

  it('hears `PUBLISH news.us hello` of redis-cli as that subject and body', async () => {
    const topic = await on.node({ type: 'topic', name: `news${on.name('').replaceAll('-', '')}` })
    const { inbox } = await on.receiver(topic, { patterns: ['us', 'eu.#'] })
    const whole = await on.receiver(topic)
    await on.bare.publish(`${topic.name}.us`, 'hello')
    await on.bare.publish(`${topic.name}.eu.de`, '{"n":1}')
    await on.bare.publish(`${topic.name}.eu`, Buffer.from([0xff, 1]))
    await on.bare.publish(topic.name, 'no subject')
    const seen = await inbox.take(3)
    const facts = (one: AdapterDelivery) => [
      one.message.subject,
      text(one),
      one.message.contentType,
      one.message.id,
    ]
    expect(seen.slice(0, 2).map(facts)).toEqual([
      ['us', 'hello', 'text/plain', ''],
      ['eu.de', '{"n":1}', 'application/json', ''],
    ])
    expect([...(seen[2]!.message.body as Uint8Array)]).toEqual([0xff, 1])
    expect(seen[2]!.message.contentType).toBe('application/octet-stream')
    expect(seen[0]!.message.annotations).toEqual({ channel: `${topic.name}.us` })
    expect((await whole.inbox.take(4)).map((one) => one.message.subject)).toEqual([
      'us',
      'eu.de',
      'eu',
      undefined,
    ])
  })

  it('publishes the body alone where nothing else was set, and a header where something was', async () => {
    const topic = await on.node({ type: 'topic', name: `plain${on.name('').replaceAll('-', '')}` })
    const ear = on.bare.duplicate()
    on.atEnd(() => ear.disconnect())
    const heard: [string, Buffer][] = []
    ear.on('pmessageBuffer', (_glob, channel: Buffer, payload: Buffer) =>
      heard.push([channel.toString(), payload]),
    )
    await ear.psubscribe(`${topic.name}*`)
    const sender = await on.sender(topic)
    const { inbox } = await on.receiver(topic)
    const plain = [
      publish('hello', 'us'),
      publish('{"a":1}', 'us', { contentType: 'application/json' }),
      publish(Buffer.from([0xff, 0]), undefined, { contentType: 'application/octet-stream' }),
    ]
    const headed = [
      publish('hello', 'us', { properties: { a: 1 } }),
      publish('hello', 'us', { id: 'mine' }),
      publish('7', 'us', { contentType: 'application/json' }),
      publish('{"text":1}', 'us'),
      publish('hello', 'us', { createdAt: Date.now() - 60_000 }),
      publish('hello', 'us', { durable: false }),
      publish('hello', 'us', { contentType: 'application/octet-stream' }),
    ]
    for (const one of [...plain, ...headed]) await sendOk(sender, one)
    await becomes(() => heard.length === 10, 'all heard')
    expect(heard.slice(0, 3).map(([channel, payload]) => [channel, payload.toString('latin1')])).toEqual([
      [`${topic.name}.us`, 'hello'],
      [`${topic.name}.us`, '{"a":1}'],
      [topic.name, '\xff\0'],
    ])
    for (const [, payload] of heard.slice(3))
      expect(payload.subarray(0, 4).toString('latin1')).toBe('\xffSL1')
    // Whoever receives by this library sees no difference in what the application set.
    const received = await inbox.take(10)
    for (const [at, sent] of [...plain, ...headed].entries()) {
      const { subject, contentType, durable } = received[at]!.message
      expect({ subject, contentType, durable, body: text(received[at]!) }).toEqual({
        subject: sent.subject,
        contentType: sent.contentType,
        durable: sent.durable,
        body: Buffer.from(sent.body as Uint8Array).toString(),
      })
    }
  })

  it('keeps made ids where the connection wants headers always', async () => {
    const { connection } = await on.connect({ native: { envelope: 'always' } })
    const topic = await on.node({ type: 'topic' })
    const { inbox } = await on.receiver(topic)
    const outgoing = publish('hello', 'us')
    await sendOk(await on.sender(topic, {}, connection), outgoing)
    expect((await inbox.next()).message).toMatchObject({ id: outgoing.id, createdAt: outgoing.createdAt })
  })

  it('keeps its window, and drops and reports the oldest beyond its buffer', async () => {
    const { connection } = await on.connect({ native: { liveBuffer: 20 } })
    const topic = await on.node({ type: 'topic' })
    const { receiver, inbox } = await on.receiver(topic, { credit: 5 }, connection)
    await sendAll(await on.sender(topic), range(100))
    await receiver.flush()
    await inbox.until(() => inbox.gaps.length > 0)
    expect(inbox.gaps).toEqual([{ reason: 'the receiver was too slow', count: 75 }])
    expect(texts(inbox.deliveries)).toEqual(range(5))
    for (const one of await inbox.take(5)) receiver.accept(one)
    expect(texts(await inbox.take(5))).toEqual(range(100).slice(80, 85))
  })

  it('gives a released message again, counted, and stops while it is paused', async () => {
    const topic = await on.node({ type: 'topic' })
    const { receiver, inbox } = await on.receiver(topic, { credit: 1 })
    const sender = await on.sender(topic)
    await sendAll(sender, ['a', 'b'])
    const a = await inbox.next()
    await receiver.settle(a, { kind: 'release', delayMs: 0, unseen: false })
    const again = await inbox.next()
    expect([text(again), again.deliveryCount, again.redelivered]).toEqual(['a', 2, true])
    receiver.flow(0)
    receiver.accept(again)
    await receiver.flush()
    expect(inbox.rest).toEqual([])
    receiver.flow(5)
    expect(text(await inbox.next())).toBe('b')
  })

  it('holds back a delayed publish, and forgets one whose life has ended', async () => {
    const topic = await on.node({ type: 'topic' })
    const { receiver, inbox } = await on.receiver(topic, { credit: 1 })
    const sender = await on.sender(topic)
    const before = performance.now()
    await sendOk(sender, publish('later', 'a', { delayMs: 150 }))
    await sendOk(sender, publish('now', 'a'))
    await sendOk(sender, publish('short', 'a', { ttlMs: 50 }))
    const first = await inbox.next()
    expect(text(first)).toBe('now')
    await becomes(() => performance.now() - before > 200, 'both times')
    receiver.accept(first)
    expect(text(await inbox.next())).toBe('later')
  })

  it('says that its topic is missing to whoever publishes there, and is no error to nobody', async () => {
    const missing = await on.sender({ name: on.name('missing'), type: 'topic' })
    expect((await send(missing))?.code).toBe('SEND_UNROUTABLE')
    const topic = await on.node({ type: 'topic' })
    expect(await send(await on.sender(topic))).toBeUndefined()
  })
})
