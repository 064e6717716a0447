/**
 * AMQP 1.0 brokers without Broker-J's management: what needs no node to be made works there too, and the rest is declared.
 * RabbitMQ's plugin always; Apache ActiveMQ Artemis where it is up (`npm run brokers -- up artemis`).
 */
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Connection, connect, queue, service } from '../../../src/index.ts'
import { StructuredBody } from '../../../src/model/message.ts'
import { brokerUrl, brokerVariable } from '../../support/brokers.ts'
import { uniqueName } from '../../support/names.ts'
import { bareConnection, range, rejection } from './fixture.ts'

interface Other {
  readonly product: string
  readonly url: string | undefined
  /** What bare clients call a queue. */
  address(name: string): string
  /** Makes a queue by other means than this adapter. */
  make(name: string): Promise<unknown>
  /** What it declares that it cannot do, beside what needs nodes to be made. */
  readonly unsupported: readonly string[]
}

const rabbitmq: Other = {
  product: 'RabbitMQ',
  url: brokerVariable('rabbitmq', 'SLUICE_TEST_RABBITMQ_AMQP10'),
  address: (name) => `/amq/queue/${name}`,
  async make(name) {
    await using admin = await connect(brokerUrl('rabbitmq'))
    await admin.admin.declare(queue(name))
  },
  unsupported: ['browse', 'browseFollow', 'request', 'multicast', 'selector', 'maxDeliveries'],
}

const artemis: Other = {
  product: 'Artemis',
  url: process.env.SLUICE_TEST_ARTEMIS,
  address: (name) => name,
  async make(name) {
    // It makes a queue for the first link that says it wants one.
    const bare = await bareConnection(artemis.url)
    const link = bare.open_receiver({ source: { address: name, capabilities: ['queue'] }, credit_window: 0 })
    await once(link, 'receiver_open')
    bare.close()
    await once(bare, 'connection_close')
  },
  unsupported: [],
}

