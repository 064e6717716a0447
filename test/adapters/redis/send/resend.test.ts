import { describe, expect, it } from 'vitest'
import { redisAdapter } from '../../../../src/adapters/redis/adapter.ts'
import type { AdapterConnection, NodeRef } from '../../../../src/contract/adapter.ts'
import { memberQueue } from '../../../../src/contract/adapter.ts'
import type { MessagingError } from '../../../../src/model/errors.ts'
import type { OutgoingMessage } from '../../../../src/model/message.ts'
import { FaultProxy } from '../../../support/fault-proxy.ts'
import { becomes, Fixture, keys, message, Reports, range, send, target, texts, url } from '../fixture.ts'

const on = new Fixture()

async function by(proxy: FaultProxy): Promise<{ connection: AdapterConnection; reports: Reports }> {
  const reports = new Reports()
  const connection = await redisAdapter.connect(
    target(proxy.urlFor(url)),
    reports,
    AbortSignal.timeout(5_000),
  )
  on.atEnd(() => connection.close())
  return { connection, reports }
}

/** Sends all, loses the connection before any answer comes back, and gives what had no outcome. */
async function loseAnswers(
  node: NodeRef,
  outgoing: readonly OutgoingMessage[],
  reaches: boolean,
): Promise<OutgoingMessage[]> {
  await using proxy = await FaultProxy.before(url)
  const { connection, reports } = await by(proxy)
  const sender = await connection.attachSender(
    { target: node, capacity: 1_000, reliability: 'at-least-once', link: {} },
    { detached: () => {} },
  )
  const open = new Set(outgoing)
  if (reaches) void proxy.cutAfter('toClient', 1)
  else void proxy.cutAfter('toBroker', 1)
  for (const one of outgoing) {
    sender.send({ message: one, resend: false, settle: () => void open.delete(one) })
  }
  await reports.until(() => reports.lost.length === 1)
  await connection.close()
  return [...open]
}

async function sendAgain(
  node: NodeRef,
  outgoing: readonly OutgoingMessage[],
): Promise<(MessagingError | undefined)[]> {
  const sender = await on.sender(node)
  return Promise.all(outgoing.map((one) => send(sender, one, true)))
}

