/** Where drain's messages come from. */
import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { openFeed } from '../../../src/cli/verbs/drain/feed.ts'
import { connect, queue } from '../../../src/index.ts'

test('a browse that follows leaves no listener behind for its messages, and waits as long as a number can say', async () => {
  await using connection = await connect('memory:drain-feed')
  const place = queue<number>('followed')
  const { signal } = new AbortController()
  await connection.admin.declare(place)
  const feed = await openFeed(connection, 'followed; {mode: browse}', { credit: 10, follow: true, signal })
  for (let number = 0; number < 20; number++) {
    const next = feed.next(Number.POSITIVE_INFINITY, signal)
    await connection.send(place, number)
    expect((await next)?.body).toBe(number)
  }
  expect(getEventListeners(signal, 'abort').length).toBeLessThanOrEqual(1)
  expect(await feed.next(1, signal)).toBeUndefined()
  await feed.close()
})
