/** Links opened and closed while nothing happens leave nothing behind. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Broker } from '../../../src/broker/index.ts'
import { Hand } from './harness.ts'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

let broker: Broker
let hand: Hand

beforeEach(async () => {
  broker = await Broker.open()
  hand = new Hand(broker)
  await hand.queue('q')
  await hand.topic('t')
})

afterEach(async () => {
  await broker.close()
})

const NOTHING = { deliver() {}, lost() {}, gap() {}, end() {}, detached() {} }
const SOURCE = { name: 'q', type: undefined } as const

/** One of each kind, opened and closed. */
const LINKS: Record<string, () => Promise<unknown>> = {
  'a receiver': async () => (await hand.receive('q')).link.close(),
  'a receiver that asked for what there is': async () => {
    const taken = await hand.receive('q')
    await taken.link.flush()
    await taken.link.close()
  },
  'a receiver beside one that stays': async () => (await hand.receive('stays')).link.close(),
  'a receiver without credit': async () => (await hand.receive('q', { credit: 0 })).link.close(),
  'a look': async () => hand.browse('q'),
  'a look that follows': async () => (await hand.receive('q', { mode: 'browse', follow: true })).link.close(),
  'a live subscription': async () => (await hand.receive('t', { patterns: ['a.*'] })).link.close(),
  'a named subscription': async () => {
    await (await hand.receive('t', { subscription: { name: 's', durable: false } })).link.close()
    await hand.session.delete({ name: 't', type: 'topic', subscription: 's' })
  },
  'a sender': async () => (await hand.sender('q')).close(),
  'a requester': async () => {
    const target = { name: 'q', type: undefined }
    const spec = { target, capacity: 10, reliability: 'at-least-once', link: {} } as const
    await (await hand.session.attachRequester(spec, NOTHING)).close()
  },
  'a node': async () => {
    await hand.queue('passing', { durable: false, expiresMs: 60_000 })
    await hand.session.delete({ name: 'passing', type: 'queue' })
  },
  'a session': async () => {
    const other = new Hand(broker)
    await other.receive('q')
    await other.session.close()
  },
  'a session of a client that comes again': async () => {
    const other = new Hand(broker, { client: 'c' })
    await other.sender('q')
    await other.receive('q')
  },
}

test.each(Object.keys(LINKS))('%s', { timeout: 60_000 }, async (name) => {
  await hand.queue('stays')
  await hand.receive('stays')
  const open = LINKS[name]!
  const used = async (times: number): Promise<number> => {
    for (let at = 0; at < times; at++) await open()
    collect()
    return process.memoryUsage().heapUsed
  }
  await used(2_000)
  const before = await used(1)
  const after = await used(10_000)
  // What was kept of each took 200 bytes at least, most of it thousands.
  expect((after - before) / 10_000).toBeLessThan(50)
  expect((await hand.session.inspect(SOURCE))?.receivers).toBeLessThanOrEqual(1)
})
