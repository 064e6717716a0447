/** Topics: patterns are bound so that the broker's matcher stays small, and what fits none of them is never seen. */
import { describe, expect, test } from 'vitest'
import { bindingKeys } from '../../../src/adapters/qpid/nodes/topic-bindings.ts'
import { compilePattern } from '../../../src/core/pattern.ts'
import { Fixture, message, range, sendOk, texts } from './fixture.ts'

const fixture = new Fixture()

/** A subject that fits the literal pattern every receiver of a test has beside its own: what stands before it has come. */
const END = 'the.end'

/** The same numbers at every run (mulberry32). */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

function wordsOf(below: (limit: number) => number, words: readonly string[]): string {
  return range(1 + below(5))
    .map(() => words[below(words.length)])
    .join('.')
}

describe('patterns are bound', () => {
  test.each([
    [
      ['a', 'a.b', ''],
      ['a', 'a.b', ''],
    ],
    [
      ['*', 'a.*', 'a.#', 'a.b.*.*.#'],
      ['*', 'a.*', 'a.#', 'a.b.*.*.#'],
    ],
    [
      ['a.*.b', 'a.#.b', 'a.b.#.*'],
      ['a.*.#', 'a.#', 'a.b.#'],
    ],
    [['a', '*.b', '#.b'], ['#']],
    [['a', '#'], ['#']],
  ])('%j by the keys %j', (patterns, keys) => {
    expect(bindingKeys(patterns)).toEqual(keys)
  })
})

test('two hundred random patterns are attached, and each publish reaches exactly those that fit it', async () => {
  const below = random(11)
  const patterns = range(200).map(() => wordsOf(below, ['a', 'b', 'c', 'd', '*', '*', '#', '#']))
  const subjects = range(40).map(() => wordsOf(below, ['a', 'b', 'c', 'd']))
  const node = await fixture.node({ type: 'topic' })
  const receivers = await Promise.all(
    patterns.map((pattern) => fixture.receiver(node, { patterns: [pattern, END] })),
  )
  const sender = await fixture.sender(node)
  for (const subject of [...subjects, END]) await sendOk(sender, message(subject, { subject }))
  for (const [at, { inbox }] of receivers.entries()) {
    const fits = compilePattern(patterns[at]!)
    const wanted = [...subjects.filter(fits), END]
    expect(texts(await inbox.take(wanted.length)), patterns[at]).toEqual(wanted)
    expect(inbox.rest).toEqual([])
  }
}, 60_000)

test('what fits no pattern of a named subscription uses up no credit and is gone when it was looked at', async () => {
  const node = await fixture.node({ type: 'topic' })
  const subscription = { name: 'desk', durable: false }
  fixture.remove({ ...node, subscription: 'desk' })
  const changes = { patterns: ['eu.*.news', '*.end'], subscription, credit: 2 }
  const first = await fixture.receiver(node, changes)
  await first.receiver.close()
  const sender = await fixture.sender(node)
  for (const at of range(50)) await sendOk(sender, message(`no ${at}`, { subject: 'eu.de.sport' }))
  await sendOk(sender, message('yes', { subject: 'eu.de.news' }))
  await sendOk(sender, message('end', { subject: END }))
  const { inbox, receiver } = await fixture.receiver(node, changes)
  const deliveries = await inbox.take(2)
  expect(texts(deliveries)).toEqual(['yes', 'end'])
  for (const delivery of deliveries) receiver.accept(delivery)
  await receiver.close()
  expect(await fixture.connection.inspect({ ...node, subscription: 'desk' })).toMatchObject({ depth: 0 })
})

test('messages of other programs are taken by what the broker routes by', async () => {
  const node = await fixture.node({ type: 'topic' })
  const { inbox } = await fixture.receiver(node, { patterns: ['*.b'] })
  const key = { 'routing-key': 'a.b' }
  await fixture.bareSend(node.name, {
    message_id: 'by property',
    subject: 'x',
    application_properties: key,
    body: 'x',
  })
  await fixture.bareSend(node.name, { message_id: 'without subject', body: 'x' })
  await fixture.bareSend(node.name, { message_id: 'by subject', subject: 'c.b', body: 'x' })
  expect((await inbox.take(2)).map((delivery) => delivery.message.id)).toEqual(['by property', 'by subject'])
  expect(inbox.rest).toEqual([])
})
