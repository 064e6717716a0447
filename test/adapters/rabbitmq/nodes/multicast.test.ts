import { describe, expect, test } from 'vitest'
import { memberQueue, type NodeRef } from '../../../../src/contract/adapter.ts'
import { Fixture, message, send, sendOk, texts } from '../fixture.ts'

const fixture = new Fixture()

async function fleet(...members: string[]): Promise<{ list: NodeRef; member(name: string): NodeRef }> {
  const list = { name: fixture.name('fleet'), type: 'multicast' } as const
  await fixture.connection.declare({ ...(await fixture.node()), ...list })
  for (const member of members) await fixture.node({ name: memberQueue(list.name, member) })
  return { list, member: (name) => ({ name: memberQueue(list.name, name), type: 'queue' }) }
}

describe('multicast', () => {
  test('each named member once, nobody else; one that is away gets it on return', async () => {
    const { list, member } = await fleet('a', 'b', 'c')
    const sender = await fixture.sender(list)
    const a = await fixture.receiver(member('a'))
    await sendOk(sender, message('for a and c', { members: ['a', 'c', 'a'] }))
    await a.receiver.flush()
    expect(texts(a.inbox.deliveries)).toEqual(['for a and c'])
    const b = await fixture.receiver(member('b'))
    await b.receiver.flush()
    expect(b.inbox.deliveries).toEqual([])
    const c = await fixture.receiver(member('c'))
    expect(texts(await c.inbox.take(1))).toEqual(['for a and c'])
  })

  test('members that never joined are named; the others have theirs', async () => {
    const { list, member } = await fleet('a', 'b')
    const sender = await fixture.sender(list)
    const error = await send(sender, message('x', { members: ['nobody', 'a', 'gone: %', 'b'] }))
    expect(error).toMatchObject({ code: 'SEND_UNROUTABLE', context: { members: ['nobody', 'gone: %'] } })
    for (const name of ['a', 'b'])
      expect(await fixture.connection.inspect(member(name))).toMatchObject({ depth: 1 })
  })

  test('a member that left a moment ago is named too, never a false ok', async () => {
    const { list, member } = await fleet('a', 'b')
    const sender = await fixture.sender(list)
    await sendOk(sender, message('1', { members: ['a', 'b'] }))
    await fixture.channel.deleteQueue(member('b').name)
    expect(await send(sender, message('2', { members: ['a', 'b'] }))).toMatchObject({
      code: 'SEND_UNROUTABLE',
      context: { members: ['b'] },
    })
  })

  test('many at once, and delayed ones', async () => {
    const { list, member } = await fleet('a', 'b')
    const sender = await fixture.sender(list)
    const a = await fixture.receiver(member('a'))
    const b = await fixture.receiver(member('b'))
    const bodies = Array.from({ length: 50 }, (_, n) => `${n}`)
    await Promise.all(bodies.map((body) => sendOk(sender, message(body, { members: ['a', 'b'] }))))
    expect(texts(await a.inbox.take(50))).toEqual(bodies)
    expect(texts(await b.inbox.take(50))).toEqual(bodies)
    for (const delivery of a.inbox.deliveries) a.receiver.accept(delivery)
    await sendOk(sender, message('later', { members: ['a'], delayMs: 30 }))
    expect(texts(await a.inbox.take(1))).toEqual(['later'])
    expect(await send(sender, message('later', { members: ['a', 'nobody'], delayMs: 30 }))).toMatchObject({
      code: 'SEND_UNROUTABLE',
      context: { members: ['nobody'] },
    })
  })
})
