import { describe, expect, test } from 'vitest'
import { type Write, WriteQueue } from '../../../../src/broker/store/writing/write-queue.ts'

interface Named extends Write {
  readonly name: string
}

/** A disk that takes or refuses, batch by batch. */
class Disk {
  readonly batches: string[][] = []
  full = false

  readonly queue = new WriteQueue<Named>(async (writes) => {
    this.batches.push(writes.map(({ name }) => name))
    await new Promise((resolve) => setImmediate(resolve))
    if (this.full) throw new Error('full')
  })

  waiter(told: string[], name: string, refusable: boolean) {
    return {
      refusable,
      stored: (error: Error | undefined) => told.push(error ? `${name} refused` : `${name} stored`),
    }
  }
}

test('writes of one turn go in one batch, those that come meanwhile together in the next, waiters in order', async () => {
  const disk = new Disk()
  const told: string[] = []
  for (const name of ['a', 'b']) {
    disk.queue.add({ name, waiter: undefined })
    disk.queue.commit(disk.waiter(told, name, true))
  }
  expect(told).toEqual([])
  while (disk.batches.length === 0) await new Promise((resolve) => setImmediate(resolve))
  for (const name of ['c', 'd', 'e']) disk.queue.add({ name, waiter: undefined })
  disk.queue.commit(disk.waiter(told, 'cde', true))
  await disk.queue.tried()
  expect(disk.batches).toEqual([
    ['a', 'b'],
    ['c', 'd', 'e'],
  ])
  expect(told).toEqual(['a stored', 'b stored', 'cde stored'])
  disk.queue.commit(disk.waiter(told, 'nothing to wait for', true))
  expect(told.at(-1)).toBe('nothing to wait for stored')
})

test('a full disk refuses the refusable and keeps the rest, in order, until there is room', async () => {
  const disk = new Disk()
  const told: string[] = []
  const failures: string[] = []
  disk.queue.failed = (error) => failures.push(error.message)
  disk.full = true
  const send = disk.waiter(told, 'send', true)
  const move = disk.waiter(told, 'move', false)
  disk.queue.add({ name: 'send', waiter: send })
  disk.queue.add({ name: 'remove', waiter: undefined })
  disk.queue.add({ name: 'move', waiter: move })
  disk.queue.commit(send)
  disk.queue.commit(move)
  await disk.queue.tried()
  expect(told).toEqual(['send refused'])
  expect(failures).toEqual(['full'])
  disk.full = false
  const second = disk.waiter(told, 'second', true)
  disk.queue.add({ name: 'second', waiter: second })
  disk.queue.commit(second)
  await disk.queue.tried()
  // What was refused goes first, and alone.
  expect(disk.batches.slice(-2)).toEqual([['remove', 'move'], ['second']])
  expect(told).toEqual(['send refused', 'move stored', 'second stored'])
})

test('what the disk refused is tried again by itself', async () => {
  const disk = new Disk()
  const told: string[] = []
  disk.full = true
  disk.queue.add({ name: 'remove', waiter: undefined })
  disk.queue.commit(disk.waiter(told, 'remove', false))
  await disk.queue.tried()
  expect(disk.queue.idle).toBe(false)
  disk.full = false
  while (told.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(told).toEqual(['remove stored'])
  expect(disk.queue.idle).toBe(true)
})

test('while what was refused does not fit, sends are refused at once instead of waiting', async () => {
  const disk = new Disk()
  const told: string[] = []
  disk.full = true
  disk.queue.add({ name: 'remove', waiter: undefined })
  await disk.queue.tried()
  for (const name of ['a', 'b']) {
    const waiter = disk.waiter(told, name, true)
    disk.queue.add({ name, waiter })
    disk.queue.commit(waiter)
    await disk.queue.tried()
  }
  expect(told).toEqual(['a refused', 'b refused'])
  expect(disk.batches).toEqual([['remove'], ['remove'], ['remove']])
  disk.queue.close()
})

describe('more writes than the disk should be asked for', () => {
  const MANY = 20_000

  function fill(disk: Disk, count: number): void {
    for (let n = 0; n < count; n++) disk.queue.add({ name: 'x', waiter: undefined })
  }

  test('count as behind until they are on their way; who waits is told then, once', async () => {
    const disk = new Disk()
    fill(disk, MANY - 1)
    expect(disk.queue.behind).toBe(false)
    fill(disk, 1)
    expect(disk.queue.behind).toBe(true)
    let told = 0
    disk.queue.whenCaughtUp({ resume: () => told++ })
    const off = disk.queue.whenCaughtUp({ resume: () => told++ })
    off()
    await disk.queue.tried()
    expect(disk.queue.behind).toBe(false)
    fill(disk, MANY)
    await disk.queue.tried()
    expect(told).toBe(1)
  })

  test('stay behind while the disk refuses them', async () => {
    const disk = new Disk()
    disk.full = true
    fill(disk, MANY)
    await disk.queue.tried()
    expect(disk.queue.behind).toBe(true)
    const caughtUp = new Promise<void>((resume) => void disk.queue.whenCaughtUp({ resume }))
    disk.full = false
    await caughtUp
    expect(disk.queue.behind).toBe(false)
    disk.queue.close()
  })
})
