import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type RabbitmqDelivery, RabbitmqMessage } from '../../../../src/adapters/rabbitmq/codec/incoming.ts'
import {
  queueOptions,
  subscriptionOf,
  subscriptionQueue,
} from '../../../../src/adapters/rabbitmq/nodes/topology.ts'
import {
  adoptFieldTable,
  decodeFieldTable,
  UNDECODED,
} from '../../../../src/adapters/rabbitmq/wire/field-table.ts'
import { RawProperties } from '../../../../src/adapters/rabbitmq/wire/native-properties.ts'
import { NO_LIMITS } from '../../../../src/contract/adapter.ts'
import { connect, queue } from '../../../../src/index.ts'
import { Fixture, message, sendOk, url } from '../fixture.ts'

const fixture = new Fixture()

const fields = {
  id: 'i',
  subject: 's',
  contentType: 'text/plain',
  correlationId: 'c',
  replyTo: 'answers',
  priority: 7,
  groupId: 'g',
  userId: 'guest',
  createdAt: 1_700_000_000_123,
  properties: {
    a: 'x',
    b: 1,
    c: 2n,
    d: new Date(1_600_000_000_500),
    e: Uint8Array.of(1),
    f: null,
    g: NaN,
    h: true,
  },
}

describe('headers', () => {
  test('come undecoded from this amqplib', async () => {
    const node = await fixture.node()
    const { inbox } = await fixture.receiver(node)
    await sendOk(await fixture.sender(node), message('x', fields))
    const delivery = (await inbox.next()) as RabbitmqDelivery
    expect(delivery.native.properties).toBeInstanceOf(RawProperties)
  })

  test('read the same where amqplib has decoded them', async () => {
    const node = await fixture.node()
    await sendOk(await fixture.sender(node), message('x', fields))
    const native = await fixture.channel.get(node.name, { noAck: true })
    if (!native) throw new Error('The queue is empty')
    expect(native.properties).not.toBeInstanceOf(RawProperties)
    const got = new RabbitmqMessage(native)
    const { properties, ...others } = fields
    expect(got).toMatchObject({ ...others, durable: true })
    expect({ ...got.properties }).toEqual(properties)
  })

  test('that make no sense end nothing: what was read stays, the rest is kept as bytes', () => {
    const good = Buffer.from([1, 0x61, 0x49, 0, 0, 0, 7])
    expect({ ...decodeFieldTable(good) }).toEqual({ a: 7 })
    const unknown = Buffer.concat([good, Buffer.from([1, 0x62, 0x7a, 1, 2, 3])])
    expect({ ...decodeFieldTable(unknown) }).toEqual({
      a: 7,
      [UNDECODED]: Uint8Array.of(1, 0x62, 0x7a, 1, 2, 3),
    })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(Object.getPrototypeOf(decodeFieldTable(Buffer.from(bytes)))).toBe(null)
      }),
      { numRuns: 2000 },
    )
  })

  test('of amqplib’s own making are adopted value by value', () => {
    const adopted = adoptFieldTable({
      when: { '!': 'timestamp', value: 5 },
      price: { '!': 'decimal', value: { places: 1, digits: 15 } },
      list: [1, { deep: Buffer.from([1]) }],
    })
    expect(adopted.when).toEqual(new Date(5000))
    expect(adopted.price).toBe(1.5)
    expect(adopted.list).toEqual([1, Object.assign(Object.create(null), { deep: Uint8Array.of(1) })])
  })
})

describe('topology', () => {
  const life = { durable: true, autoDelete: false, exclusive: false }

  test('queues are classic with ten priorities, and quorum queues where deliveries are counted', () => {
    expect(queueOptions(NO_LIMITS, life, 'classic')).toMatchObject({
      durable: true,
      arguments: { 'x-max-priority': 9 },
    })
    const counted = queueOptions({ ...NO_LIMITS, maxDeliveries: 3 }, life, 'classic').arguments
    expect(counted).toMatchObject({ 'x-queue-type': 'quorum' })
    expect(counted).not.toHaveProperty('x-max-priority')
    // Without an address for its dead letters the broker must never divert: it would be loss.
    expect(counted['x-delivery-limit']).toBeGreaterThan(1e9)
    const diverted = { ...NO_LIMITS, maxDeliveries: 3, deadLetter: { name: 'dl', type: 'queue' } as const }
    expect(queueOptions(diverted, life, 'classic').arguments).toMatchObject({
      'x-delivery-limit': 3,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'dl',
    })
  })

  test('what cannot be a quorum queue stays classic', () => {
    for (const change of [{ durable: false }, { autoDelete: true }, { exclusive: true }]) {
      expect(
        queueOptions({ ...NO_LIMITS, maxDeliveries: 3 }, { ...life, ...change }, 'classic').arguments,
      ).not.toHaveProperty('x-queue-type')
    }
  })

  test('raw arguments win over what would be set', () => {
    const native = { arguments: { 'x-max-priority': 3, 'x-overflow': 'drop-head' } }
    expect(queueOptions({ ...NO_LIMITS, maxLength: 5, native }, life, 'classic').arguments).toEqual({
      'x-max-priority': 3,
      'x-overflow': 'drop-head',
      'x-max-length': 5,
    })
  })

  test('the name of a subscription’s queue tells topic and name again', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 30 }), fc.string({ maxLength: 30 }), (topic, name) => {
        fc.pre(
          topic !== '' && name !== '' && wellFormed(topic + name) && Buffer.byteLength(topic + name) < 60,
        )
        expect(subscriptionOf(subscriptionQueue(topic, name))).toEqual({ topic, name })
      }),
    )
    expect(subscriptionOf('a plain queue')).toBeUndefined()
  })
})

function wellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed()
}

describe('queues that others made', () => {
  test('one that is deleted with its last consumer outlives a loop that is left, with all that is in it', async () => {
    const name = fixture.name('theirs')
    await fixture.channel.assertQueue(name, { autoDelete: true, durable: false })
    for (const body of ['1', '2', '3', '4']) fixture.channel.sendToQueue(name, Buffer.from(body))
    await fixture.channel.waitForConfirms()
    await using connection = await connect(url)
    await using receiver = await connection.receiver(queue(name, { create: 'never' }), { credit: 2 })
    const got: string[] = []
    for (let loop = 0; loop < 4; loop++) {
      for await (const delivery of receiver) {
        got.push(Buffer.from(delivery.bytes).toString())
        await delivery.accept()
        break
      }
      // The window is closed, or has been.
      expect(await connection.admin.inspect(queue(name))).toBeDefined()
    }
    expect(got.sort()).toEqual(['1', '2', '3', '4'])
  })

  test('what was fetched ahead from one that counts is given back once when its receiver closes', async () => {
    const name = fixture.name('theirs')
    fixture.remove({ name, type: 'queue' })
    await fixture.channel.assertQueue(name, { arguments: { 'x-queue-type': 'quorum' } })
    fixture.channel.sendToQueue(name, Buffer.from('x'))
    await fixture.channel.waitForConfirms()
    const theirs = { name, type: 'queue' } as const
    const { receiver, inbox } = await fixture.receiver(theirs)
    const delivery = await inbox.next()
    receiver.flow(0)
    const back = receiver.settle(delivery, { kind: 'release', delayMs: 0, unseen: true })
    await Promise.all([back, receiver.close()])
    expect((await (await fixture.receiver(theirs)).inbox.next()).deliveryCount).toBe(2)
  })
})