describe('a resend', () => {
  it('of what the server has is stored once; of what it has not, too', async () => {
    for (const reaches of [true, false]) {
      const queue = await on.node()
      const outgoing = range(300).map((body) => message(body))
      const open = await loseAnswers(queue, outgoing, reaches)
      expect(open).toHaveLength(300)
      expect(await on.connection.inspect(queue)).toMatchObject({ depth: reaches ? 300 : 0 })
      expect(await sendAgain(queue, open)).toEqual(Array(300).fill(undefined))
      expect(texts(await on.browse(queue))).toEqual(range(300))
    }
  })

  it('is the last word of its sender: what an old connection still had on its way is not stored behind it', async () => {
    const fleet = on.name('fleet')
    const member = await on.node({ name: memberQueue(fleet, 'a') })
    const topic = await on.node({ type: 'topic' })
    const subscription = { name: 'kept', durable: true }
    await (await on.receiver(topic, { subscription })).receiver.close()
    const queue = await on.node()
    const places = [
      { node: queue, look: () => on.browse(queue) },
      { node: topic, look: () => on.browse(topic, { subscription }) },
      { node: { name: fleet, type: 'multicast' } as const, look: () => on.browse(member) },
    ]
    for (const { node, look } of places) {
      await using proxy = await FaultProxy.before(url)
      const { connection } = await by(proxy)
      const outgoing = range(3).map((body) => message(body, { members: ['a'], subject: 'a' }))
      const sender = await on.sender(node, {}, connection)
      expect(await send(sender, outgoing[0]!)).toBeUndefined()
      proxy.silence()
      for (const one of outgoing.slice(1)) void send(sender, one)
      // They are written.
      await new Promise(setImmediate)
      await connection.close()
      expect(await sendAgain(node, outgoing.slice(1))).toEqual([undefined, undefined])
      expect(
        await send(await on.sender(node), message('3', { members: ['a'], subject: 'a' })),
      ).toBeUndefined()
      await proxy.heal()
      // It has read all when it has closed the connections.
      await becomes(() => proxy.connections === 0, 'the old connection ends')
      expect(texts(await look())).toEqual(range(4))
    }
  })

  it('may be lost again and again', async () => {
    const queue = await on.node()
    const outgoing = range(10).map((body) => message(body))
    await loseAnswers(queue, outgoing, true)
    await using proxy = await FaultProxy.before(url)
    for (let round = 0; round < 3; round++) {
      const { connection, reports } = await by(proxy)
      const sender = await connection.attachSender(
        { target: queue, capacity: 100, reliability: 'at-least-once', link: {} },
        { detached: () => {} },
      )
      void proxy.cutAfter(round % 2 === 0 ? 'toBroker' : 'toClient', 1)
      for (const one of outgoing) sender.send({ message: one, resend: true, settle: () => {} })
      await reports.until(() => reports.lost.length === 1)
    }
    expect(await sendAgain(queue, outgoing)).toEqual(Array(10).fill(undefined))
    expect(texts(await on.browse(queue))).toEqual(range(10))
  })

  it('of equal ids is no resend: the application may give them', async () => {
    const queue = await on.node()
    const sender = await on.sender(queue)
    for (const body of ['one', 'two']) await send(sender, message(body, { id: 'same' }))
    expect(texts(await on.browse(queue))).toEqual(['one', 'two'])
  })

  it('of what was refused is refused again, never a false ok', async () => {
    const queue = await on.node({ maxLength: 5 })
    const open = await loseAnswers(
      queue,
      range(8).map((body) => message(body)),
      true,
    )
    const outcomes = await sendAgain(queue, open)
    expect(outcomes.map((error) => error?.code)).toEqual([
      ...Array(5).fill(undefined),
      ...Array(3).fill('SEND_REJECTED'),
    ])
    expect(texts(await on.browse(queue))).toEqual(range(5))
  })

  it('to a topic reaches subscriptions and listeners once', async () => {
    const topic = await on.node({ type: 'topic' })
    const subscription = { name: 'kept', durable: true }
    await (await on.receiver(topic, { subscription })).receiver.close()
    const live = await on.receiver(topic)
    const open = await loseAnswers(
      topic,
      range(20).map((body) => message(body, { subject: 'a' })),
      true,
    )
    expect(open).toHaveLength(20)
    await sendAgain(topic, open)
    await live.receiver.flush()
    expect(texts(live.inbox.deliveries)).toEqual(range(20))
    expect(texts(await on.browse(topic, { subscription }))).toEqual(range(20))
  })

  it('to members reaches each once', async () => {
    const fleet = on.name('fleet')
    for (const name of ['a', 'b']) await on.node({ name: memberQueue(fleet, name) })
    const node = { name: fleet, type: 'multicast' } as const
    const open = await loseAnswers(
      node,
      range(9).map((body) => message(body, { members: ['a', 'b'] })),
      true,
    )
    expect(await sendAgain(node, open)).toEqual(Array(9).fill(undefined))
    for (const name of ['a', 'b']) {
      expect(texts(await on.browse({ name: memberQueue(fleet, name), type: 'queue' }))).toEqual(range(9))
    }
  })

  it('costs the server one short-lived note for each sender, gone with it', async () => {
    const queue = await on.node()
    const base = keys.queue(queue.name)
    const sender = await on.sender(queue)
    await Promise.all(range(2_000).map((body) => send(sender, message(body))))
    const notes = async () => Object.keys(await on.dump(`${base}#sent`))
    const [note, ...others] = await notes()
    expect(others).toEqual([])
    expect(await on.bare.pttl(note!)).toBeGreaterThan(0)
    await sender.close()
    expect(await notes()).toEqual([])
  })
})
