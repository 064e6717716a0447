/** What a client writes is checked as a program's own call is; what is wrong is answered to whoever wrote it, and harms nobody else. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Field } from '../../../../src/adapters/zeromq/codec/message-codec.ts'
import { Op } from '../../../../src/adapters/zeromq/wire/protocol.ts'
import { type Connection, connect, createHub, type Hub, queue } from '../../../../src/index.ts'
import { eventually } from '../../../support/eventually.ts'
import { BarePeer, record, send } from '../bare-peer.ts'

const orders = queue<string>('orders')
const target = { name: 'orders', type: 'queue' }
const sending = { spec: { target, capacity: 100, reliability: 'at-least-once' } }

function text(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as string)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return bytes
}

const properties = (json: string) => ({ fields: Field.durable | Field.properties, values: text(json) })

const WRONG: Readonly<Record<string, { fields: number; values: Uint8Array }>> = {
  'a property that is a map': properties('{"n":{"a":1}}'),
  'a property that is a list': properties('{"n":[1]}'),
  'a property that is no date': properties('{"n":{"@date":"yesterday"}}'),
  'a property of more than 64 bits': properties('{"n":{"@bigint":"99999999999999999999"}}'),
  'a property that is half a character': properties('{"n":"\\ud800"}'),
  'a property nested a million deep': properties(`{"n":${'['.repeat(250_000)}${']'.repeat(250_000)}}`),
  'properties that are a list': properties('[1,2]'),
  'a text that is no UTF-8': {
    fields: Field.durable | Field.subject,
    values: text(Buffer.from([0xc3, 0x28])),
  },
  'a text beyond the header': {
    fields: Field.durable | Field.subject,
    values: Buffer.from([0xff, 0xff, 0xff, 0xff]),
  },
  'a priority of 200': { fields: Field.durable | Field.priority, values: Buffer.from([200]) },
  'a time that is no number': { fields: Field.durable | Field.createdAt, values: double(Number.NaN) },
  'a time that no Date holds': { fields: Field.durable | Field.createdAt, values: double(1e300) },
  'a negative life': { fields: Field.durable | Field.ttlMs, values: double(-1) },
  'a delay for ever': { fields: Field.durable | Field.delayMs, values: double(Number.POSITIVE_INFINITY) },
  'members that are no names': { fields: Field.durable | Field.members, values: text('[{"a":1}]') },
  'bytes behind the last field': { fields: Field.durable, values: Buffer.from([1, 2, 3]) },
}

describe('a client that speaks the protocol wrongly', () => {
  let data: string
  let hub: Hub
  let innocent: Connection
  let lost = 0

  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 'sluice-nonsense-'))
    hub = await createHub({ listen: ['tcp://127.0.0.1:*'], data })
    innocent = await connect(hub.urls[0]!)
    lost = 0
    innocent.on('disconnected', () => lost++)
    await innocent.send(orders, 'first')
  })
  afterEach(async () => {
    await innocent.close()
    await hub.close()
    await rm(data, { recursive: true, force: true })
  })

  /** What was accepted is there after a restart of the hub, which opens its store. */
  async function nothingHappened(bodies: readonly string[]): Promise<void> {
    await innocent.send(orders, 'last')
    expect(lost).toBe(0)
    await innocent.close()
    await hub.close()
    hub = await createHub({ listen: ['tcp://127.0.0.1:*'], data })
    innocent = await connect(hub.urls[0]!)
    const seen: string[] = []
    for await (const { bytes } of innocent.browse(orders)) seen.push(Buffer.from(bytes).toString())
    expect(seen).toEqual(['first', ...bodies, 'last'])
  }

  it('has each wrong message refused by name; the right one behind it is taken, the store opens', async () => {
    using peer = new BarePeer(hub.urls[0]!)
    await peer.hello()
    expect(await peer.call('attachSender', 1, sending)).not.toHaveProperty('error')
    let sequence = 0
    for (const [what, { fields, values }] of Object.entries(WRONG)) {
      await peer.send(send(1, sequence, { fields, values, body: what }))
      const { sequence: refused, error } = JSON.parse((await peer.next(Op.REFUSE)).payload.toString())
      expect([what, refused, error.code]).toEqual([
        what,
        sequence,
        expect.stringMatching(/^(DECODE_FAILED|MESSAGE_TOO_LARGE)$/),
      ])
      sequence++
    }
    await peer.send(send(1, sequence, { ...properties('{"@@n":{"@bigint":"12"}}'), body: 'right' }))
    expect((await peer.next(Op.CONFIRM)).payload.readUInt32BE()).toBe(sequence)
    await nothingHappened(['right'])
  })

  it('has requests that are none answered by name, also those that cannot be written down again', async () => {
    using peer = new BarePeer(hub.urls[0]!)
    await peer.hello()
    const long = 'n'.repeat(221)
    const node = { name: 'other', type: 'queue', durable: true }
    const asked: [verb: string, args: object, code: string][] = [
      ['declare', { node: { ...node, name: long } }, 'ADDRESS_MALFORMED'],
      ['declare', { node: { ...node, name: 'a\0b' } }, 'ADDRESS_MALFORMED'],
      ['declare', { node: { ...node, maxDeliveries: 0.5 } }, 'CONFIG_INVALID'],
      ['declare', { node: { ...node, native: { type: 'x'.repeat(20_000) } } }, 'CONFIG_INVALID'],
      ['declare', { node: { ...node, deadLetter: { name: long } } }, 'ADDRESS_MALFORMED'],
      ['attachReceiver', { spec: { source: target, credit: -1 } }, 'CONFIG_INVALID'],
      ['attachReceiver', { spec: { source: target, patterns: Array(10_001).fill('a') } }, 'CONFIG_INVALID'],
      ['attachSender', { spec: { target: { name: 7 } } }, 'CONFIG_INVALID'],
      ['toString', {}, 'NOT_SUPPORTED'],
    ]
    for (const [verb, args, code] of asked)
      expect((await peer.call(verb, 5, args)).error).toMatchObject({ code })
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    const args = `{"node":{"name":"other","type":"queue","native":{"type":${deep}}}}`
    await peer.send(record(Op.CALL, 0, Buffer.from(`{"call":1,"verb":"declare","args":${args}}`)))
    expect((await peer.next(Op.REPLY)).payload.toString()).toMatch(/CONFIG_INVALID.*nested/)
    await nothingHappened([])
  })

  it('settles nothing that is not its own', async () => {
    using peer = new BarePeer(hub.urls[0]!)
    await peer.hello()
    await using receiver = await innocent.receiver(orders)
    const held = (await receiver.receive({ timeoutMs: 5_000 }))!
    for (const link of [0, 1, 2, 3]) {
      await peer.send(record(Op.ACCEPT, link, Buffer.alloc(400)))
      await peer.json(Op.FLOW, link, { credit: 1_000_000 })
      await peer.json(Op.SETTLE, link, { call: 9, delivery: 0, verdict: { kind: 'reject', reason: 'mine' } })
      const { error } = JSON.parse((await peer.next(Op.REPLY)).payload.toString())
      expect(error.code).toBe('DELIVERY_LOST')
    }
    expect(await innocent.admin.inspect(orders)).toMatchObject({ details: { unsettled: 1 } })
    await held.release()
    await receiver.close()
    await nothingHappened([])
  })

  it('that goes on with it is told why and dropped', async () => {
    using peer = new BarePeer(hub.urls[0]!)
    await peer.hello()
    await peer.call('attachSender', 1, sending)
    const { fields, values } = WRONG['a property that is a map']!
    for (let sequence = 0; sequence < 100; sequence++)
      await peer.send(send(1, sequence, { fields, values, body: '' }))
    const { error } = JSON.parse((await peer.next(Op.REFUSED)).payload.toString())
    expect(error.message).toMatch(/100 messages or requests/)
    await eventually(() => hub.sessions === 1)
    await nothingHappened([])
  })

  for (const [what, batch] of Object.entries({
    'a call without number': record(Op.CALL, 0, Buffer.from('{"verb":"list"}')),
    'a call with a number that is an object': record(Op.CALL, 0, Buffer.from('{"call":{},"verb":"list"}')),
    'a list of half numbers': record(Op.ACCEPT, 1, Buffer.alloc(7)),
    'an unknown record': record(99 as 1, 1, Buffer.alloc(7)),
    'a part of next to nothing': record(Op.PART, 1, Buffer.alloc(3)),
    'the end of nothing': record(Op.PART, 0, Buffer.from('no record')),
  })) {
    it(`ends its own session with ${what}, and is told`, async () => {
      using peer = new BarePeer(hub.urls[0]!)
      await peer.hello()
      await peer.send(batch)
      const { error } = JSON.parse((await peer.next(Op.REFUSED)).payload.toString())
      expect(error.code).toMatch(/DECODE_FAILED|CONFIG_INVALID/)
      await eventually(() => hub.sessions === 1)
      await nothingHappened([])
    })
  }

  it('that begins a large batch and never ends it costs no more than the largest one', async () => {
    await hub.close()
    hub = await createHub({ listen: ['tcp://127.0.0.1:*'], maxMessageBytes: 1_000_000 })
    using peer = new BarePeer(hub.urls[0]!)
    await peer.hello()
    const part = record(Op.PART, 1, Buffer.alloc(30_000))
    for (let bytes = 0; bytes < 4_000_000; bytes += 30_000) await peer.send(part)
    const { error } = JSON.parse((await peer.next(Op.REFUSED)).payload.toString())
    expect(error.code).toBe('MESSAGE_TOO_LARGE')
  })
})
