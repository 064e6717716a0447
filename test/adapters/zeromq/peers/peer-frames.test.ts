/** What bare ZeroMQ sockets send to a peer: messages, or frames that nobody expects. Nothing of it ends the peer or loses what is right. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Dealer, Push } from 'zeromq'
import { type Connection, connect, queue, service } from '../../../../src/index.ts'
import { freePorts } from '../../../support/free-ports.ts'
import { Dice, randomMessage } from '../strangers/random-records.ts'

const FRAMES = 10_000
const jobs = queue('jobs')

describe('a peer that foreign sockets talk to', () => {
  let port: number
  let peer: Connection
  let warnings: number
  beforeEach(async () => {
    port = await freePorts(4)
    peer = await connect(`zmq://127.0.0.1:${port}?mode=peer&role=bind`)
    warnings = 0
    peer.on('warning', () => warnings++)
  })
  afterEach(() => peer.close())

  function frames(dice: Dice): Buffer[] {
    const kind = dice.below(8)
    if (kind === 0) return [Buffer.alloc(0)]
    if (kind === 1) return [Buffer.from('jobs')]
    if (kind === 2) return Array.from({ length: 100 }, () => Buffer.from([dice.below(256)]))
    if (kind === 3) return [Buffer.from([0xc3, 0x28, 0xff]), Buffer.from('x')]
    if (kind === 4) return [Buffer.from('jobs'), Buffer.alloc(dice.below(50_000))]
    if (kind === 5) return [Buffer.from('jobs'), Buffer.from('{"no":"record"}')]
    return [Buffer.from('jobs'), ...randomMessage(dice).frames]
  }

  it('goes on with its queues and its requests', { timeout: 60_000 }, async () => {
    const seed = Math.floor(Math.random() * 2 ** 31)
    console.log(`seed ${seed}`)
    const dice = new Dice(seed)
    await using other = await connect(`zmq://127.0.0.1:${port}?mode=peer`)
    await using answering = await peer.respond(service<string, string>('echo'), ({ body }) => body)
    await using receiver = await peer.receiver(jobs, { credit: 1_000 })
    const bodies: unknown[] = []
    const reading = (async () => {
      for await (const delivery of receiver) {
        try {
          bodies.push(delivery.body)
        } catch {
          // Damaged: its bytes are there.
          expect(delivery.bytes).toBeInstanceOf(Uint8Array)
        }
        await delivery.accept()
      }
    })()
    const push = new Push({ linger: 1_000 })
    const dealer = new Dealer({ linger: 1_000 })
    push.connect(`tcp://127.0.0.1:${port}`)
    dealer.connect(`tcp://127.0.0.1:${port + 3}`)
    await using sender = await other.sender(jobs)
    let right = 0
    for (let sent = 0; sent < FRAMES; sent++) {
      await push.send(frames(dice))
      if (sent % 10 === 0) await dealer.send(frames(dice))
      if (sent % 1_000 > 0) continue
      await sender.send({ right: right++ })
      const { body } = await other.request(service<string, string>('echo'), 'still here', {
        timeoutMs: 20_000,
      })
      expect(body).toBe('still here')
    }
    push.close()
    dealer.close()
    await expect
      .poll(() => bodies.filter((body) => (body as { right?: number } | null)?.right !== undefined).length, {
        timeout: 20_000,
      })
      .toBe(right)
    expect(warnings).toBeGreaterThan(0)
    await receiver.close()
    await reading
    void answering
  })
})
