/** consumeBatch(): full or waited for, in order; accepted on return, each message tried again or dead-lettered by itself on throw. */
import assert from 'node:assert/strict'
import { DEAD_LETTER_DELIVERIES, DEAD_LETTER_REASON, type Delivery, type QueueAddress } from 'sluice'
import { type CaseDefinition, chapter } from '../../case.ts'
import type { CaseContext } from '../../context.ts'
import {
  becomes,
  bodies,
  Events,
  eventually,
  fails,
  nothing,
  range,
  sorted,
  take,
  within,
} from '../../expect.ts'

const QUICK = { minDelayMs: 20, maxDelayMs: 50 }
/** Longer than any case waits: a batch that begins within it did so because it was full. Unit: ms. */
const FOR_EVER_MS = 60_000
/** Long enough for messages that are sent together to come together. Unit: ms. */
const TOGETHER_MS = 2_000
const BACK_MS = 15_000

/** A promise and its key. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open: () => void = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

async function sendAll(c: CaseContext, to: QueueAddress<number>, count: number, from = 0): Promise<void> {
  const sender = await c.connection.sender(to)
  await Promise.all(range(count).map((at) => sender.send(from + at)))
}

function bodiesOf(batch: readonly Delivery<number>[]): number[] {
  return batch.map((delivery) => delivery.body)
}

const gathering: CaseDefinition[] = [
  {
    id: 'full',
    title: 'a full batch begins at once, has its messages in order, and is accepted as a whole on return',
    async run(c) {
      const orders = c.queue<number>()
      const batches: number[][] = []
      const consumer = await c.connection.consumeBatch(
        orders,
        async (batch) => batches.push(bodiesOf(batch)),
        {
          size: 10,
          waitMs: FOR_EVER_MS,
        },
      )
      await sendAll(c, orders, 30)
      await becomes(() => batches.length, 3, 'batches')
      assert.deepEqual(batches, [range(10), range(20).slice(10), range(30).slice(20)])
      await consumer.close()
      await nothing(await c.connection.receiver(orders))
    },
  },
  {
    id: 'waited-for',
    title:
      'a batch that does not fill begins when its first message has waited long enough, with all that came',
    async run(c) {
      const orders = c.queue<number>()
      const batches: number[][] = []
      let began = 0
      await using _ = await c.connection.consumeBatch(
        orders,
        (batch) => {
          began = performance.now()
          batches.push(bodiesOf(batch))
        },
        { size: 1_000, waitMs: TOGETHER_MS },
      )
      const sent = performance.now()
      await sendAll(c, orders, 5)
      await becomes(() => batches.length, 1, 'batches')
      assert.deepEqual(batches, [range(5)])
      assert.ok(began - sent >= TOGETHER_MS - 1, `began after ${Math.round(began - sent)} ms`)
    },
  },
  {
    id: 'large',
    timeoutMs: 60_000,
    title:
      'thousands of messages make one batch where it is asked for, and none is lost, doubled or out of order',
    async run(c) {
      const orders = c.queue<number>()
      const sizes: number[] = []
      const seen: number[] = []
      await using _ = await c.connection.consumeBatch(
        orders,
        (batch) => {
          sizes.push(batch.length)
          seen.push(...bodiesOf(batch))
        },
        { size: 2_500, waitMs: FOR_EVER_MS },
      )
      await sendAll(c, orders, 2_500)
      await becomes(() => seen.length, 2_500, 'handled messages', BACK_MS)
      assert.deepEqual(sizes, [2_500])
      assert.deepEqual(seen, range(2_500))
    },
  },
  {
    id: 'many',
    title: 'a backlog is worked off in batches, every message once and in order',
    async run(c) {
      const orders = c.queue<number>()
      const seen: number[] = []
      let most = 0
      const consumer = await c.connection.consumeBatch(
        orders,
        (batch) => {
          most = Math.max(most, batch.length)
          seen.push(...bodiesOf(batch))
        },
        { size: 25, waitMs: 5 },
      )
      await sendAll(c, orders, 1_000)
      await becomes(() => seen.length, 1_000, 'handled messages')
      await consumer.close()
      assert.deepEqual(seen, range(1_000))
      assert.ok(most <= 25, `a batch had ${most} messages`)
      await nothing(await c.connection.receiver(orders))
    },
  },
  {
    id: 'concurrency',
    title: 'as many batches are handled at once as were allowed, never more, each one of neighbours in order',
    async run(c) {
      const orders = c.queue<number>()
      let running = 0
      let most = 0
      const both = gate()
      const batches: number[][] = []
      await using _ = await c.connection.consumeBatch(
        orders,
        async (batch) => {
          most = Math.max(most, ++running)
          if (running === 2) both.open()
          await both.opened
          running--
          batches.push(bodiesOf(batch))
        },
        { size: 5, concurrency: 2, waitMs: TOGETHER_MS },
      )
      await sendAll(c, orders, 40)
      await becomes(() => batches.flat().length, 40, 'handled messages')
      assert.equal(most, 2)
      assert.deepEqual(sorted(batches.flat()), range(40))
      for (const batch of batches) assert.deepEqual(batch, range(batch[0]! + batch.length).slice(batch[0]!))
    },
  },
  {
    id: 'read-ahead',
    title: 'a consumer whose batch is being handled leaves the rest to another one',
    async run(c) {
      const orders = c.queue<number>()
      const done = gate()
      let held = 0
      await using _ = await c.connection.consumeBatch(
        orders,
        async (batch) => {
          held += batch.length
          await done.opened
        },
        { size: 5, waitMs: 0 },
      )
      await sendAll(c, orders, 5)
      await eventually(() => held > 0, 'the first batch')
      await sendAll(c, orders, 35, 5)
      const seen = new Set<number>()
      const other = await (await c.connect()).consumeBatch(orders, (batch) => {
        for (const body of bodiesOf(batch)) seen.add(body)
      })
      // Its own batch, and as many again that it may have fetched: ten at least stand for «few».
      await eventually(() => seen.size >= 30, 'messages of the other')
      done.open()
      await other.close()
    },
  },
  {
    id: 'subscription',
    title: 'a named subscription can be consumed in batches',
    needs: ['topic', 'namedSubscription'],
    async run(c) {
      const news = c.topic<number>()
      const seen: number[] = []
      await using _ = await c.connection.consumeBatch(
        c.own(news.matching('a.#').subscription('work')),
        (batch) => {
          seen.push(...bodiesOf(batch))
        },
        { size: 10, waitMs: 10 },
      )
      const sender = await c.connection.sender(news)
      await Promise.all(range(25).map((at) => sender.send(at, { subject: 'a.b' })))
      await becomes(() => seen.length, 25, 'handled messages')
      assert.deepEqual(sorted(seen), range(25))
    },
  },
]

const verdicts: CaseDefinition[] = [
  {
    id: 'own-verdicts',
    title: 'what the handler settled itself stays as it settled it, and only the rest is accepted on return',
    needs: ['deadLetter'],
    async run(c) {
      const aside = c.queue<number>('aside')
      const orders = c.queue<number>('orders', { deadLetter: aside })
      const seen: number[] = []
      const consumer = await c.connection.consumeBatch(
        orders,
        async (batch) => {
          seen.push(...bodiesOf(batch))
          for (const delivery of batch) {
            if (delivery.body === 3) await delivery.reject('three is no order')
            if (delivery.body === 5 && delivery.deliveryCount === 1 && !delivery.redelivered)
              await delivery.release()
            if (delivery.body === 7) await delivery.accept()
          }
        },
        { size: 10, waitMs: 300 },
      )
      await sendAll(c, orders, 10)
      await becomes(() => seen.length, 11, 'handled messages')
      await consumer.close()
      assert.deepEqual(sorted(seen), sorted([...range(10), 5]))
      const letter = await take(await c.connection.receiver(aside))
      assert.equal(letter.body, 3)
      assert.match(String(letter.properties[DEAD_LETTER_REASON]), /three is no order/)
      await nothing(await c.connection.receiver(orders))
    },
  },
  {
    id: 'throw-releases-rest',
    title: 'a throw has those tried again that the handler had not settled, later, and no others',
    needs: ['delayedRelease'],
    async run(c) {
      const orders = c.queue<number>()
      const times: number[] = []
      const counts: number[][] = []
      const seen: number[][] = []
      const errors: unknown[] = []
      const consumer = await c.connection.consumeBatch(
        orders,
        async (batch) => {
          times.push(performance.now())
          seen.push(bodiesOf(batch))
          counts.push(batch.map((delivery) => delivery.deliveryCount))
          if (times.length > 2) return
          if (times.length === 1) {
            await batch[2]!.accept()
            await batch[4]!.accept()
          }
          throw new Error(`attempt ${times.length}`)
        },
        {
          size: 8,
          waitMs: 500,
          retry: { minDelayMs: 300, maxDelayMs: 10_000 },
          onError: (error) => errors.push(error),
        },
      )
      await sendAll(c, orders, 8)
      const again = [0, 1, 3, 5, 6, 7]
      await becomes(() => times.length, 3, 'attempts')
      await consumer.close()
      assert.deepEqual(seen[0], range(8))
      // Delayed messages fall due one by one, and not every broker keeps their order.
      assert.deepEqual(seen.slice(1).map(sorted), [again, again])
      assert.deepEqual(
        errors.map((error) => (error as Error).message),
        ['attempt 1', 'attempt 2'],
      )
      assert.ok(times[1]! - times[0]! >= 295, `second attempt after ${Math.round(times[1]! - times[0]!)} ms`)
      assert.ok(times[2]! - times[1]! >= 595, `third attempt after ${Math.round(times[2]! - times[1]!)} ms`)
      if (c.isNative('deliveryCount')) assert.deepEqual(counts[2], Array(6).fill(3))
      await nothing(await c.connection.receiver(orders))
    },
  },
  {
    id: 'dead-letters',
    title: "a batch that always throws ends as dead letters, one for each message, with the error's text",
    needs: ['deadLetter', 'maxDeliveries', 'delayedRelease'],
    async run(c) {
      const aside = c.queue<number>('aside')
      const orders = c.queue<number>('orders', { deadLetter: aside, maxDeliveries: 3 })
      const attempts = new Map<number, number>()
      await using _ = await c.connection.consumeBatch(
        orders,
        (batch) => {
          for (const body of bodiesOf(batch)) attempts.set(body, (attempts.get(body) ?? 0) + 1)
          throw new Error('disk full')
        },
        { size: 4, waitMs: 50, retry: { minDelayMs: 10, maxDelayMs: 20 }, onError: () => {} },
      )
      await sendAll(c, orders, 6)
      const letters = await c.connection.receiver(aside)
      const dead: number[] = []
      for (const _ of range(6)) {
        const letter = await take(letters)
        dead.push(letter.body as number)
        assert.match(String(letter.properties[DEAD_LETTER_REASON]), /disk full/)
        assert.equal(letter.properties[DEAD_LETTER_DELIVERIES], 3)
        await letter.accept()
      }
      assert.deepEqual(sorted(dead), range(6))
      assert.deepEqual([...attempts.values()], Array(6).fill(3))
    },
  },
  {
    id: 'neighbours',
    title: 'a handler that rejects the bad message of a batch and returns loses none of its neighbours',
    needs: ['deadLetter', 'maxDeliveries'],
    async run(c) {
      const aside = c.queue<number>('aside')
      const orders = c.queue<number>('orders', { deadLetter: aside, maxDeliveries: 2 })
      const good: number[] = []
      await using _ = await c.connection.consumeBatch(
        orders,
        async (batch) => {
          for (const delivery of batch) {
            if (delivery.body % 4 === 3) await delivery.reject('a bad one')
            else good.push(delivery.body)
          }
        },
        { size: 8, waitMs: 50 },
      )
      await sendAll(c, orders, 24)
      const bad = await bodies(await c.connection.receiver(aside), 6)
      assert.deepEqual(
        sorted(bad as number[]),
        range(24).filter((body) => body % 4 === 3),
      )
      await becomes(() => good.length, 18, 'good messages')
      assert.equal(new Set(good).size, 18)
    },
  },
  {
    id: 'schema',
    title: 'a body that does not fit its schema is rejected by itself, and the batch has all others',
    async run(c) {
      const even = {
        '~standard': {
          version: 1 as const,
          vendor: 'sluice-conformance',
          validate: (value: unknown) =>
            typeof value === 'number' ? { value } : { issues: [{ message: 'no number' }] },
        },
      }
      const orders = c.queue<number>('orders', { schema: even })
      const plain = c.queue<unknown>('orders')
      const events = new Events(c.connection)
      const batches: number[][] = []
      await using _ = await c.connection.consumeBatch(
        orders,
        (batch) => {
          batches.push(bodiesOf(batch))
        },
        { size: 4, waitMs: FOR_EVER_MS },
      )
      for (const body of [0, 'one', 2, 3, 'four', 5]) await c.connection.send(plain, body)
      await becomes(() => batches.length, 1, 'batches')
      assert.deepEqual(batches, [[0, 2, 3, 5]])
      await events.waitFor('discarded', { nth: 2 })
      await events.stop()
    },
  },
  {
    id: 'failures-reported',
    title: 'without onError a throw is one warning for its batch, HANDLER_FAILED with what was thrown',
    needs: ['delayedRelease'],
    async run(c) {
      const orders = c.queue<number>()
      const events = new Events(c.connection)
      const thrown = new Error('told as a warning')
      let attempts = 0
      await using _ = await c.connection.consumeBatch(
        orders,
        () => {
          if (++attempts === 1) throw thrown
        },
        { size: 5, waitMs: FOR_EVER_MS, retry: QUICK },
      )
      await sendAll(c, orders, 5)
      await becomes(() => attempts, 2, 'attempts')
      const { error } = await events.waitFor('warning')
      assert.equal(error.code, 'HANDLER_FAILED')
      assert.equal(error.cause, thrown)
      assert.equal(error.context.operation, 'consumeBatch')
      assert.equal(events.of('warning').length, 1)
      await events.stop()
    },
  },
  {
    id: 'at-most-once',
    title: 'with reliability at-most-once the messages of a failed batch do not come again',
    async run(c) {
      const orders = c.queue<number>()
      let handled = 0
      const consumer = await c.connection.consumeBatch(
        orders,
        (batch) => {
          handled += batch.length
          throw new Error('once only')
        },
        { reliability: 'at-most-once', onError: () => {}, retry: QUICK, size: 3, waitMs: 5 },
      )
      await sendAll(c, orders, 9)
      await becomes(() => handled, 9, 'handled messages')
      await consumer.close()
      await nothing(await c.connection.receiver(orders))
      assert.equal(handled, 9)
    },
  },
]

const endings: CaseDefinition[] = [
  {
    id: 'close-waits',
    title: 'close() lets the running batch finish and accepts it, starts none, and gives the rest back',
    async run(c) {
      const orders = c.queue<number>()
      const finish = gate()
      const started: number[] = []
      let finished = 0
      const consumer = await c.connection.consumeBatch(
        orders,
        async (batch) => {
          started.push(...bodiesOf(batch))
          await finish.opened
          finished += batch.length
        },
        { size: 4, waitMs: FOR_EVER_MS },
      )
      await sendAll(c, orders, 10)
      await becomes(() => started.length, 4, 'messages of the first batch')
      const closing = consumer.close()
      finish.open()
      await within(closing, 5_000, 'close()')
      await consumer.closed
      assert.equal(finished, 4)
      assert.deepEqual(started, range(4))
      const rest = await c.connection.receiver(orders)
      assert.deepEqual(sorted(await bodies(rest, 6)), [4, 5, 6, 7, 8, 9])
      await nothing(rest)
    },
  },
  {
    id: 'close-gathering',
    title: 'close() does not wait for a batch to fill: what was gathered goes back unseen, in its old order',
    async run(c) {
      const orders = c.queue<number>()
      let handled = 0
      const consumer = await c.connection.consumeBatch(orders, (batch) => (handled += batch.length), {
        size: 100,
        waitMs: FOR_EVER_MS,
      })
      await sendAll(c, orders, 10)
      await within(consumer.close(), 5_000, 'close()')
      assert.equal(handled, 0)
      assert.deepEqual(await bodies(await c.connection.receiver(orders), 10), range(10))
    },
  },
  {
    id: 'close-bounded',
    title: 'close({ timeoutMs }) returns although a batch hangs, and its messages come back',
    async run(c) {
      const orders = c.queue<number>()
      const finish = gate()
      let started = 0
      const consumer = await c.connection.consumeBatch(
        orders,
        async (batch) => {
          started += batch.length
          await finish.opened
        },
        { size: 3, waitMs: FOR_EVER_MS },
      )
      await sendAll(c, orders, 3)
      await becomes(() => started, 3, 'messages of the batch')
      await within(consumer.close({ timeoutMs: 200 }), 4_000, 'close()')
      assert.deepEqual(sorted(await bodies(await c.connection.receiver(orders), 3)), range(3))
      finish.open()
    },
  },
  {
    id: 'cut',
    title:
      'a consumer of batches goes on after a cut and handles every message, none for good on a lost link',
    uses: ['faults'],
    async run(c) {
      const orders = c.queue<number>()
      const seen = new Set<number>()
      await using _ = await c.connection.consumeBatch(
        orders,
        (batch) => {
          for (const body of bodiesOf(batch)) seen.add(body)
        },
        { size: 20, waitMs: 20 },
      )
      const sender = await c.connection.sender(orders)
      for (const round of range(3)) {
        const sends = range(50).map((at) => sender.send(round * 50 + at))
        await c.faults.cut()
        await Promise.all(sends)
      }
      await becomes(() => seen.size, 150, 'handled messages', BACK_MS)
    },
    timeoutMs: 40_000,
  },
  {
    id: 'options-checked',
    title: 'misspelt options, a size of none and a handler that is no function are refused',
    async run(c) {
      const orders = c.queue<string>()
      const error = await fails(
        c.connection.consumeBatch(orders, () => {}, { batchsize: 2 } as object),
        'CONFIG_INVALID',
      )
      assert.match(`${error.message} ${error.hint}`, /size/)
      for (const options of [{ size: 0 }, { waitMs: -1 }, { concurrency: 0 }, { size: 2.5 }])
        await fails(
          c.connection.consumeBatch(orders, () => {}, options),
          'CONFIG_INVALID',
        )
      await assert.rejects(c.connection.consumeBatch(orders, 'no function' as never), TypeError)
    },
  },
]

export const batchesChapter = chapter('batches', [...gathering, ...verdicts, ...endings])
