/**
 * Python's pika (Debian: `python3-pika`) as the other client: it shares no code with this library or with amqplib.
 */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { connect, queue } from '../../../../src/index.ts'
import { uniqueName } from '../../../support/names.ts'
import { pythonClient } from '../../../support/python.ts'
import { amqpUrl, url } from '../fixture.ts'

const python = pythonClient('pika')
const LOGIN = decodeURIComponent(new URL(url).username)
const { absent } = python

function pika(...args: string[]): Promise<string> {
  return python.run(join(import.meta.dirname, 'pika-peer.py'), ...args)
}

describe('pika', () => {
  it.skipIf(absent !== '')(`reads what this library writes${absent}`, async () => {
    await using connection = await connect(url)
    const node = queue(uniqueName('pika'), { delete: 'always' })
    await using sender = await connection.sender(node)
    const values = {
      int: 5,
      long: 2 ** 53 - 1,
      // Not negative: pika 1.2, which Debian has, reads 64 bits without a sign.
      big: 2n ** 62n,
      text: 'ä€😀',
      flag: true,
      when: new Date(1_700_000_000_000),
      bytes: Uint8Array.of(0, 255),
      nothing: null,
      ['__proto__']: 'a name',
    }
    await sender.send(
      { an: 'order' },
      {
        id: 'sluice-1',
        userId: LOGIN,
        replyTo: 'answers',
        correlationId: 'c-1',
        priority: 7,
        ttlMs: 60_000,
        createdAt: new Date(1_700_000_000_000),
        properties: values,
      },
    )
    await sender.send('text ä', { durable: false })
    await sender.send(Uint8Array.of(0, 255, 128))
    const stdout = await pika('receive', amqpUrl, node.name, '3')
    const [json, text, binary] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(json).toMatchObject({
      id: 'sluice-1',
      user: LOGIN,
      replyTo: 'answers',
      correlationId: 'c-1',
      contentType: 'application/json',
      priority: 7,
      deliveryMode: 2,
      timestamp: 1_700_000_000,
      routingKey: node.name,
      body: Buffer.from('{"an":"order"}').toString('hex'),
    })
    expect(json.headers).toMatchObject({
      int: ['int', '5'],
      long: ['int', String(2 ** 53 - 1)],
      big: ['int', String(2n ** 62n)],
      text: ['str', 'ä€😀'],
      flag: ['bool', 'True'],
      when: ['datetime', '2023-11-14 22:13:20'],
      bytes: ['bytes', '00ff'],
      nothing: ['NoneType', null],
    })
    expect(Object.entries(json.headers)).toContainEqual(['__proto__', ['str', 'a name']])
    expect(text).toMatchObject({ contentType: expect.stringMatching(/^text\/plain/), deliveryMode: 1 })
    expect(Buffer.from(text.body, 'hex').toString()).toBe('text ä')
    expect(binary).toMatchObject({ contentType: 'application/octet-stream', body: '00ff80' })
  })

  it.skipIf(absent !== '')(`writes what this library reads${absent}`, async () => {
    await using connection = await connect(url)
    const node = queue(uniqueName('pika'), { delete: 'always' })
    await using receiver = await connection.receiver(node)
    await pika('send', amqpUrl, node.name)
    const take = async () => {
      const delivery = await receiver.receive({ timeoutMs: 5_000 })
      await delivery!.accept()
      return delivery!
    }
    const text = await take()
    expect(text).toMatchObject({
      id: 'pika-1',
      userId: LOGIN,
      contentType: 'text/plain',
      correlationId: 'c-1',
      replyTo: 'answers',
      priority: 7,
      durable: true,
      createdAt: new Date(1_700_000_000_000),
      deliveryCount: 1,
      body: 'plain text',
    })
    expect(text.annotations).toMatchObject({ type: 'order', appId: 'pika', contentEncoding: 'utf-8' })
    expect(Object.entries(text.properties).sort()).toEqual(
      Object.entries({
        text: 'ä€😀',
        empty: '',
        true: true,
        small: 5,
        int: -(2 ** 31),
        long: -(2n ** 63n),
        safe: 2 ** 53 - 1,
        unsafe: 2n ** 53n + 1n,
        decimal: 12.34,
        nothing: null,
        bytes: Uint8Array.of(0, 255),
        when: new Date(1_700_000_000_000),
        constructor: 'another',
        ['__proto__']: 'a name',
      }).sort(),
    )
    expect(text.annotations.list).toEqual([1, 'two', null, { three: 3 }])
    expect(Object.entries(text.annotations.table as object).map(([name]) => name)).toEqual([
      '__proto__',
      'deep',
    ])
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    const untyped = await take()
    expect(untyped.contentType).toBeUndefined()
    expect(Buffer.from(untyped.bytes).toString()).toBe('{"from": "pika"}')
    expect((await take()).body).toEqual({ from: 'pika' })
    expect(Buffer.from((await take()).bytes)).toEqual(Buffer.from([0, 255, 128]))
  })
})
