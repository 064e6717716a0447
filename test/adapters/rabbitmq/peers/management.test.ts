/** The management plugin as a client that knows nothing of this library, and as the one who gives permissions. */
import { describe, expect, test } from 'vitest'
import { type Connection, connect, queue, type Receiver, topic } from '../../../../src/index.ts'
import { uniqueName } from '../../../support/names.ts'
import { url } from '../fixture.ts'
import { management } from './management-peer.ts'

const VHOST = '%2f'

describe.skipIf(!management)('over HTTP (SLUICE_TEST_RABBITMQ_MANAGEMENT)', () => {
  const { call } = management ?? { call: () => Promise.reject(new Error('skipped')) }

  test('what it publishes arrives with sensible fields', async () => {
    await using connection = await connect(url)
    const node = queue(uniqueName('http'), { delete: 'always' })
    await using receiver = await connection.receiver(node)
    const publish = (payload: string, payload_encoding: string, properties: object): Promise<unknown> =>
      call('POST', `exchanges/${VHOST}/amq.default/publish`, {
        routing_key: node.name,
        payload,
        payload_encoding,
        properties,
      })
    const headers = {
      text: 'ä',
      n: 5,
      flag: true,
      list: [1, 'two'],
      table: { deep: { n: 1 } },
      constructor: 'c',
    }
    await publish('{"an":"order"}', 'string', {
      content_type: 'application/json',
      delivery_mode: 2,
      priority: 7,
      expiration: '60000',
      message_id: 'http-1',
      correlation_id: 'c-1',
      reply_to: 'answers',
      timestamp: 1_700_000_000,
      type: 'order',
      app_id: 'curl',
      headers,
    })
    await publish('AP+A', 'base64', {})
    const json = await receiver.receive({ timeoutMs: 5_000 })
    expect(json).toMatchObject({
      id: 'http-1',
      body: { an: 'order' },
      correlationId: 'c-1',
      replyTo: 'answers',
      priority: 7,
      durable: true,
      createdAt: new Date(1_700_000_000_000),
    })
    expect({ ...json!.properties }).toEqual({ text: 'ä', n: 5, flag: true, constructor: 'c' })
    expect(structuredClone(json!.annotations)).toMatchObject({
      type: 'order',
      appId: 'curl',
      list: [1, 'two'],
      table: { deep: { n: 1 } },
    })
    const bare = await receiver.receive({ timeoutMs: 5_000 })
    expect(bare).toMatchObject({ id: '', contentType: undefined, priority: 4, durable: false })
    expect(Buffer.from(bare!.bytes)).toEqual(Buffer.from([0, 255, 128]))
    await json!.accept()
    await bare!.accept()
  })

  test('it reads what this library sends', async () => {
    await using connection = await connect(url)
    const node = queue(uniqueName('http'), { delete: 'always' })
    await using sender = await connection.sender(node)
    const properties = { text: 'ä', n: 5, half: 2.5, flag: true, nothing: null }
    await sender.send(
      { an: 'order' },
      { id: 's-1', correlationId: 'c-1', priority: 7, ttlMs: 60_000, properties },
    )
    const messages = await call('POST', `queues/${VHOST}/${node.name}/get`, {
      count: 1,
      ackmode: 'ack_requeue_false',
      encoding: 'auto',
    })
    expect(messages).toMatchObject([
      {
        payload: '{"an":"order"}',
        routing_key: node.name,
        properties: {
          message_id: 's-1',
          correlation_id: 'c-1',
          content_type: 'application/json',
          priority: 7,
          expiration: '60000',
          delivery_mode: 2,
          headers: { text: 'ä', n: 5, half: 2.5, flag: true },
        },
      },
    ])
  })
})

