/** A lost connection: it comes back by itself, and every link on it. What became of the messages: `reconnect-messages.ts`. */
import assert from 'node:assert/strict'
import type { Receiver } from 'sluice'
import type { CaseDefinition } from '../../case.ts'
import { chapter } from '../../case.ts'
import { becomes, bodies, Events, fails, held, range, sorted, take, within } from '../../expect.ts'
import { assertRefused } from '../../refusals.ts'
import { messagesAcrossLoss } from './reconnect-messages.ts'

const BACK_MS = 15_000

/** Takes deliveries up to this body. A verdict written into a cut may be lost: then its message comes once more, marked. */
async function upTo(receiver: Receiver<number>, body: number): Promise<void> {
  for (;;) {
    const delivery = await take(receiver, BACK_MS)
    await delivery.accept()
    if (delivery.body === body) return
    assert.equal(delivery.redelivered, true)
  }
}

const links: CaseDefinition[] = [
  {
    id: 'events',
    title: 'a cut is told as "disconnected" with its cause, the return as "reconnected"',
    async run(c) {
      const events = new Events(c.connection)
      await c.faults.cut()
      const lost = await events.waitFor('disconnected')
      assert.equal(lost.cause.name, 'MessagingError')
      assert.ok(lost.cause.message.length > 0, 'the cause says something')
      const back = await events.waitFor('reconnected', { timeoutMs: BACK_MS })
      assert.ok(back.broker.product.length > 0, 'the broker has a name')
      assert.ok(events.of('reconnecting').length >= 1, 'the attempt was told')
      await events.stop()
    },
  },
  {
    id: 'typed-listeners',
    title: 'listeners by type are called, and no more once they are removed',
    async run(c) {
      let calls = 0
      const off = c.connection.on('disconnected', () => calls++)
      const events = new Events(c.connection)
      await c.faults.cut()
      await events.waitFor('reconnected', { timeoutMs: BACK_MS })
      assert.equal(calls, 1)
      off()
      await c.faults.cut()
      await events.waitFor('reconnected', { nth: 2, timeoutMs: BACK_MS })
      assert.equal(calls, 1)
      await events.stop()
    },
  },
  {
    id: 'links-return',
    title: 'senders and receivers go on after a cut without user code',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      const receiver = await c.connection.receiver(orders)
      for (const round of range(3)) {
        await sender.send(round)
        await upTo(receiver, round)
        const events = new Events(c.connection)
        await c.faults.cut()
        await events.waitFor('reconnected', { timeoutMs: BACK_MS })
        await events.stop()
      }
      await sender.send(99)
      await upTo(receiver, 99)
    },
  },
  {
    id: 'waiting-receive',
    title: 'a receive() that waits through a cut gets the next message',
    async run(c) {
      const orders = c.queue<string>()
      const receiver = await c.connection.receiver(orders)
      const waiting = receiver.receive({ timeoutMs: BACK_MS })
      await c.faults.cut()
      const other = await c.open(c.harness.target())
      await other.send(orders, 'after')
      assert.equal((await waiting)?.body, 'after')
    },
  },
  {
    id: 'subscriptions-return',
    title: 'live subscriptions come back: when "reconnected" is told, the very next publish arrives',
    needs: ['topic', 'broadcast'],
    async run(c) {
      const news = c.topic<string>()
      const alerts = c.broadcast<string>()
      const receivers = [
        await c.connection.receiver(news.matching('a.*')),
        await c.connection.receiver(alerts),
      ]
      const events = new Events(c.connection)
      await c.faults.cut()
      await events.waitFor('reconnected', { timeoutMs: BACK_MS })
      const other = await c.open(c.harness.target())
      await other.send(news, 'story', { subject: 'a.b' })
      await other.send(alerts, 'alert')
      assert.deepEqual(await bodies(receivers[0]!, 1), ['story'])
      assert.deepEqual(await bodies(receivers[1]!, 1), ['alert'])
      await events.stop()
    },
  },
  {
    id: 'gap-told',
    title:
      'a live subscription that missed, or may have missed, messages is told so; none is missed silently',
    needs: ['topic', 'gapless'],
    async run(c) {
      const news = c.topic<number>()
      const receiver = await c.connection.receiver(news.matching('#'))
      const other = await c.open(c.harness.target())
      await c.faults.hold()
      for (const at of range(5)) await other.send(news, at, { subject: 'a' })
      await c.faults.cut()
      await c.faults.resume()
      assert.deepEqual(await bodies(receiver, 5), range(5))
    },
    async otherwise(c) {
      if (!c.has('topic')) return assertRefused(c, 'topic', [])
      const events = new Events(c.connection)
      const news = c.topic<number>()
      await c.connection.receiver(news.matching('#'))
      await c.faults.cut()
      assert.equal((await events.waitFor('gap', { timeoutMs: BACK_MS })).address, news.name)
      await events.stop()
    },
  },
  {
    id: 'named-misses-nothing',
    title: 'a named subscription misses nothing that is published while its receiver is cut off',
    needs: ['topic', 'namedSubscription'],
    async run(c) {
      const news = c.topic<number>()
      const receiver = await c.connection.receiver(c.own(news.subscription('archive')))
      const other = await c.open(c.harness.target())
      const publishing = (async () => {
        for (const at of range(30)) {
          await other.send(news, at, { subject: 'a' })
          if (at === 10) await c.faults.cut()
        }
      })()
      const seen = new Set<number>()
      await within(
        (async () => {
          while (seen.size < 30) {
            const delivery = await take(receiver, BACK_MS)
            seen.add(delivery.body)
            await delivery.accept().catch(() => {})
          }
        })(),
        BACK_MS + 5_000,
        'all thirty',
      )
      await publishing
      assert.deepEqual(sorted(seen), range(30))
    },
  },
  {
    id: 'responder-returns',
    title: 'a responder and a requester go on after a cut',
    needs: ['request'],
    async run(c) {
      const echo = c.service<string, string>()
      await using _ = await c.connection.respond(echo, (request) => request.body)
      assert.equal((await c.connection.request(echo, 'before', { timeoutMs: 5_000 })).body, 'before')
      const events = new Events(c.connection)
      await c.faults.cut()
      await events.waitFor('reconnected', { timeoutMs: BACK_MS })
      assert.equal((await c.connection.request(echo, 'after', { timeoutMs: 5_000 })).body, 'after')
      await events.stop()
    },
  },
  {
    id: 'requests-in-flight',
    title: 'every request in flight at a cut ends: with its own answer or a typed error',
    needs: ['request'],
    async run(c) {
      const echo = c.service<number, number>()
      const other = await c.open(c.harness.target())
      await using _ = await other.respond(echo, (request) => request.body, { concurrency: 4 })
      const asked = range(50).map((at) =>
        c.connection.request(echo, at, { timeoutMs: 5_000 }).then(
          (answer) => assert.equal(answer.body, at),
          (error) => assert.match(error.code, /^(CONNECTION_LOST|REQUEST_TIMEOUT|SEND_UNCONFIRMED)$/),
        ),
      )
      await c.faults.cut()
      await within(Promise.all(asked), BACK_MS, 'an end of every request')
    },
  },
  {
    id: 'consumer-returns',
    title: 'consume() goes on after a cut and handles every message',
    async run(c) {
      const orders = c.queue<number>()
      const seen = new Set<number>()
      await using _ = await c.connection.consume(orders, (delivery) => {
        seen.add(delivery.body)
      })
      const other = await c.open(c.harness.target())
      const sender = await other.sender(orders)
      for (const at of range(30)) {
        await sender.send(at)
        if (at === 10 || at === 20) await c.faults.cut()
      }
      await becomes(() => seen.size, 30, 'handled messages', BACK_MS)
    },
  },
  {
    id: 'no-reconnect',
    title:
      'with reconnect: false a lost connection ends for good: calls fail, status says "closed" with the cause',
    async run(c) {
      const connection = await c.connect({ reconnect: false })
      const orders = c.queue<string>()
      const receiver = await connection.receiver(orders)
      const sender = await connection.sender(orders)
      const events = new Events(connection)
      const waiting = fails(receiver.receive(), ['CONNECTION_LOST', 'CLOSED'])
      await c.faults.cut()
      await waiting
      const end = await events.waitFor('closed')
      assert.ok(end.error, 'the end has its cause')
      await fails(sender.send('x'), ['CONNECTION_LOST', 'CLOSED'])
    },
  },
  {
    id: 'own-time-while-away',
    title: 'every call waits for a lost connection no longer than its own timeoutMs and signal allow',
    async run(c) {
      const connection = await c.connect()
      const orders = c.queue<string>()
      const asks = c.service<string, string>()
      const events = new Events(connection)
      await c.faults.hold()
      await c.faults.cut()
      await events.waitFor('disconnected')
      const limit = { timeoutMs: 150 }
      const calls = [
        connection.sender(orders, limit),
        connection.receiver(orders, limit),
        connection.send(orders, 'x', limit),
        connection.request(asks, 'x', limit),
        connection.respond(asks, () => 'y', limit),
        connection.consume(orders, () => {}, limit),
        connection.admin.inspect(orders, limit),
      ].map((call) => within(fails(call, ['CONNECTION_LOST', 'NOT_SUPPORTED']), 4_000, 'a call of 150 ms'))
      const aborted = fails(connection.send(c.queue(), 'x', { signal: AbortSignal.timeout(150) }), 'ABORTED')
      const patient = held(connection.send(orders, 'patient'))
      await Promise.all([...calls, within(aborted, 4_000, 'an aborted send')])
      await c.faults.resume()
      await within(patient, BACK_MS, 'a send with time left')
      const receiver = await connection.receiver(orders)
      assert.deepEqual(await bodies(receiver, 1), ['patient'])
      await events.stop()
    },
  },
  {
    id: 'close-while-away',
    title: 'close() while disconnected returns quickly and ends the attempts',
    async run(c) {
      const connection = await c.connect()
      await connection.receiver(c.queue())
      const events = new Events(connection)
      await c.faults.hold()
      await c.faults.cut()
      await events.waitFor('disconnected')
      await within(connection.close({ timeoutMs: 1_000 }), 4_000, 'close()')
      await c.faults.resume()
      await events.waitFor('closed')
    },
  },
  {
    id: 'silent-broker',
    uses: ['silence'],
    title: 'a peer that falls silent is noticed by heartbeat and left; everything goes on when it is back',
    timeoutMs: 60_000,
    async run(c) {
      const connection = await c.connect({ heartbeatMs: 1_000, connectTimeoutMs: 1_500 })
      const orders = c.queue<string>()
      const receiver = await connection.receiver(orders)
      const sender = await connection.sender(orders)
      await sender.send('before')
      assert.deepEqual(await bodies(receiver, 1), ['before'])
      const events = new Events(connection)
      await c.faults.hold()
      try {
        await events.waitFor('disconnected', { timeoutMs: 15_000 })
      } finally {
        await c.faults.resume()
      }
      await events.waitFor('reconnected', { timeoutMs: 20_000 })
      await sender.send('after')
      for (;;) {
        const delivery = await take(receiver)
        await delivery.accept()
        if (delivery.body === 'after') break
      }
      await events.stop()
    },
  },
  {
    id: 'fail-over',
    title: 'after a cut the next address of the list is tried',
    uses: ['deadAddress'],
    async run(c) {
      const dead = c.harness.deadAddress!().url
      const { url, ...rest } = c.target()
      const connection = await c.open({ ...rest, url: [url, dead].flat() })
      const orders = c.queue<string>()
      const sender = await connection.sender(orders)
      const events = new Events(connection)
      await c.faults.cut()
      await events.waitFor('reconnected', { timeoutMs: BACK_MS })
      await sender.send('x')
      await events.stop()
    },
  },
]

export const reconnectChapter = chapter(
  'reconnect',
  [...links, ...messagesAcrossLoss].map(
    (definition): CaseDefinition => ({
      ...definition,
      uses: ['faults', ...(definition.uses ?? [])],
    }),
  ),
)
