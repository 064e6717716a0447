/** What the hub does with those who do not speak its protocol, or not well. */
import { connect as connectTcp } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Op } from '../../../../src/adapters/zeromq/wire/protocol.ts'
import { type Connection, connect, createHub, type Hub, queue } from '../../../../src/index.ts'
import { eventually } from '../../../support/eventually.ts'
import { BarePeer, record, sendRecord } from '../bare-peer.ts'

const LIMIT = 100_000
const jobs = queue('strangers-jobs', { durable: false })
let hub: Hub
let connection: Connection

beforeAll(async () => {
  hub = await createHub({ listen: ['tcp://127.0.0.1:*'], maxMessageBytes: LIMIT })
  connection = await connect(hub.urls[0]!)
})

afterAll(async () => {
  await connection.close()
  await hub.close()
})

/** A message goes through, and nobody is left but the one who sends it. */
async function stillServes(): Promise<void> {
  await connection.send(jobs, 'still here')
  await using receiver = await connection.receiver(jobs)
  const delivery = await receiver.receive({ timeoutMs: 2_000 })
  expect(delivery?.body).toBe('still here')
  await delivery!.accept()
  await eventually(() => hub.sessions === 1)
}

describe('strangers at the port', () => {
  it('random bytes neither end the hub nor leave a session', async () => {
    const port = Number(new URL(hub.urls[0]!).port)
    // What a ZMTP peer begins with, so that some get further than the first byte.
    const greeting = Uint8Array.from([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0])
    const bytes = fc.tuple(fc.boolean(), fc.uint8Array({ maxLength: 2_000 }))
    await fc.assert(
      fc.asyncProperty(bytes, async ([greets, noise]) => {
        const socket = connectTcp(port, '127.0.0.1')
        socket.on('error', () => {})
        if (greets) socket.write(greeting)
        socket.end(noise)
        socket.resume()
        setTimeout(() => socket.destroy(), 20)
        await new Promise((resolve) => socket.once('close', resolve))
      }),
      { numRuns: 40 },
    )
    await stillServes()
  })

  it('frames of noise neither end the hub nor leave a session', async () => {
    const frames = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(fc.boolean(), frames, async (greets, noise) => {
        using peer = new BarePeer(hub.urls[0]!)
        if (greets) await peer.hello()
        for (const frame of noise) await peer.send(frame)
        await peer.send(...noise)
      }),
      { numRuns: 60 },
    )
    await stillServes()
  })

  it('right records with a few wrong bytes neither end the hub nor leave a session', async () => {
    const spec = {
      target: { name: 'strangers-jobs', type: 'queue' },
      capacity: 10,
      reliability: 'at-least-once',
      link: {},
    }
    const good = Buffer.concat([
      record(Op.HELLO, 0, Buffer.from('{"protocol":1,"name":"x","heartbeatMs":1000}')),
      record(Op.CALL, 1, Buffer.from(JSON.stringify({ call: 1, verb: 'attachSender', args: { spec } }))),
      sendRecord(2, 0, 'noise'),
      record(Op.ACCEPT, 3, Buffer.alloc(7)),
      record(Op.FLOW, 3, Buffer.from('{"credit":-1}')),
      record(Op.SETTLE, 3, Buffer.from('{"call":2,"delivery":1,"verdict":{"kind":"gone"}}')),
      record(Op.CALL, 0, Buffer.from('{"call":3,"verb":"__proto__","args":null}')),
    ])
    const changes = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(changes, async (wrong) => {
        const batch = Buffer.from(good)
        for (const [at, byte] of wrong) batch[at] = byte
        using peer = new BarePeer(hub.urls[0]!)
        await peer.send(batch)
      }),
      { numRuns: 100 },
    )
    await connection.admin.purge(jobs).catch(() => {})
    await stillServes()
  })

  it('a client has ten thousand links, also when it asks for more of them in one batch', async () => {
    using peer = new BarePeer(hub.urls[0]!)
    await peer.hello()
    const attach = (link: number): Buffer =>
      record(
        Op.CALL,
        link,
        Buffer.from(JSON.stringify({ call: link, verb: 'attachSender', args: { spec: {} } })),
      )
    await peer.send(Buffer.concat(Array.from({ length: 10_001 }, (_, at) => attach(at + 1))))
    let refused = 0
    for (let seen = 0; seen < 10_001; seen++) {
      const { call, error } = JSON.parse((await peer.next(Op.REPLY)).payload.toString())
      if (!error) continue
      refused++
      expect([call, error.code]).toEqual([10_001, 'CAPACITY_EXCEEDED'])
    }
    expect(refused).toBe(1)
  })

  it('a peer of another protocol version is told both versions', async () => {
    using peer = new BarePeer(hub.urls[0]!)
    await peer.json(Op.HELLO, 0, { protocol: 3, name: 'from the future', news: [1, 2, 3] })
    const { error } = JSON.parse((await peer.next(Op.REFUSED)).payload.toString())
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', retryable: false })
    expect(error.message).toMatch(/protocol 1 to 2.*3/)
  })

  it('a peer that does not begin with HELLO is told so', async () => {
    using peer = new BarePeer(hub.urls[0]!)
    await peer.send(sendRecord(1, 0, 'hasty'))
    const { error } = JSON.parse((await peer.next(Op.REFUSED)).payload.toString())
    expect(error.message).toMatch(/HELLO/)
  })

  it('a message above the limit is refused here, and cuts off whoever sends it all the same', async () => {
    await expect(connection.send(jobs, Buffer.alloc(LIMIT + 1))).rejects.toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
    })
    await connection.send(jobs, Buffer.alloc(LIMIT))
    await connection.admin.purge(jobs)
    using peer = new BarePeer(hub.urls[0]!)
    await peer.hello()
    await eventually(() => hub.sessions === 2)
    await peer.send(Buffer.alloc(LIMIT + 2 * 1024 * 1024))
    await stillServes()
  })
})