for (const other of [rabbitmq, artemis]) {
  const absent = other.url ? '' : ' (skipped: not up, see npm run brokers -- up artemis)'
  describe.skipIf(absent !== '')(`${other.product}${absent}`, () => {
    let connection: Connection
    beforeAll(async () => {
      connection = await connect(other.url!)
    })
    afterAll(() => connection.close())

    /** A queue that exists, as an address that makes nothing. */
    async function existing(): Promise<ReturnType<typeof queue<unknown>>> {
      const name = uniqueName()
      await other.make(name)
      return queue<unknown>(name, { create: 'never' })
    }

    test('is known by its name, and declares what it cannot do', () => {
      expect(connection.broker?.product).toMatch(new RegExp(other.product, 'i'))
      const { features } = connection.capabilities
      const declared = Object.entries(features).filter(([, { level }]) => level === 'unsupported')
      const names = declared.map(([name]) => name)
      expect(names).toEqual(
        expect.arrayContaining(['topic', 'declare', 'delete', 'list', ...other.unsupported]),
      )
      expect(declared.every(([, { note }]) => note !== undefined)).toBe(true)
      if (other.unsupported.length === 0) expect(features.browse.level).toBe('native')
    })

    test('sends and receives with all fields and types, in order', async () => {
      const node = await existing()
      await using sender = await connection.sender(node)
      await using receiver = await connection.receiver(node)
      const properties = {
        int: 5,
        double: 2.5,
        long: -(2n ** 63n),
        text: 'ä€😀',
        flag: true,
        when: new Date(1_700_000_000_123),
      }
      const fields = {
        id: 'id-1',
        subject: 's.t',
        correlationId: 'c',
        replyTo: 'answers',
        groupId: 'g',
        priority: 7,
        ttlMs: 60_000,
      }
      await sender.send({ a: [1] }, { ...fields, properties, createdAt: new Date(1_700_000_000_000) })
      await sender.send({ big: 2n ** 63n - 1n, list: [1, {}], none: null }, { contentType: 'amqp/map' })
      for (const body of range(50)) await sender.send(body)
      const first = await receiver.receive({ timeoutMs: 5_000 })
      expect(first).toMatchObject({ ...fields, ttlMs: expect.any(Number), body: { a: [1] }, durable: true })
      expect(first!.createdAt).toEqual(new Date(1_700_000_000_000))
      expect({ ...first!.properties }).toEqual(properties)
      const second = await receiver.receive({ timeoutMs: 5_000 })
      expect(structuredClone(second!.body)).toEqual({ big: 2n ** 63n - 1n, list: [1, {}], none: null })
      await first!.accept()
      await second!.accept()
      for (const body of range(50)) {
        const delivery = await receiver.receive({ timeoutMs: 5_000 })
        expect(delivery?.body).toBe(body)
        await delivery!.accept()
      }
      expect(await receiver.receive({ timeoutMs: 0 })).toBeUndefined()
    })

    test('gives back what is released, and what a receiver leaves behind', async () => {
      const node = await existing()
      await connection.send(node, 'again')
      await using receiver = await connection.receiver(node)
      const once = await receiver.receive({ timeoutMs: 5_000 })
      await once!.release()
      const twice = await receiver.receive({ timeoutMs: 5_000 })
      expect(twice).toMatchObject({ body: 'again', redelivered: true })
      await receiver.close()
      await using another = await connection.receiver(node)
      const third = await another.receive({ timeoutMs: 5_000 })
      expect(third?.body).toBe('again')
      await third!.accept()
    })

    test('a reject is final and goes to the dead-letter address', async () => {
      const [node, graves] = [await existing(), await existing()]
      await connection.send(node, 'bad')
      await using receiver = await connection.receiver(
        queue(node.name, { create: 'never', deadLetter: queue(graves.name, { create: 'never' }) }),
      )
      await (await receiver.receive({ timeoutMs: 5_000 }))!.reject('no good')
      await using dead = await connection.receiver(graves)
      const letter = await dead.receive({ timeoutMs: 5_000 })
      expect(letter).toMatchObject({ body: 'bad', properties: { 'sluice-reason': 'no good' } })
      await letter!.accept()
      expect(await receiver.receive({ timeoutMs: 0 })).toBeUndefined()
    })

    test('asks and answers, or refuses', async () => {
      const { name } = await existing()
      const quotes = service<number, number>(name, { create: 'never' })
      if (other.unsupported.includes('request')) {
        expect(await rejection(connection.request(quotes, 1))).toMatchObject({ code: 'NOT_SUPPORTED' })
        return
      }
      await using _responder = await connection.respond(quotes, ({ body }) => body * 2, { concurrency: 4 })
      const answers = await Promise.all([1, 2, 3].map((ask) => connection.request(quotes, ask)))
      expect(answers.map(({ body }) => body)).toEqual([2, 4, 6])
    })

    test('a queue that is not there, and making one, are refused by name', async () => {
      const missing = uniqueName('missing')
      await expect(connection.admin.declare(queue(missing))).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
      await expect(connection.receiver(queue(missing))).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
      if (other === rabbitmq) {
        const nowhere = queue(missing, { create: 'never' })
        expect(await rejection(connection.receiver(nowhere))).toMatchObject({ code: 'ADDRESS_NOT_FOUND' })
        expect(await rejection(connection.send(nowhere, 'x'))).toMatchObject({ code: 'SEND_UNROUTABLE' })
      }
    })

    test('browsing shows all and takes nothing, or is refused', async () => {
      const node = await existing()
      for (const body of range(5)) await connection.send(node, body)
      const look = async (): Promise<unknown[]> => {
        const seen: unknown[] = []
        for await (const message of connection.browse(node)) seen.push(message.body)
        return seen
      }
      if (other.unsupported.includes('browse')) {
        expect(await rejection(look())).toMatchObject({ code: 'NOT_SUPPORTED' })
      } else {
        expect(await look()).toEqual(range(5))
        expect(await look()).toEqual(range(5))
      }
      await using receiver = await connection.receiver(node)
      for (const body of range(5)) expect((await receiver.receive({ timeoutMs: 5_000 }))?.body).toBe(body)
    })

    test('bare rhea reads what was sent', async () => {
      const node = await existing()
      await connection.send(node, { n: 1 }, { contentType: 'amqp/map', subject: 's', properties: { p: 'q' } })
      const bare = await bareConnection(other.url)
      const receiver = bare.open_receiver(other.address(node.name))
      const [{ message }] = await once(receiver, 'message')
      expect(message).toMatchObject({ subject: 's', body: { n: 1 }, application_properties: { p: 'q' } })
      bare.close()
      await once(bare, 'connection_close')
      expect(new StructuredBody(message.body).value).toEqual({ n: 1 })
    })
  })
}
