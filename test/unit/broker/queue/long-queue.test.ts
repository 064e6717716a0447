import { afterEach, beforeEach, expect, test } from 'vitest'
import { Broker } from '../../../../src/broker/index.ts'
import type { AdapterDelivery } from '../../../../src/contract/adapter.ts'
import { Hand, message, sent, textOf, until } from '../harness.ts'

/** Long enough that what waits between the ends is packed. */
const LONG = 5_000
const range = (length: number): number[] => Array.from({ length }, (_, at) => at)

let broker: Broker
let hand: Hand

beforeEach(async () => {
  broker = await Broker.open()
  hand = new Hand(broker)
  await hand.queue('q')
})

afterEach(async () => {
  await broker.close()
})

function shown({ message, deliveryCount, redelivered }: AdapterDelivery): unknown {
  const { id, subject, properties, contentType, priority, groupId, correlationId, createdAt } = message
  const body = Buffer.from(message.body as Uint8Array).toString()
  const fields = { id, subject, body, contentType, priority, groupId, correlationId, createdAt }
  return { ...fields, properties: { ...properties }, deliveryCount, redelivered }
}

test('browsers and receivers of a long queue see every message as it was sent, in order', async () => {
  const sender = await hand.sender('q')
  const all = range(LONG).map((at) =>
    message(`body ${at}`, {
      subject: at % 2 === 0 ? `news.${at}` : undefined,
      properties: at % 3 === 0 ? { at } : message('').properties,
      groupId: at % 5 === 0 ? 'five' : undefined,
      createdAt: 1_700_000_000_000 + at,
    }),
  )
  await Promise.all(all.map((one) => sent(sender, one)))
  const expected = all.map((one) => shown({ message: one, deliveryCount: 1, redelivered: false } as never))
  const browser = await hand.receive('q', { mode: 'browse', credit: LONG })
  await browser.until(() => browser.ended)
  expect(browser.deliveries.map(shown)).toEqual(expected)
  const taken = await hand.receive('q', { credit: LONG })
  await taken.first(LONG)
  expect(taken.deliveries.map(shown)).toEqual(expected)
})

test('what is given back from a long queue comes again at its place, counted', async () => {
  const sender = await hand.sender('q')
  await Promise.all(range(LONG).map((at) => sent(sender, message(`${at}`))))
  const first = await hand.receive('q', { credit: 3_000 })
  await first.first(3_000)
  await first.link.close()
  const taken = await hand.receive('q', { credit: LONG })
  await taken.first(LONG)
  expect(taken.texts).toEqual(range(LONG).map(String))
  expect(taken.deliveries.map(({ deliveryCount }) => deliveryCount)).toEqual(
    range(LONG).map((at) => (at < 3_000 ? 2 : 1)),
  )
})

test('messages in the middle of a long queue expire in time, the others stay', async () => {
  const sender = await hand.sender('q')
  const mortal = (at: number): boolean => at % 7 === 0
  await Promise.all(
    range(LONG).map((at) =>
      sent(sender, message(`${at}`, { ttlMs: mortal(at) ? 40 + (at % 11) : undefined })),
    ),
  )
  const rest = range(LONG).filter((at) => !mortal(at))
  while ((await hand.depth('q'))! > rest.length) await until(5)
  expect(await hand.browse('q', { credit: LONG })).toEqual(rest.map(String))
  const taken = await hand.receive('q', { credit: LONG })
  expect(await taken.drain()).toEqual(rest.map(String))
})

test('what a receiver does to a message of a long subscription reaches no other subscription', async () => {
  await hand.topic('t')
  const subscribed = (name: string) =>
    hand.receive('t', {
      source: { name: 't', type: 'topic' },
      subscription: { name, durable: false },
      credit: 0,
    })
  const [ours, theirs] = [await subscribed('ours'), await subscribed('theirs')]
  const sender = await hand.sender('t')
  await Promise.all(range(LONG).map((at) => sent(sender, message(`${at}`))))
  ours.link.flow(LONG)
  for (const delivery of await ours.first(LONG)) (delivery.message.body as Uint8Array).fill(0)
  theirs.link.flow(LONG)
  expect((await theirs.first(LONG)).map(textOf)).toEqual(range(LONG).map(String))
})

test('a long queue that is deleted and made anew is empty', async () => {
  const sender = await hand.sender('q')
  await Promise.all(range(LONG).map((at) => sent(sender, message(`${at}`, { ttlMs: 60_000 }))))
  await hand.session.delete({ name: 'q', type: 'queue' })
  await hand.queue('q')
  expect(await hand.depth('q')).toBe(0)
  await hand.send('q', 'new')
  expect(await hand.browse('q', { credit: 10 })).toEqual(['new'])
})
