/** Slow and half-open lines between a client and its hub. */
import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Connection, connect, createHub, type Hub, queue } from '../../../../src/index.ts'
import { eventually } from '../../../support/eventually.ts'
import { FaultProxy } from '../../../support/fault-proxy.ts'

const HEARTBEAT_MS = 500
const jobs = queue<Uint8Array>('lines', { durable: false })

let hub: Hub
let proxy: FaultProxy
let connection: Connection
let direct: Connection
let losses: string[]

beforeEach(async () => {
  hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
  proxy = await FaultProxy.before(hub.urls[0]!)
  connection = await connect({ url: proxy.urlFor(hub.urls[0]!), heartbeatMs: HEARTBEAT_MS })
  direct = await connect(hub.urls[0]!)
  losses = []
  connection.on('disconnected', ({ cause }) => losses.push(cause.message))
})
afterEach(async () => {
  await proxy.heal()
  await Promise.all([connection.close(), direct.close()])
  await proxy[Symbol.asyncDispose]()
  await hub.close()
})

function noise(bytes: number): Buffer {
  const body = Buffer.alloc(bytes)
  for (let at = 0; at < bytes; at += 4_096) body.writeUInt32BE(at, at)
  return body
}

function digest(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex')
}

describe('a slow line', () => {
  it('carries a message that takes many heartbeats, to the hub and from it, on one connection', async () => {
    const body = noise(1_000_000)
    proxy.degrade({ bytesPerSecond: 250_000 })
    await using receiver = await connection.receiver(jobs)
    await connection.send(jobs, body)
    const delivery = await receiver.receive({ timeoutMs: 15_000 })
    expect(digest(delivery!.bytes)).toBe(digest(body))
    await delivery!.accept()
    expect({ losses, connections: proxy.accepted }).toEqual({ losses: [], connections: 1 })
  })

  it('does not fill the hub: what a receiver has credit for waits in its queue', async () => {
    await using sender = await direct.sender(jobs)
    // It is no matter of heartbeats, which a busy machine can miss while it carries so much.
    await using patient = await connect({ url: proxy.urlFor(hub.urls[0]!), heartbeatMs: 15_000 })
    const lost: string[] = []
    patient.on('disconnected', ({ cause }) => lost.push(cause.message))
    await using receiver = await patient.receiver(jobs, { credit: 100 })
    proxy.degrade({ bytesPerSecond: 20_000_000 }, 'toClient')
    for (let sent = 0; sent < 30; sent++) await sender.send(Buffer.alloc(4_000_000, sent))
    const { depth } = (await direct.admin.inspect(jobs))!
    expect(depth).toBeGreaterThan(5)
    for (let seen = 0; seen < 30; seen++) {
      const delivery = await receiver.receive({ timeoutMs: 30_000 })
      expect([delivery!.bytes.length, delivery!.bytes[0]]).toEqual([4_000_000, seen])
      await delivery!.accept()
    }
    expect(lost).toEqual([])
  }, 90_000)
})

describe('a line that is open one way only', () => {
  for (const direction of ['toBroker', 'toClient'] as const) {
    it(`${direction}: client and hub notice within twice the heartbeat; what the client held comes again`, async () => {
      await direct.send(jobs, Buffer.from('held'))
      await using receiver = await connection.receiver(jobs)
      await receiver.receive({ timeoutMs: 5_000 })
      const since = performance.now()
      proxy.silence(direction)
      await eventually(() => losses.length > 0, { timeoutMs: 10_000 })
      // Looks and a busy machine take their part.
      expect(performance.now() - since).toBeLessThan(HEARTBEAT_MS * 2 + 1_500)
      await using other = await direct.receiver(jobs)
      const again = await other.receive({ timeoutMs: HEARTBEAT_MS * 2 + 2_000 })
      expect(again).toMatchObject({ redelivered: true })
      await again!.accept()
    })
  }
})
