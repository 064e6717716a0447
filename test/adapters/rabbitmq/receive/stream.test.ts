import { describe, expect, test } from 'vitest'
import type { NodeRef } from '../../../../src/contract/adapter.ts'
import { Fixture, message, rejection, sendOk, text, texts } from '../fixture.ts'

const fixture = new Fixture()
const FROM_FIRST = { link: { arguments: { 'x-stream-offset': 'first' } } }

async function stream(count: number): Promise<NodeRef> {
  const node = { name: fixture.name('stream'), type: 'queue' } as const
  fixture.remove(node)
  await fixture.channel.assertQueue(node.name, { durable: true, arguments: { 'x-queue-type': 'stream' } })
  for (let n = 0; n < count; n++) fixture.channel.sendToQueue(node.name, Buffer.from(String(n)))
  await fixture.channel.waitForConfirms()
  return node
}

/** A queue on the same connection goes on: a message sent to it arrives, and the connection was not lost. */
async function nothingElseNoticed(work: () => Promise<void>): Promise<void> {
  const { connection, reports } = await fixture.connect()
  const node = await fixture.node()
  const { inbox } = await fixture.receiver(node, {}, connection)
  await work()
  await sendOk(await fixture.sender(node, {}, connection), message('still here'))
  expect(text(await inbox.next())).toBe('still here')
  expect(reports.lost).toEqual([])
}

describe('a stream of another program', () => {
  test('is read from its beginning as often as one likes; closing with messages in hand disturbs nobody', async () => {
    const node = await stream(20)
    for (let round = 0; round < 2; round++) {
      const { receiver, inbox } = await fixture.receiver(node, FROM_FIRST)
      const got = await inbox.take(20)
      expect(texts(got)).toEqual(Array.from({ length: 20 }, (_, n) => String(n)))
      receiver.accept(got[0]!)
      await receiver.close()
    }
    expect(fixture.reports.lost).toEqual([])
  })

  test('takes nothing back: release is refused before the broker hears of it, the link goes on', async () => {
    const node = await stream(2)
    const { receiver, inbox } = await fixture.receiver(node, FROM_FIRST)
    const [first, second] = await inbox.take(2)
    const release = receiver.settle(first!, { kind: 'release', delayMs: 0, unseen: false })
    expect(await rejection(release)).toMatchObject({ code: 'NOT_SUPPORTED' })
    receiver.accept(first!)
    receiver.accept(second!)
    fixture.channel.sendToQueue(node.name, Buffer.from('next'))
    expect(text(await inbox.next())).toBe('next')
    expect(inbox.detaches).toEqual([])
    expect(fixture.reports.lost).toEqual([])
  })

  test('a closed window that opens again goes on where the application was, and shows again what it had not seen', async () => {
    const node = await stream(10)
    const { receiver, inbox } = await fixture.receiver(node, FROM_FIRST)
    const got = await inbox.take(10)
    receiver.flow(0)
    for (const delivery of got.slice(0, 4)) receiver.accept(delivery)
    for (const delivery of got.slice(4))
      await receiver.settle(delivery, { kind: 'release', delayMs: 0, unseen: true })
    receiver.flow(100)
    expect(texts(await inbox.take(6))).toEqual(['4', '5', '6', '7', '8', '9'])
    expect(fixture.reports.lost).toEqual([])
  })

  test('what a copy in another queue says of its stream means nothing there', async () => {
    const node = await fixture.node()
    const { receiver, inbox } = await fixture.receiver(node, { credit: 1 })
    fixture.channel.sendToQueue(node.name, Buffer.from('1'), { headers: { 'x-stream-offset': 5 } })
    receiver.accept(await inbox.next())
    receiver.flow(0)
    receiver.flow(2)
    fixture.channel.sendToQueue(node.name, Buffer.from('2'))
    expect(text(await inbox.next())).toBe('2')
    expect(inbox.detaches).toEqual([])
  })

  test('cannot be browsed or purged; whoever tries is told so, and no link of the connection ends', async () => {
    const node = await stream(3)
    await nothingElseNoticed(async () => {
      expect(await rejection(fixture.connection.purge(node))).toMatchObject({
        code: 'NOT_SUPPORTED',
        message: expect.stringContaining('not supported by stream queues'),
      })
      expect(await rejection(fixture.receiver(node, { mode: 'browse' }))).toMatchObject({
        code: 'NOT_SUPPORTED',
        message: expect.stringContaining('stream'),
      })
    })
    expect(fixture.reports.lost).toEqual([])
  })

  test.each([['nonsense'], [1.5], [true], [null], [['first']], [{ a: 1 }], [Number.NaN]])(
    'an offset that is none (%j) is refused before the broker, which would end the connection, hears of it',
    async (offset) => {
      const node = await stream(1)
      const link = { arguments: { 'x-stream-offset': offset } }
      expect(await rejection(fixture.receiver(node, { link }))).toMatchObject({
        code: 'ADDRESS_OPTION_INVALID',
      })
      expect(fixture.reports.lost).toEqual([])
    },
  )
})
