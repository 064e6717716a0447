import { once } from 'node:events'
import { expect, it } from 'vitest'
import { EventFeed } from '../../../src/core/event-feed.ts'

it.each([
  [
    'throws',
    () => {
      throw new Error('a fault of the listener')
    },
  ],
  ['rejects', () => Promise.reject(new Error('a fault of the listener'))],
])('a listener that %s is told as a warning of the process; the others hear the event', async (_, faulty) => {
  const feed = new EventFeed<{ type: 'closed' }>()
  const heard: string[] = []
  feed.on('closed', faulty)
  feed.on('closed', ({ type }) => void heard.push(type))
  const warned = once(process, 'warning')
  feed.emit({ type: 'closed' })
  expect(heard).toEqual(['closed'])
  expect((await warned)[0]).toMatchObject({ message: 'a fault of the listener' })
})

it('a listener may add listeners: they hear the next event', () => {
  const feed = new EventFeed<{ type: 'closed' }>()
  const heard: number[] = []
  let added = 0
  const add = (): void => {
    const number = ++added
    feed.on('closed', () => {
      heard.push(number)
      if (added < 100) add()
    })
  }
  add()
  feed.emit({ type: 'closed' })
  expect(heard).toEqual([1])
  feed.emit({ type: 'closed' })
  expect(heard).toEqual([1, 1, 2])
})

it.each([
  [
    'a promise of another library',
    Object.fromEntries([
      ['then', (_: unknown, reject: (error: Error) => void) => reject(new Error('theirs'))],
    ]),
  ],
  ['nothing', undefined],
  ['an object without prototype', Object.create(null)],
  ['a revoked Proxy', revoked()],
])('a listener that fails with %s ends nothing', async (title, fault) => {
  const feed = new EventFeed<{ type: 'closed' }>()
  const isPromise = title === 'a promise of another library'
  feed.on('closed', (() => {
    if (isPromise) return fault
    throw fault
  }) as () => void)
  const warned = once(process, 'warning')
  feed.emit({ type: 'closed' })
  expect((await warned)[0]).toBeInstanceOf(Error)
})

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
