/**
 * AMQP 1.0 brokers without Broker-J's management, RabbitMQ's plugin and Apache ActiveMQ Artemis: what needs no node to be made works
 * there too, and the rest is declared. Bare rhea is the second witness.
 */
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type AnyAddress,
  type Connection,
  connect,
  multicast,
  type QueueAddress,
  queue,
  service,
} from '../../../src/index.ts'
import { StructuredBody } from '../../../src/model/message.ts'
import { bareConnection } from '../../support/bare-rhea.ts'
import { type BrokerName, brokerUrl, brokerVariable, isLeftOut } from '../../support/brokers.ts'
import { uniqueName } from '../../support/names.ts'
import { range, rejection } from './fixture.ts'

interface Other {
  readonly name: BrokerName
  readonly product: string
  readonly url: () => string
  /** What bare clients call a queue. */
  address(name: string): string
  /** Makes a queue by other means than this adapter. */
  make(name: string): Promise<unknown>
  /** What it declares that it cannot do, beside what needs nodes to be made. */
  readonly unsupported: readonly string[]
}

const rabbitmq: Other = {
  name: 'rabbitmq',
  product: 'RabbitMQ',
  url: () => brokerVariable('rabbitmq', 'SLUICE_TEST_RABBITMQ_AMQP10'),
  // The plugin makes a byte of the name of each character.
  address: (name) => `/amq/queue/${Buffer.from(name).toString('latin1').replaceAll('/', '%2F')}`,
  async make(name) {
    await using admin = await connect(brokerUrl('rabbitmq'))
    await admin.admin.declare(queue(name))
  },
  unsupported: [
    'topic',
    'declare',
    'delete',
    'list',
    'delay',
    'browse',
    'browseFollow',
    'request',
    'multicast',
    'selector',
    'maxDeliveries',
  ],
}

const artemis: Other = {
  name: 'artemis',
  product: 'Artemis',
  url: () => brokerUrl('artemis'),
  address: (name) => name,
  async make(name) {
    // It makes a queue for the first link that says it wants one.
    const bare = await bareConnection(artemis.url())
    const link = bare.open_receiver({ source: { address: name, capabilities: ['queue'] }, credit_window: 0 })
    await once(link, 'receiver_open')
    bare.close()
    await once(bare, 'connection_close')
  },
  unsupported: ['topic', 'delete', 'list', 'unroutable'],
}