describe.skipIf(!management)('a user without permission (SLUICE_TEST_RABBITMQ_MANAGEMENT)', () => {
  const { call } = management ?? { call: () => Promise.reject(new Error('skipped')) }

  /** Runs `work` as a user that may do this and nothing else. */
  async function allowed(
    permission: { configure?: string; write?: string; read?: string },
    work: (connection: Connection) => Promise<void>,
  ): Promise<void> {
    const user = uniqueName('user')
    await call('PUT', `users/${user}`, { password: 'canary', tags: '' })
    try {
      await call('PUT', `permissions/${VHOST}/${user}`, {
        configure: '^$',
        write: '^$',
        read: '^$',
        ...permission,
      })
      await using connection = await connect({ url, username: user, password: 'canary' })
      await work(connection)
    } finally {
      await call('DELETE', `users/${user}`)
    }
  }

  test('is told UNAUTHORIZED by every call, and what was not sent is not in doubt', async () => {
    await using owner = await connect(url)
    const node = queue(uniqueName('denied'))
    const news = topic(uniqueName('denied'))
    await owner.admin.declare(node)
    await owner.admin.declare(news)
    const refused = { code: 'UNAUTHORIZED', retryable: false, hint: expect.stringMatching(/permission/) }
    const theirs = queue(node.name, { create: 'never' })
    try {
      await allowed({ read: '.*' }, async (connection) => {
        await expect(connection.admin.declare(queue(uniqueName('denied')))).rejects.toMatchObject(refused)
        await using sender = await connection.sender(theirs)
        const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => sender.send(n)))
        for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: refused })
        await expect(connection.send(topic(news.name, { create: 'never' }), 1)).rejects.toMatchObject(refused)
        const browser = connection.browse(theirs)[Symbol.asyncIterator]()
        await expect(browser.next()).rejects.toMatchObject(refused)
        await using receiver = await connection.receiver(theirs)
        expect(await receiver.receive({ timeoutMs: 0 })).toBeUndefined()
      })
      await allowed({ write: '.*' }, async (connection) => {
        await connection.send(theirs, 'let in')
        // What is delayed waits in a queue of its own, which is made for it.
        await expect(connection.send(theirs, 'late', { delayMs: 50 })).rejects.toMatchObject(refused)
        const late = connection.send(topic(news.name, { create: 'never' }), 1, { delayMs: 50 })
        await expect(late).rejects.toMatchObject(refused)
        await expect(connection.receiver(theirs)).rejects.toMatchObject(refused)
      })
    } finally {
      await owner.admin.delete(node)
      await owner.admin.delete(news)
    }
  })

  test('whose delayed message is refused sends on by the same link, and tries again what its handler threw at', async () => {
    await using owner = await connect(url)
    const node = queue(uniqueName('denied'))
    await owner.admin.declare(node)
    const theirs = queue<string>(node.name, { create: 'never' })
    try {
      await allowed({ write: '.*', read: '.*' }, async (connection) => {
        const ended: unknown[] = []
        connection.on('ended', (event) => ended.push(event))
        connection.on('warning', () => {})
        await using sender = await connection.sender(theirs)
        const outcomes = await Promise.allSettled([
          sender.send('one'),
          sender.send('late', { delayMs: 50 }),
          sender.send('two'),
        ])
        expect(outcomes).toMatchObject([
          { status: 'fulfilled' },
          {
            status: 'rejected',
            reason: { code: 'UNAUTHORIZED', message: expect.stringMatching(/sluice\.delay/) },
          },
          { status: 'fulfilled' },
        ])
        await sender.send('three')
        const seen: string[] = []
        const retry = { minDelayMs: 10 }
        await using consumer = await connection.consume(
          theirs,
          ({ body }) => {
            seen.push(body)
            if (seen.length === 1) throw new Error('not yet')
          },
          { retry },
        )
        await expect.poll(() => new Set(seen).size === 3 && seen.length === 4, { timeout: 10_000 }).toBe(true)
        expect(ended).toEqual([])
        await consumer.close()
      })
    } finally {
      await owner.admin.delete(node)
    }
  })

  test('to one subject of a topic has that message refused; those sent with it arrive, and the link goes on', async () => {
    await using owner = await connect(url)
    const news = topic<number>(uniqueName('denied'))
    await owner.admin.declare(news)
    const user = uniqueName('user')
    await call('PUT', `users/${user}`, { password: 'canary', tags: '' })
    try {
      await call('PUT', `permissions/${VHOST}/${user}`, { configure: '^$', write: '.*', read: '.*' })
      await call('PUT', `topic-permissions/${VHOST}/${user}`, {
        exchange: news.name,
        write: '^mine\\.',
        read: '.*',
      })
      await using receiver = await owner.receiver(news.matching('#'))
      await using connection = await connect({ url, username: user, password: 'canary' })
      connection.on('detached', () => {})
      await using sender = await connection.sender(topic<number>(news.name, { create: 'never' }))
      const outcomes = await Promise.allSettled(
        Array.from({ length: 10 }, (_, n) => sender.send(n, { subject: n === 4 ? 'theirs.x' : 'mine.x' })),
      )
      expect(outcomes.map(({ status }) => status)).toEqual(
        Array.from({ length: 10 }, (_, n) => (n === 4 ? 'rejected' : 'fulfilled')),
      )
      expect(outcomes[4]).toMatchObject({ reason: { code: 'UNAUTHORIZED', retryable: false } })
      await sender.send(10, { subject: 'mine.y' })
      const arrived = new Set<number>()
      while (!arrived.has(10)) {
        const delivery = await receiver.receive({ timeoutMs: 5_000 })
        arrived.add(delivery!.body)
        await delivery!.accept()
      }
      expect([...arrived].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 5, 6, 7, 8, 9, 10])
    } finally {
      await call('DELETE', `users/${user}`)
      await owner.admin.delete(news)
    }
  })

  test('to more channels loses its connection over the first one too many, and none over the next; its links come back', async () => {
    await using owner = await connect(url)
    const node = queue<string>(uniqueName('few'))
    await owner.admin.declare(node)
    const user = uniqueName('user')
    await call('PUT', `users/${user}`, { password: 'canary', tags: '' })
    try {
      await call('PUT', `permissions/${VHOST}/${user}`, { configure: '.*', write: '.*', read: '.*' })
      await call('PUT', `user-limits/${user}/max-channels`, { value: 4 })
      await using connection = await connect({ url, username: user, password: 'canary' })
      let lost = 0
      connection.on('disconnected', () => lost++)
      const seen: string[] = []
      await connection.consume(node, ({ body }) => void seen.push(body))
      const theirs = queue(node.name, { create: 'never' })
      const refused: unknown[] = []
      const opened: Receiver[] = []
      for (let n = 0; n < 10; n++)
        await connection.receiver(theirs, { credit: 0 }).then(
          (receiver) => opened.push(receiver),
          (error) => refused.push(error),
        )
      expect(refused.length).toBeGreaterThanOrEqual(6)
      expect(refused.at(-1)).toMatchObject({
        code: 'CAPACITY_EXCEEDED',
        message: expect.stringMatching(/number of channels/),
        hint: expect.stringMatching(/set_user_limits/),
      })
      // The broker may still count channels of the connection that it has ended.
      expect(lost).toBeLessThanOrEqual(3)
      for (const receiver of opened) await receiver.close()
      await owner.send(node, 'still')
      await expect.poll(() => seen, { timeout: 15_000 }).toEqual(['still'])
    } finally {
      await call('DELETE', `users/${user}`)
      await owner.admin.delete(node)
    }
  })

  test('to two connections, which one of this library has, purges all the same', async () => {
    const user = uniqueName('user')
    await call('PUT', `users/${user}`, { password: 'canary', tags: '' })
    try {
      await call('PUT', `permissions/${VHOST}/${user}`, { configure: '.*', write: '.*', read: '.*' })
      await call('PUT', `user-limits/${user}/max-connections`, { value: 2 })
      await using connection = await connect({ url, username: user, password: 'canary' })
      const node = queue<number>(uniqueName('two'), { delete: 'always' })
      await connection.send(node, 1)
      expect(await connection.admin.purge(node)).toBe(1)
      await connection.admin.delete(node)
    } finally {
      await call('DELETE', `users/${user}`)
    }
  })

  test('names of the broker are nobody’s, which is no matter of permissions', async () => {
    await using connection = await connect(url)
    const reserved = { code: 'NOT_SUPPORTED', retryable: false, hint: expect.stringMatching(/amq\./) }
    await expect(connection.admin.declare(queue(`amq.${uniqueName('mine')}`))).rejects.toMatchObject(reserved)
    await expect(connection.admin.declare(topic(`amq.${uniqueName('mine')}`))).rejects.toMatchObject(reserved)
    await expect(connection.admin.delete(topic('amq.topic'))).rejects.toMatchObject(reserved)
  })
})
