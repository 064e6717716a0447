/** A disk slower than the receivers of its queues: they wait for it, and none takes that for an empty queue. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Broker } from '../../../../src/broker/broker.ts'
import type { Deferred } from '../../../../src/broker/queue/turn.ts'
import { openLmdbStore } from '../../../../src/broker/store/lmdb-store.ts'
import type { Store } from '../../../../src/broker/store/store.ts'
import { Hand, until } from '../harness.ts'

/** The store, and whether it is behind in the test's own hand. */
class Disk {
  behind = false
  readonly waiting = new Set<Deferred>()
  readonly store: Store

  constructor(store: Store) {
    this.store = new Proxy(store, {
      get: (target, name) => {
        if (name === 'behind') return this.behind
        if (name === 'whenCaughtUp') {
          return (work: Deferred) => {
            this.waiting.add(work)
            return () => this.waiting.delete(work)
          }
        }
        const value = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
      set: (target, name, value) => Reflect.set(target, name, value, target),
    })
  }

  catchUp(): void {
    this.behind = false
    for (const work of this.waiting) {
      this.waiting.delete(work)
      work.resume()
    }
  }
}

let directory: string
let broker: Broker
let disk: Disk
let hand: Hand
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-slow-disk-'))
  disk = new Disk(await openLmdbStore(directory))
  broker = await Broker.open({ store: disk.store })
  hand = new Hand(broker)
  await hand.queue('q')
  for (const body of ['1', '2', '3', '4']) await hand.send('q', body)
})
afterEach(async () => {
  await broker.close()
  await rm(directory, { recursive: true, force: true })
})

test('nothing more is handed over after a verdict until the disk has caught up', async () => {
  const taken = await hand.receive('q', { credit: 1 })
  const [first] = await taken.first(1)
  disk.behind = true
  taken.link.accept(first!)
  await until(20)
  expect(taken.texts).toEqual(['1'])
  disk.catchUp()
  await taken.first(2)
  expect(taken.texts).toEqual(['1', '2'])
})

test('who asks for all there is waits for the disk, and gets it', async () => {
  const taken = await hand.receive('q', { credit: 1 })
  const [first] = await taken.first(1)
  disk.behind = true
  taken.link.accept(first!)
  const flushed = taken.link.flush()
  await until(20)
  expect(taken.texts).toEqual(['1'])
  disk.catchUp()
  await flushed
  expect(taken.texts).toEqual(['1', '2'])
})

test('a disk that stays behind is no reason to say that the queue is empty', async () => {
  const taken = await hand.receive('q', { credit: 1 })
  await taken.first(1)
  disk.behind = true
  expect(await taken.drain()).toEqual(['1', '2', '3', '4'])
  expect(disk.waiting.size).toBe(0)
})

test('a receiver that leaves waits no longer', async () => {
  const taken = await hand.receive('q', { credit: 1 })
  disk.behind = true
  taken.link.accept((await taken.first(1))[0]!)
  expect(disk.waiting.size).toBe(1)
  await taken.link.close()
  expect(disk.waiting.size).toBe(0)
})

test('queues that are kept nowhere are not held up', async () => {
  await hand.queue('passing', { durable: false })
  for (const body of ['a', 'b']) await hand.send('passing', body)
  const taken = await hand.receive('passing', { credit: 1 })
  disk.behind = true
  taken.link.accept((await taken.first(1))[0]!)
  await taken.first(2)
  expect(taken.texts).toEqual(['a', 'b'])
})