for (const other of [rabbitmq, artemis]) {
  describe.skipIf(isLeftOut(other.name))(
    `${other.product}${isLeftOut(other.name) ? ' (left out)' : ''}`,
    () => {
      let connection: Connection
      beforeAll(async () => {
        connection = await connect(other.url())
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
        expect(names).toEqual(expect.arrayContaining([...other.unsupported]))
        expect(declared.every(([, { note }]) => note !== undefined)).toBe(true)
        if (other === artemis) expect(features.browse.level).toBe('native')
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

      if (other === rabbitmq) {
        test('a queue that is not there, and making one, are refused by name', async () => {
          const missing = uniqueName('missing')
          await expect(connection.admin.declare(queue(missing))).rejects.toMatchObject({
            code: 'NOT_SUPPORTED',
          })
          await expect(connection.receiver(queue(missing))).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
          const nowhere = queue(missing, { create: 'never' })
          expect(await rejection(connection.receiver(nowhere))).toMatchObject({ code: 'ADDRESS_NOT_FOUND' })
          expect(await rejection(connection.send(nowhere, 'x'))).toMatchObject({ code: 'SEND_UNROUTABLE' })
        })

        test('a name that has no address there is refused', async () => {
          const name = uniqueName('a%2Fb')
          await using admin = await connect(brokerUrl('rabbitmq'))
          await admin.admin.declare(queue(name))
          const node = queue(name, { create: 'never' })
          expect(await rejection(connection.send(node, 'x'))).toMatchObject({ code: 'ADDRESS_MALFORMED' })
          expect(await rejection(connection.receiver(node))).toMatchObject({ code: 'ADDRESS_MALFORMED' })
        })
      }

      if (other === artemis)
        test('a name that it would cut is refused', async () => {
          const node = queue(uniqueName('a?b'))
          expect(await rejection(connection.send(node, 'x'))).toMatchObject({ code: 'ADDRESS_MALFORMED' })
          expect(await rejection(connection.receiver(node))).toMatchObject({ code: 'ADDRESS_MALFORMED' })
        })

      describe.each([
        'eu/orders',
        '/orders',
        '50%off',
        '100%25',
        'queue://x',
        'ünï/€😀',
        'a b c',
        `a"b'c;d`,
        '#.*',
        'a::b',
        'x'.repeat(180),
      ])('the name %s', (label) => {
        test('is the same queue to Sluice and to bare clients', async () => {
          const name = `${label}${uniqueName()}`
          await other.make(name)
          const node = queue<unknown>(name, { create: 'never' })
          const bare = await bareConnection(other.url())
          try {
            const [address, capabilities] = [other.address(name), ['queue']]
            const sender = bare.open_sender({ target: { address, capabilities } })
            await once(sender, 'sendable')
            const accepted = once(sender, 'accepted')
            sender.send({ body: 'theirs' })
            await accepted
            await using receiver = await connection.receiver(node)
            const theirs = await receiver.receive({ timeoutMs: 5_000 })
            expect(theirs?.body).toBe('theirs')
            await theirs!.accept()
            await receiver.close()
            await connection.send(node, 'ours')
            const bareReceiver = bare.open_receiver({ source: { address, capabilities } })
            const [{ message }] = await once(bareReceiver, 'message')
            expect(message.body.content.toString()).toBe('ours')
          } finally {
            bare.close()
            await once(bare, 'connection_close')
          }
        })
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

      test('a look at once finds what is there, and an empty one ends no link', async () => {
        const node = await existing()
        const ends: unknown[] = []
        await using watched = await connect(other.url())
        watched.on('detached', (end) => ends.push(end))
        await using receiver = await watched.receiver(node, { credit: 3 })
        expect(await receiver.receive({ timeoutMs: 0 })).toBeUndefined()
        await using sender = await watched.sender(node)
        await Promise.all(range(60).map((body) => sender.send(body)))
        const seen: unknown[] = []
        for (;;) {
          const delivery = await receiver.receive({ timeoutMs: 0 })
          if (!delivery) break
          seen.push(delivery.body)
          await delivery.accept()
        }
        expect(seen).toEqual(range(60))
        expect(await receiver.receive({ timeoutMs: 0 })).toBeUndefined()
        expect(ends).toEqual([])
      })

      test('a small window brings a long queue whole, in order, each message once', async () => {
        const node = await existing()
        await using sender = await connection.sender(node)
        await Promise.all(range(400).map((body) => sender.send(body)))
        const receiver = await connection.receiver(node, { credit: 7 })
        const seen: unknown[] = []
        while (seen.length < 400) {
          const delivery = await receiver.receive({ timeoutMs: 10_000 })
          expect(delivery?.redelivered, `delivery ${seen.length}`).toBe(false)
          seen.push(delivery!.body)
          await delivery!.accept()
        }
        expect(seen).toEqual(range(400))
        await receiver.close()
        if (other.unsupported.includes('browse')) return
        // Messages use up each window while the broker is still at the one before.
        await Promise.all(range(150).map((body) => sender.send(body)))
        for (const _ of range(5)) {
          const shown: unknown[] = []
          for await (const message of connection.browse(node, { credit: 10 })) shown.push(message.body)
          expect(shown).toEqual(range(150))
        }
      })

      test('looks while messages are coming hand over each once, in order', async () => {
        const node = await existing()
        await using sender = await connection.sender(node)
        await using receiver = await connection.receiver(node, { credit: 10 })
        const count = 600
        const send = async (): Promise<void> => {
          for (let first = 0; first < count; first += 50)
            await Promise.all(range(50).map((step) => sender.send(`${first + Number(step)}`)))
        }
        const sending = send()
        const seen: unknown[] = []
        while (seen.length < count) {
          const delivery = await receiver.receive({ timeoutMs: seen.length % 3 === 0 ? 0 : 10 })
          if (!delivery) continue
          expect(delivery.redelivered, `delivery ${seen.length}`).toBe(false)
          seen.push(delivery.body)
          await delivery.accept()
        }
        await sending
        expect(seen).toEqual(range(count))
      })

      test('bare rhea reads what was sent', async () => {
        const node = await existing()
        await connection.send(
          node,
          { n: 1 },
          { contentType: 'amqp/map', subject: 's', properties: { p: 'q' } },
        )
        const bare = await bareConnection(other.url())
        const receiver = bare.open_receiver(other.address(node.name))
        const [{ message }] = await once(receiver, 'message')
        expect(message).toMatchObject({ subject: 's', body: { n: 1 }, application_properties: { p: 'q' } })
        bare.close()
        await once(bare, 'connection_close')
        expect(new StructuredBody(message.body).value).toEqual({ n: 1 })
      })
    },
  )
}

describe.skipIf(isLeftOut('artemis'))(
  `Artemis${isLeftOut('artemis') ? ' (left out)' : ''}: nodes it makes by itself`,
  () => {
    let connection: Connection
    beforeAll(async () => {
      connection = await connect(artemis.url())
    })
    afterAll(() => connection.close())

    async function bodiesOf(node: AnyAddress, count: number): Promise<unknown[]> {
      await using receiver = await connection.receiver(node as QueueAddress<unknown>)
      const got: unknown[] = []
      while (got.length < count) {
        const delivery = await receiver.receive({ timeoutMs: 5_000 })
        if (!delivery) break
        got.push(delivery.body)
        await delivery.accept()
      }
      return got
    }

    test.each(['never', 'always'] as const)(
      'a queue nobody made keeps what is sent to it (create: %s)',
      async (create) => {
        const node = queue<unknown>(uniqueName('fresh'), { create })
        await connection.send(node, 'kept')
        expect(await bodiesOf(node, 1)).toEqual(['kept'])
      },
    )

    test('so does one that an address string names', async () => {
      const name = uniqueName('fresh')
      await connection.send(name, 'kept')
      await using receiver = await connection.receiver(name)
      expect((await receiver.receive({ timeoutMs: 5_000 }))?.body).toBe('kept')
    })

    test('two receivers share it', async () => {
      const node = queue<unknown>(uniqueName('fresh'), { create: 'never' })
      await using one = await connection.receiver(node, { credit: 1 })
      await using two = await connection.receiver(node, { credit: 1 })
      for (const body of range(4)) await connection.send(node, body)
      const got: unknown[] = []
      for (let at = 0; at < 4; at++) {
        const delivery = await (at % 2 === 0 ? one : two).receive({ timeoutMs: 5_000 })
        got.push(delivery?.body)
        await delivery?.accept()
      }
      expect(got.sort()).toEqual(range(4))
    })

    test('members, dead letters and delayed copies find queues of their own', async () => {
      const fleet = multicast<string>(uniqueName('fleet'))
      await connection.send(fleet.to('a', 'b'), 'go')
      expect(await bodiesOf(fleet.member('a'), 1)).toEqual(['go'])
      expect(await bodiesOf(fleet.member('b'), 1)).toEqual(['go'])
      const graves = queue<unknown>(uniqueName('graves'))
      const node = queue<unknown>(uniqueName('orders'), { deadLetter: graves })
      await connection.send(node, 'bad')
      await using receiver = await connection.receiver(node)
      await (await receiver.receive({ timeoutMs: 5_000 }))!.release({ delayMs: 300 })
      await (await receiver.receive({ timeoutMs: 5_000 }))!.reject('no good')
      expect(await bodiesOf(graves, 1)).toEqual(['bad'])
    })

    test('a delay is kept by the broker', async () => {
      const node = queue<unknown>(uniqueName('later'))
      await using receiver = await connection.receiver(node)
      const sent = Date.now()
      await connection.send(node, 'later', { delayMs: 500 })
      const delivery = await receiver.receive({ timeoutMs: 5_000 })
      expect(Date.now() - sent).toBeGreaterThanOrEqual(495)
      expect(delivery?.body).toBe('later')
      expect(delivery?.annotations).not.toHaveProperty('x-opt-delivery-time')
      await delivery!.accept()
    })

    test('a topic is not taken for a queue: what it would lose is refused', async () => {
      const name = uniqueName('news')
      const bare = await bareConnection(artemis.url())
      const subscriber = bare.open_receiver({ source: { address: name, capabilities: ['topic'] } })
      await once(subscriber, 'receiver_open')
      const node = queue<unknown>(name, { create: 'never' })
      expect(await rejection(connection.send(node, 'x'))).toMatchObject({ code: 'ADDRESS_MISMATCH' })
      expect(await rejection(connection.admin.declare(node))).toMatchObject({ code: 'ADDRESS_MISMATCH' })
      bare.close()
      await once(bare, 'connection_close')
    })

    test('an answer finds a reply address with a slash', async () => {
      const quotes = service<string, string>(uniqueName('quotes'))
      await using _responder = await connection.respond(quotes, ({ body }) => `${body}!`)
      const bare = await bareConnection(artemis.url())
      const replies = `replies/${uniqueName()}`
      const receiver = bare.open_receiver({ source: { address: replies, capabilities: ['queue'] } })
      await once(receiver, 'receiver_open')
      const sender = bare.open_sender({ target: { address: quotes.name, capabilities: ['queue'] } })
      await once(sender, 'sendable')
      sender.send({ body: 'hi', reply_to: replies, correlation_id: 'c' })
      const [{ message }] = await once(receiver, 'message')
      expect(message.correlation_id).toBe('c')
      bare.close()
      await once(bare, 'connection_close')
    })
  },
)
