/** A disk that takes nothing: what has to be on it is told as refused, what is there already can be used. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Broker } from '../../../../src/broker/broker.ts'
import { openLmdbStore } from '../../../../src/broker/store/lmdb-store.ts'
import type { CommitWaiter, Store } from '../../../../src/broker/store/store.ts'
import { Hand } from '../harness.ts'

const NO_ROOM = new Error('there is no room left on the disk')
const REFUSED = { code: 'STORE_FAILED', retryable: true, hint: expect.stringMatching(/^Make room/) }

let directory: string
let broker: Broker
let hand: Hand
let full = false
/** Those whose writes are tried until they are on the disk. */
let patient: CommitWaiter[] = []

/** Answers for the disk while it is full, in the way of the store: whoever can be refused is. */
function commit(store: Store, waiter: CommitWaiter): void {
  if (!full) store.commit(waiter)
  else if (waiter.refusable) setImmediate(() => waiter.stored(NO_ROOM))
  else patient.push(waiter)
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-refusing-disk-'))
  const store = new Proxy(await openLmdbStore(directory), {
    get: (target, name) => {
      if (name === 'commit') return (waiter: CommitWaiter) => commit(target, waiter)
      const value = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  })
  full = false
  patient = []
  broker = await Broker.open({ store })
  hand = new Hand(broker)
  await hand.queue('q')
  await hand.send('q', 'one')
})
afterEach(async () => {
  full = false
  for (const waiter of patient) waiter.stored(undefined)
  await broker.close()
  await rm(directory, { recursive: true, force: true })
})

test('a new node is refused to everybody who makes it, and is not there', async () => {
  full = true
  const both = await Promise.allSettled([hand.queue('new'), hand.queue('new')])
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  for (const one of both) expect(one).toMatchObject({ reason: REFUSED })
  expect(await hand.depth('new')).toBeUndefined()
})

test('a queue that is on the disk is declared and taken from', async () => {
  full = true
  await hand.queue('q')
  const taken = await hand.receive('q', { credit: 1 })
  await taken.first(1)
  expect(taken.texts).toEqual(['one'])
})

test('a purge and a deletion are told as done and not on the disk', async () => {
  full = true
  const later = { ...REFUSED, context: { address: 'q', inDoubt: true } }
  await expect(hand.session.purge({ name: 'q', type: undefined })).rejects.toMatchObject(later)
  expect(await hand.depth('q')).toBe(0)
  await expect(hand.session.delete({ name: 'q', type: undefined })).rejects.toMatchObject(later)
  expect(await hand.depth('q')).toBeUndefined()
})

test('a new binding of a queue is told as such, also to whoever declares it again', async () => {
  await hand.topic('t')
  full = true
  for (let times = 0; times < 2; times++)
    await expect(hand.queue('q', { bindings: [{ source: 't', key: 'a' }] })).rejects.toMatchObject({
      ...REFUSED,
      context: { inDoubt: true },
    })
  full = false
  for (const waiter of patient.splice(0)) waiter.stored(undefined)
  await hand.queue('q', { bindings: [{ source: 't', key: 'a' }] })
})
