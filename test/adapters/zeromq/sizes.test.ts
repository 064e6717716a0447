/** Bodies and names at the edges of what is declared: whole, or refused before they are accepted. */
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { connect, createHub, queue } from '../../../src/index.ts'

const KIB = 1024
const MIB = 1024 * KIB
const EDGES = [16 * KIB, 32 * KIB, 64 * KIB, MIB, 4 * MIB, 16 * MIB, 32 * MIB]
const jobs = queue<Uint8Array>('sizes')
const texts = queue<string>('sizes')

function body(bytes: number): Buffer {
  const filled = Buffer.alloc(bytes)
  for (let at = 0; at + 4 <= bytes; at += 997) filled.writeUInt32BE(at, at)
  return filled
}

function digest(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex')
}

describe('sizes', () => {
  for (const kept of ['in memory', 'on disk']) {
    it(`bodies around every edge come back whole, kept ${kept}`, { timeout: 120_000 }, async () => {
      const data = kept === 'on disk' ? await mkdtemp(join(tmpdir(), 'sluice-sizes-')) : undefined
      try {
        await using hub = await createHub({ listen: ['tcp://127.0.0.1:*'], data })
        await using connection = await connect(hub.urls[0]!)
        const { maxBodyBytes } = connection.capabilities.limits
        await expect(connection.send(jobs, Buffer.alloc(maxBodyBytes + 1))).rejects.toMatchObject({
          code: 'MESSAGE_TOO_LARGE',
        })
        const sizes = [...EDGES.flatMap((edge) => [edge - 1, edge, edge + 1]), maxBodyBytes - 1, maxBodyBytes]
        await using receiver = await connection.receiver(jobs)
        for (const bytes of sizes) {
          const sent = body(bytes)
          await connection.send(jobs, sent)
          const delivery = (await receiver.receive({ timeoutMs: 20_000 }))!
          expect([bytes, digest(delivery.bytes)]).toEqual([bytes, digest(sent)])
          await delivery.accept()
        }
      } finally {
        if (data !== undefined) await rm(data, { recursive: true, force: true })
      }
    })
  }

  it('fields beyond the limit are refused before anything is sent, on one connection', async () => {
    await using hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
    await using connection = await connect(hub.urls[0]!)
    let losses = 0
    connection.on('disconnected', () => losses++)
    const large = 'x'.repeat(MIB)
    await expect(connection.send(texts, 'x', { properties: { large } })).rejects.toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
    })
    await expect(
      connection.send(texts, 'x', { correlationId: large.slice(0, 70_000) }),
    ).rejects.toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
    })
    await connection.send(texts, 'x', { properties: { large: large.slice(0, -1_000) } })
    expect(losses).toBe(0)
  })

  it('fields that a store holds already, and those of a dead letter, are read whatever their size', async () => {
    const data = await mkdtemp(join(tmpdir(), 'sluice-sizes-'))
    try {
      const kept = queue<string>('kept', { deadLetter: queue('dead') })
      const correlationId = 'c'.repeat(70_000)
      const nearly = 'x'.repeat(MIB - 300)
      const embedded = await connect(`file:${data}`)
      await embedded.send(kept, 'long', { correlationId })
      await embedded.close()
      await using hub = await createHub({ listen: ['tcp://127.0.0.1:*'], data })
      await using connection = await connect(hub.urls[0]!)
      await connection.send(kept, 'large', { properties: { nearly } })
      await using receiver = await connection.receiver(kept)
      for (const expected of [{ body: 'long', correlationId }, { body: 'large' }]) {
        const delivery = (await receiver.receive({ timeoutMs: 5_000 }))!
        expect(delivery).toMatchObject(expected)
        await delivery.reject('r'.repeat(1_000))
      }
      await using dead = await connection.receiver(queue<string>('dead'))
      for (const body of ['long', 'large']) {
        const letter = (await dead.receive({ timeoutMs: 5_000 }))!
        expect(letter.body).toBe(body)
        await letter.accept()
      }
    } finally {
      await rm(data, { recursive: true, force: true })
    }
  })

  it('a name of as many bytes as are declared is one; with one more it is none', async () => {
    await using hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
    await using connection = await connect(hub.urls[0]!)
    const { maxNameBytes } = connection.capabilities.limits
    const longest = queue('ü'.repeat(maxNameBytes / 2), { durable: false })
    await connection.send(longest, 'x')
    expect(await connection.admin.inspect(longest)).toMatchObject({ depth: 1 })
    expect(() => queue(`${longest.name}x`)).toThrow(expect.objectContaining({ code: 'ADDRESS_MALFORMED' }))
  })
})
