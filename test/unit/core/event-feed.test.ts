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
