/**
 * Python's qpid-proton (Debian: `python3-qpid-proton`) as the other client: it shares no code with this library or with rhea.
 */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { connect, queue } from '../../../../src/index.ts'
import { uniqueName } from '../../../support/names.ts'
import { pythonClient } from '../../../support/python.ts'
import { url } from '../fixture.ts'

const python = pythonClient('proton')
const { absent } = python
const AMQP_URL = url.replace(/^qpid/, 'amqp')

function proton(...args: string[]): Promise<string> {
  return python.run(join(import.meta.dirname, 'proton-peer.py'), ...args)
}

describe('qpid-proton', () => {
  it.skipIf(absent !== '')(`reads what this library writes${absent}`, async () => {
    await using connection = await connect(url)
    const node = queue(uniqueName('proton'), { delete: 'always' })
    await using sender = await connection.sender(node)
    const fields = {
      id: 'sluice-1',
      userId: 'sluice',
      subject: 'news.eu',
      replyTo: 'answers',
      correlationId: 'c-1',
      priority: 7,
      ttlMs: 60_000,
      groupId: 'g',
      createdAt: new Date(1_700_000_000_500),
    }
    const values = {
      int: 5,
      double: 2.5,
      minusZero: -0,
      long: -(2n ** 63n),
      ulong: 2n ** 64n - 1n,
      text: 'ä€😀',
      flag: true,
      when: new Date(1_700_000_000_123),
      bytes: Uint8Array.of(0, 255),
      nothing: null,
    }
    await sender.send({ an: 'order' }, { ...fields, properties: values })
    const nested = { list: [1, { deep: [] }], empty: {} }
    await sender.send({ ...values, ...nested }, { contentType: 'amqp/map', userId: 'sluice' })
    await sender.send([1, 'two', 3n], { contentType: 'amqp/list', userId: 'sluice' })
    const stdout = await proton('receive', AMQP_URL, node.name, '3')
    const [json, map, list] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const shown = {
      int: ['int32', '5'],
      double: ['float', '2.5'],
      minusZero: ['float', '-0.0'],
      long: ['int', String(-(2n ** 63n))],
      ulong: ['ulong', String(2n ** 64n - 1n)],
      text: ['str', 'ä€😀'],
      flag: ['bool', 'True'],
      when: ['timestamp', '1700000000123'],
      bytes: ['binary', '00ff'],
      nothing: ['NoneType', null],
    }
    expect(json).toMatchObject({
      id: 'sluice-1',
      user: 'sluice',
      subject: 'news.eu',
      replyTo: 'answers',
      correlationId: 'c-1',
      contentType: 'application/json',
      group: 'g',
      priority: 7,
      durable: true,
      created: 1_700_000_000.5,
      properties: shown,
      body: ['binary', Buffer.from('{"an":"order"}').toString('hex')],
    })
    expect(json.ttl).toBeGreaterThan(50)
    expect(map.contentType).toBe('amqp/map')
    expect(map.body).toEqual([
      'map',
      {
        ...shown,
        list: [
          'list',
          [
            ['int32', '1'],
            ['map', { deep: ['list', []] }],
          ],
        ],
        empty: ['map', {}],
      },
    ])
    expect(list.body).toEqual([
      'list',
      [
        ['int32', '1'],
        ['str', 'two'],
        ['int', '3'],
      ],
    ])
  })

  it.skipIf(absent !== '')(`writes what this library reads${absent}`, async () => {
    await using connection = await connect(url)
    const node = queue(uniqueName('proton'), { delete: 'always' })
    await using receiver = await connection.receiver(node)
    await proton('send', AMQP_URL, node.name)
    const text = await receiver.receive({ timeoutMs: 5_000 })
    const map = await receiver.receive({ timeoutMs: 5_000 })
    const values = {
      true: true,
      ubyte: 255,
      byte: -128,
      ushort: 65_535,
      short: -32_768,
      uint: 2 ** 32 - 1,
      int: -(2 ** 31),
      ulong: 2n ** 64n - 1n,
      long: -(2n ** 63n),
      small: 5,
      float: 0.5,
      double: -0,
      nan: NaN,
      decimal64: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1),
      char: '😀',
      timestamp: new Date(1_700_000_000_123),
      uuid: '00112233-4455-6677-8899-aabbccddeeff',
      binary: Uint8Array.of(0, 255),
      string: 'ä€😀',
      symbol: 'sym',
    }
    expect(text).toMatchObject({
      id: 'proton-1',
      userId: 'sluice',
      subject: 'news.eu',
      replyTo: 'answers',
      correlationId: 'c-1',
      priority: 7,
      durable: true,
      groupId: 'g',
      createdAt: new Date(1_700_000_000_500),
      body: 'plain text',
    })
    expect(text!.ttlMs).toBeGreaterThan(50_000)
    expect({ ...text!.properties }).toEqual(values)
    expect(map!.contentType).toBe('amqp/map')
    expect(structuredClone(map!.body)).toEqual({
      null: null,
      ...values,
      list: [1, { deep: [] }],
      empty: {},
      array: [1, 2],
    })
    await text!.accept()
    await map!.accept()
  })
})
