/** consume(): accepted on return, tried again with growing delay and at last dead-lettered on throw. */
import assert from 'node:assert/strict'
import { DEAD_LETTER_REASON } from 'sluice'
import { chapter } from '../../case.ts'
import { becomes, Events, eventually, fails, nothing, range, sorted, take, within } from '../../expect.ts'

const QUICK = { minDelayMs: 50, maxDelayMs: 400 }

export const consumeChapter = chapter('consume', [
  {
    id: 'accepts-on-return',
    title: 'a message whose handler returns is accepted',
    async run(c) {
      const orders = c.queue<number>()
      const seen: number[] = []
      const consumer = await c.connection.consume(orders, async (delivery) => {
        seen.push(delivery.body)
      })
      const sender = await c.connection.sender(orders)
      for (const at of range(10)) await sender.send(at)
      await becomes(() => seen.length, 10, 'handled messages')
      await consumer.close()
      assert.deepEqual(seen, range(10))
      await nothing(await c.connection.receiver(orders))
    },
  },
  {
    id: 'retries',
    title: 'a message whose handler throws comes again after a growing delay until it succeeds',
    needs: ['delayedRelease'],
    async run(c) {
      const orders = c.queue<string>()
      const times: number[] = []
      const errors: unknown[] = []
      await using _ = await c.connection.consume(
        orders,
        () => {
          times.push(performance.now())
          if (times.length < 4) throw new Error(`attempt ${times.length}`)
        },
        { retry: QUICK, onError: (error) => errors.push(error) },
      )
      await c.connection.send(orders, 'x')
      await becomes(() => times.length, 4, 'attempts')
      const gaps = times.slice(1).map((time, at) => time - times[at]!)
      // Only lower bounds: a busy machine may be later, never earlier.
      for (const [at, least] of [45, 95, 190].entries())
        assert.ok(gaps[at]! >= least, `gaps ${gaps.map(Math.round)}`)
      assert.deepEqual(
        errors.map((error) => (error as Error).message),
        ['attempt 1', 'attempt 2', 'attempt 3'],
      )
    },
  },
  {
    id: 'dead-letters',
    title: "after maxDeliveries throws a message is dead-lettered with the error's text",
    needs: ['deadLetter', 'maxDeliveries', 'delayedRelease'],
    async run(c) {
      const aside = c.queue('aside')
      const orders = c.queue<string>('orders', { deadLetter: aside, maxDeliveries: 3 })
      let attempts = 0
      await using _ = await c.connection.consume(
        orders,
        () => {
          attempts++
          throw new Error('disk full')
        },
        { retry: { minDelayMs: 10, maxDelayMs: 20 }, onError: () => {} },
      )
      await c.connection.send(orders, 'poison')
      const letter = await take(await c.connection.receiver(aside))
      assert.equal(letter.body, 'poison')
      assert.match(String(letter.properties[DEAD_LETTER_REASON]), /disk full/)
      assert.equal(attempts, 3)
    },
  },
  {
    id: 'dead-letters-full',
    title: 'a consumer whose dead letters find no room loses none of them',
    needs: ['deadLetter', 'maxDeliveries', 'maxLength'],
    async run(c) {
      const aside = c.queue<string>('aside', { maxLength: 1 })
      const orders = c.queue<string>('orders', { deadLetter: aside, maxDeliveries: 1 })
      await c.connection.send(aside, 'there')
      let attempts = 0
      const consumer = await c.connection.consume(
        orders,
        () => {
          attempts++
          throw new Error('disk full')
        },
        { retry: { minDelayMs: 10, maxDelayMs: 20 }, onError: () => {} },
      )
      await c.connection.send(orders, 'poison')
      await eventually(() => attempts > 0, 'the handler was called')
      await consumer.close()
      const letters = await c.connection.receiver(aside)
      const first = await take(letters)
      assert.equal(first.body, 'there')
      await first.accept()
      // What found no room is given out again, and is over its limit.
      await using _ = await c.connection.receiver(orders)
      assert.equal((await take(letters)).body, 'poison')
    },
  },
  {
    id: 'neighbours',
    title: 'a message that keeps failing holds up none of its neighbours',
    needs: ['delayedRelease'],
    async run(c) {
      const orders = c.queue<number>()
      const good = new Set<number>()
      await using _ = await c.connection.consume(
        orders,
        (delivery) => {
          if (delivery.body === 2) throw new Error('this one never works')
          good.add(delivery.body)
        },
        { retry: QUICK, onError: () => {} },
      )
      const sender = await c.connection.sender(orders)
      for (const at of range(10)) await sender.send(at)
      await becomes(() => good.size, 9, 'good messages')
    },
  },
  {
    id: 'concurrency',
    title: 'as many handlers run at once as were allowed, never more',
    async run(c) {
      const orders = c.queue<number>()
      let running = 0
      let most = 0
      let open: () => void = () => {}
      const gate = new Promise<void>((resolve) => {
        open = resolve
      })
      const done: number[] = []
      await using _ = await c.connection.consume(
        orders,
        async (delivery) => {
          most = Math.max(most, ++running)
          if (running === 4) open()
          await gate
          running--
          done.push(delivery.body)
        },
        { concurrency: 4 },
      )
      const sender = await c.connection.sender(orders)
      await Promise.all(range(20).map((at) => sender.send(at)))
      await becomes(() => done.length, 20, 'handled messages')
      assert.equal(most, 4)
      assert.deepEqual(sorted(done), range(20))
    },
  },
  {
    id: 'own-verdict',
    title: 'a handler may settle by itself; its verdict is the one that counts',
    async run(c) {
      const orders = c.queue<string>()
      const events = new Events(c.connection)
      let handled = 0
      await using _ = await c.connection.consume(orders, async (delivery) => {
        handled++
        await delivery.reject('by the handler')
      })
      await c.connection.send(orders, 'x')
      assert.equal((await events.waitFor('discarded')).reason, 'by the handler')
      assert.equal(handled, 1)
      await events.stop()
    },
  },
  {
    id: 'failures-reported',
    title: 'without onError a throw of the handler is a warning event, never silence',
    async run(c) {
      const orders = c.queue<string>()
      const events = new Events(c.connection)
      let thrown = false
      await using _ = await c.connection.consume(
        orders,
        () => {
          if (thrown) return
          thrown = true
          throw new Error('told as a warning')
        },
        { retry: { minDelayMs: 1, maxDelayMs: 1 } },
      )
      await c.connection.send(orders, 'x')
      const event = await events.waitFor('warning')
      assert.match(event.error.message, /told as a warning/)
      await events.stop()
    },
  },
  {
    id: 'at-most-once',
    title: 'with reliability at-most-once a failed message does not come again',
    async run(c) {
      const orders = c.queue<string>()
      let attempts = 0
      await using _ = await c.connection.consume(
        orders,
        () => {
          attempts++
          throw new Error('once only')
        },
        { reliability: 'at-most-once', onError: () => {}, retry: QUICK },
      )
      await c.connection.send(orders, 'x')
      await becomes(() => attempts, 1, 'attempts')
      await nothing(await c.connection.receiver(orders))
      assert.equal(attempts, 1)
    },
  },
  {
    id: 'close-waits',
    title: 'close() waits for handlers that run, starts none, and gives the rest back',
    async run(c) {
      const orders = c.queue<number>()
      let finish: () => void = () => {}
      const gate = new Promise<void>((resolve) => {
        finish = resolve
      })
      const started: number[] = []
      let finished = 0
      const consumer = await c.connection.consume(orders, async (delivery) => {
        started.push(delivery.body)
        await gate
        finished++
      })
      const sender = await c.connection.sender(orders)
      for (const at of range(5)) await sender.send(at)
      await eventually(() => started.length === 1, 'the first handler')
      const closing = consumer.close()
      finish()
      await within(closing, 5_000, 'close()')
      assert.equal(finished, 1)
      assert.deepEqual(started, [0])
      const rest = await c.connection.receiver(orders)
      const seen: number[] = []
      for (const _ of range(4)) {
        const delivery = await take(rest)
        seen.push(delivery.body)
        await delivery.accept()
      }
      assert.deepEqual(sorted(seen), [1, 2, 3, 4])
      await nothing(rest)
    },
  },
  {
    id: 'close-bounded',
    title: 'close({ timeoutMs }) returns although a handler hangs, and the message comes back',
    async run(c) {
      const orders = c.queue<string>()
      let started = false
      let finish: () => void = () => {}
      const gate = new Promise<void>((resolve) => {
        finish = resolve
      })
      const consumer = await c.connection.consume(orders, async () => {
        started = true
        await gate
      })
      await c.connection.send(orders, 'stuck')
      await eventually(() => started, 'the handler')
      await within(consumer.close({ timeoutMs: 200 }), 4_000, 'close()')
      assert.equal((await take(await c.connection.receiver(orders))).body, 'stuck')
      finish()
    },
  },
  {
    id: 'subscription',
    title: 'a named subscription can be consumed, by several consumers sharing it',
    needs: ['topic', 'namedSubscription', 'sharedSubscription'],
    async run(c) {
      const news = c.topic<number>()
      const work = c.own(news.matching('a.#').subscription('work'))
      const seen: number[] = []
      const handler = (delivery: { body: number }): void => {
        seen.push(delivery.body)
      }
      await using _ = await c.connection.consume(work, handler)
      await using __ = await c.connection.consume(work, handler)
      const sender = await c.connection.sender(news)
      await Promise.all(range(30).map((at) => sender.send(at, { subject: 'a.b' })))
      await becomes(() => seen.length, 30, 'handled messages')
      assert.deepEqual(sorted(seen), range(30))
    },
  },
  {
    id: 'options-checked',
    title: 'misspelt options and a handler that is no function are refused',
    async run(c) {
      const orders = c.queue<string>()
      const error = await fails(
        c.connection.consume(orders, () => {}, { concurency: 2 } as object),
        'CONFIG_INVALID',
      )
      assert.match(`${error.message} ${error.hint}`, /concurrency/)
      await fails(
        c.connection.consume(orders, () => {}, { concurrency: 0 }),
        'CONFIG_INVALID',
      )
      await assert.rejects(c.connection.consume(orders, 'no function' as never), TypeError)
    },
  },
])
