/** What an address string says of its link, in force on a broker. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Connection, connect, topic } from '../../../src/index.ts'
import { eventually } from '../../support/eventually.ts'
import { uniqueName } from '../../support/names.ts'

const NEWS = 'news; {create: always, node: {type: topic}}'

let connection: Connection
beforeEach(async () => {
  connection = await connect(`memory:${uniqueName('links')}`)
})
afterEach(() => connection.close())

async function attachAndLeave(link: string): Promise<void> {
  const receiver = await connection.receiver(`news; {create: always, node: {type: topic}, link: ${link}}`)
  await receiver.close()
}

async function waiting(subscription: string): Promise<unknown[]> {
  await using receiver = await connection.receiver(
    `news; {node: {type: topic}, link: {name: ${subscription}}}`,
  )
  const bodies: unknown[] = []
  for (
    let next = await receiver.receive({ timeoutMs: 0 });
    next;
    next = await receiver.receive({ timeoutMs: 0 })
  ) {
    bodies.push(next.body)
    await next.accept()
  }
  return bodies
}

describe('link', () => {
  it('name: the subscription retains while nobody is attached', async () => {
    await attachAndLeave('{name: kept}')
    await connection.send(NEWS, 'one')
    expect(await waiting('kept')).toEqual(['one'])
  })

  it("x-declare: limits of the subscription's queue", async () => {
    await attachAndLeave("{name: short, x-declare: {arguments: {'qpid.max_count': 2}}}")
    await connection.send(NEWS, 'one')
    await connection.send(NEWS, 'two')
    await expect(connection.send(NEWS, 'three')).rejects.toMatchObject({ code: 'SEND_REJECTED' })
    expect(await waiting('short')).toEqual(['one', 'two'])
  })

  it('timeout: the life of a subscription that nobody is attached to', async () => {
    await attachAndLeave('{name: passing, timeout: 0.2}')
    const passing = topic('news').subscription('passing')
    expect(await connection.admin.inspect(passing)).toBeDefined()
    await eventually(async () => (await connection.admin.inspect(passing)) === undefined)
    await connection.send(NEWS, 'missed')
    expect(await waiting('passing')).toEqual([])
  })

  it('timeout without a name: a subscription of its own for each receiver, which ends that long after it left', async () => {
    const source = 'news; {create: always, node: {type: topic}, link: {timeout: 0.2}}'
    await using other = await connection.receiver(source)
    const receiver = await connection.receiver(source)
    const receivers = async () => (await connection.admin.inspect(topic('news')))?.receivers
    expect(await receivers()).toBe(2)
    await connection.send(NEWS, 'to both')
    for (const each of [receiver, other]) expect((await each.receive({ timeoutMs: 0 }))?.body).toBe('to both')
    await receiver.close()
    await eventually(async () => (await receivers()) === 1)
  })

  it('timeout without a name, on a queue: the queue does not take it over', async () => {
    await using receiver = await connection.receiver('q; {create: always, link: {timeout: 0.01}}')
    await receiver.close()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await connection.admin.inspect('q')).toBeDefined()
  })

  it.each([
    ['{x-declare: {foo: 1}}', 'link: x-declare: foo', 'link.x-declare.foo'],
    ['{x-declare: {arguments: {bar: 1}}}', 'link: x-declare: arguments: bar', 'link.x-declare.arguments.bar'],
  ])('%s is refused by name, since no broker would be told', async (link, text, option) => {
    await expect(attachAndLeave(link)).rejects.toMatchObject({
      code: 'NOT_SUPPORTED',
      message: expect.stringContaining(text),
      context: { option },
    })
  })
})
