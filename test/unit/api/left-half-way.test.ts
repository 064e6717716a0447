/** Calls and iterators that are left before they are through: nothing hangs, nothing is taken for nobody. */
import { getEventListeners, once } from 'node:events'
import { expect, test } from 'vitest'
import { CurrentConnection } from '../../../src/api/link/current-connection.ts'
import { connect, MessagingError, queue, service } from '../../../src/index.ts'

const url = 'memory:left-half-way'

test('a loop over a receiver that is left while a step waits: the step ends, the next message is for the next reader', async () => {
  await using connection = await connect(url)
  const place = queue<number>('stepped')
  await using receiver = await connection.receiver(place)
  const steps = receiver[Symbol.asyncIterator]()
  const waiting = [steps.next(), steps.next()]
  await steps.return!()
  expect(await Promise.all(waiting)).toEqual([
    { value: undefined, done: true },
    { value: undefined, done: true },
  ])
  const next = receiver.receive({ timeoutMs: 10_000 })
  await connection.send(place, 7)
  expect((await next)?.body).toBe(7)
})

test('a browse that follows and is left while a step waits ends, with that step', async () => {
  await using connection = await connect(url)
  const place = queue<number>('followed')
  await connection.send(place, 1)
  const messages = connection.browse(place, { follow: true })
  expect((await messages.next()).value?.body).toBe(1)
  const waiting = messages.next()
  expect(await messages.return()).toEqual({ value: undefined, done: true })
  expect(await waiting).toEqual({ value: undefined, done: true })
  expect((await connection.admin.inspect(place))?.receivers).toBe(0)
})

test('a browse that is left before its first step opens nothing', async () => {
  await using connection = await connect(url)
  const messages = connection.browse(queue('never', { create: 'never' }))
  expect(await messages.return()).toEqual({ value: undefined, done: true })
  expect(await messages.next()).toEqual({ value: undefined, done: true })
})

test('a call whose signal aborts right behind it ends as ABORTED; the signal keeps no listener', async () => {
  await using connection = await connect(url)
  const place = queue('aborted')
  const calls: ((signal: AbortSignal) => Promise<unknown>)[] = [
    (signal) => connection.sender(place, { signal }),
    (signal) => connection.receiver(place, { signal }),
    (signal) => connection.consume(place, () => {}, { signal }),
    (signal) => connection.admin.inspect(place, { signal }),
    (signal) => connection.admin.declare(place, { signal }),
    (signal) => connection.admin.list({ signal }),
  ]
  for (const call of calls) {
    const abort = new AbortController()
    const running = call(abort.signal)
    abort.abort()
    await expect(running).rejects.toMatchObject({ code: 'ABORTED' })
    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(0)
  }
})

test('a call that waits for a connection, and is aborted as it comes, does nothing with it', async () => {
  const current = new CurrentConnection('test')
  const abort = new AbortController()
  let begun = false
  const call = current.run('open', { signal: abort.signal }, async () => {
    begun = true
  })
  current.opened({} as never)
  abort.abort()
  await expect(call).rejects.toMatchObject({ code: 'ABORTED' })
  expect(begun).toBe(false)
})

test('sendAll() stops reading bodies when nothing can be sent any more', async () => {
  await using connection = await connect(url)
  function* endless(): Generator<number> {
    for (let number = 0; ; number++) yield number
  }
  const sender = await connection.sender(queue<number>('endless', { maxLength: 5 }), { capacity: 10 })
  const abort = new AbortController()
  const aborted = sender.sendAll(endless(), { signal: abort.signal })
  setImmediate(() => abort.abort())
  await expect(aborted).rejects.toBeInstanceOf(MessagingError)
  const closed = sender.sendAll(endless())
  setImmediate(() => void sender.close())
  await expect(closed).rejects.toBeInstanceOf(MessagingError)
})

test('replay() refuses a choice that is a promise: every letter would go', async () => {
  await using connection = await connect(url)
  const letters = queue<number>('letters')
  const target = queue<number>('target')
  await connection.admin.declare(target)
  await connection.send(letters, 1)
  await expect(
    connection.replay(letters, { where: (async () => false) as never, to: target }),
  ).rejects.toThrow('where gave a promise')
  expect((await connection.admin.inspect(target))?.depth).toBe(0)
  expect((await connection.admin.inspect(letters))?.depth).toBe(1)
})

test('an onProgress of a replay that throws ends it with that error; one whose promise rejects does not end the process', async () => {
  await using connection = await connect(url)
  const letters = queue('no-letters')
  const throws = (): never => {
    throw new Error('theirs')
  }
  await expect(connection.replay(letters, { onProgress: throws })).rejects.toThrow('theirs')
  const warned = once(process, 'warning')
  const report = await connection.replay(letters, { onProgress: (async () => throws()) as never })
  expect(report.looked).toBe(0)
  expect((await warned)[0]).toMatchObject({ message: 'theirs' })
})

test('a request that is aborted before it went out is not asked later', async () => {
  await using connection = await connect(url)
  const asked = service<number, number>('aborted-request')
  const abort = new AbortController()
  const given = connection.request(asked, 1, { signal: abort.signal })
  abort.abort()
  await expect(given).rejects.toMatchObject({ code: 'ABORTED', context: { inDoubt: false } })
  const seen: number[] = []
  await using _ = await connection.respond(asked, ({ body }) => {
    seen.push(body)
    return body
  })
  await connection.request(asked, 2)
  expect(seen).toEqual([2])
})
