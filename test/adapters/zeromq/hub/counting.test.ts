/** Deliveries count when the program has them: what a client that dies had only prefetched is no delivery. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Op } from '../../../../src/adapters/zeromq/wire/protocol.ts'
import { type Connection, connect, createHub, type Hub, queue } from '../../../../src/index.ts'
import { Child } from '../../../support/child.ts'
import { eventually } from '../../../support/eventually.ts'
import { BarePeer, record } from '../bare-peer.ts'

const PREFETCHED = 10

/** Takes what it is given, and dies by the message called `killer`, at once or once others have had their turn. */
const PROGRAM = `
import { connect, queue } from 'src/index.ts'
const connection = await connect(process.env.URL)
const receiver = await connection.receiver(queue(process.env.QUEUE, JSON.parse(process.env.OPTIONS)), { credit: ${PREFETCHED} })
console.log('ready')
for await (const delivery of receiver) {
  if (delivery.body === 'killer') {
    if (process.env.LATER) await new Promise((resolve) => setTimeout(resolve, 50))
    process.kill(process.pid, 'SIGKILL')
  }
  await delivery.accept()
}
`

describe('a message that kills its program', () => {
  let hub: Hub
  let connection: Connection
  beforeAll(async () => {
    hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
    connection = await connect(hub.urls[0]!)
  })
  afterAll(async () => {
    await connection.close()
    await hub.close()
  })

  for (const later of ['', 'yes']) {
    it(`is buried after its tries, and nothing with it that nobody saw (${later ? 'later' : 'at once'})`, {
      timeout: 60_000,
    }, async () => {
      const name = `killing-${later || 'once'}`
      const options = { durable: false, maxDeliveries: 3, deadLetter: `${name}-dead` }
      const jobs = queue<string>(name, options)
      const innocents = Array.from({ length: PREFETCHED + 2 }, (_, at) => `innocent-${at}`)
      for (const body of ['killer', ...innocents]) await connection.send(jobs, body)
      const env = { URL: hub.urls[0]!, QUEUE: name, OPTIONS: JSON.stringify(options), LATER: later }
      for (let life = 0; life < 3; life++) {
        await using program = Child.run(PROGRAM, env)
        expect(await program.line()).toBe('ready')
        expect((await program.ended).signal).toBe('SIGKILL')
      }
      // The hub has noticed that the last one is gone.
      await eventually(() => hub.sessions === 1, { timeoutMs: 10_000 })
      const seen: [body: string, count: number, redelivered: boolean][] = []
      await using receiver = await connection.receiver(jobs)
      for (let next = await receiver.receive({ timeoutMs: 5_000 }); next; ) {
        seen.push([next.body, next.deliveryCount, next.redelivered])
        await next.accept()
        next = seen.length < innocents.length ? await receiver.receive({ timeoutMs: 5_000 }) : undefined
      }
      expect(seen).toEqual(innocents.map((body, at) => [body, 1, at < PREFETCHED - 1]))
      const dead: unknown[] = []
      for await (const { body, properties } of connection.browse(queue(`${name}-dead`)))
        dead.push([body, properties['sluice-deliveries']])
      expect(dead).toEqual([['killer', 3]])
    })
  }

  it('a client of the first version of the protocol has all that it held counted', async () => {
    const jobs = queue<string>('counted', { durable: false, maxDeliveries: 3 })
    for (const body of ['a', 'b']) await connection.send(jobs, body)
    {
      using peer = new BarePeer(hub.urls[0]!, 1)
      await peer.hello()
      const source = { name: 'counted', type: 'queue' }
      await peer.call('attachReceiver', 1, { spec: { source, credit: 2 } })
      await peer.next(Op.DELIVER)
      await peer.next(Op.DELIVER)
      await peer.send(record(Op.BYE, 0, Buffer.alloc(0)))
    }
    await using receiver = await connection.receiver(jobs)
    for (const body of ['a', 'b']) {
      const delivery = (await receiver.receive({ timeoutMs: 5_000 }))!
      expect(delivery).toMatchObject({ body, deliveryCount: 2, redelivered: true })
      await delivery.accept()
    }
  })
})
