/** rate: consumers begin evenly, whatever the peak; what they cannot take stays with the broker for others. */
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { chapter } from '../../case.ts'
import { becomes, bodies, Events, fails, range, sorted, within } from '../../expect.ts'

/** What work at a rate, or the return of a connection, may take on a busy machine. Unit: ms. */
const BUSY_MS = 15_000
/** What is made up for after a pause. Unit: ms. */
const SLACK_MS = 50

/** The grid is laid by the promptest of so many: a busy machine may have called the very first handler late. */
const FIRST = 5

/**
 * Asserts that the n-th of them did not begin before its place on an even grid, less what a pause may have held up. Only lower bounds: a
 * busy machine may be later, never earlier.
 */
function assertEven(times: readonly number[], intervalMs: number): void {
  const begun = Math.min(...times.slice(0, FIRST).map((time, at) => time - at * intervalMs))
  for (const [at, time] of times.entries()) {
    const place = at * intervalMs - SLACK_MS - 2
    const after = time - begun
    assert.ok(after >= place, `number ${at} began after ${after.toFixed(1)} ms, its place is ${place}`)
  }
}

export const ratesChapter = chapter('rates', [
  {
    id: 'even',
    title: 'a peak is worked off at the rate, evenly and without a burst, and all of it arrives',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      const times: number[] = []
      const seen: number[] = []
      await using _ = await c.connection.consume(
        orders,
        (delivery) => {
          times.push(performance.now())
          seen.push(delivery.body)
        },
        { rate: { count: 100, perMs: 1_000 } },
      )
      await Promise.all(range(80).map((at) => sender.send(at)))
      await becomes(() => seen.length, 80, 'handled messages', BUSY_MS)
      assert.deepEqual(seen, range(80))
      assertEven(times, 10)
    },
  },
  {
    id: 'concurrent',
    title: 'the rate is that of the consumer, however many handlers run at once',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      const times: number[] = []
      let running = 0
      let most = 0
      await using _ = await c.connection.consume(
        orders,
        async () => {
          times.push(performance.now())
          most = Math.max(most, ++running)
          await pause(100)
          running--
        },
        { concurrency: 20, rate: { count: 50, perMs: 1_000 } },
      )
      await Promise.all(range(50).map((at) => sender.send(at)))
      await becomes(() => times.length, 50, 'handled messages', BUSY_MS)
      assertEven(times, 20)
      assert.ok(most > 1, 'handlers ran at once')
    },
  },
  {
    id: 'batches',
    title: 'a rate counts the messages of batches, and no batch has more than it lets begin at once',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      const batches: { readonly at: number; readonly bodies: number[] }[] = []
      await using _ = await c.connection.consumeBatch(
        orders,
        (batch) => {
          batches.push({ at: performance.now(), bodies: batch.map((delivery) => delivery.body) })
        },
        { size: 50, waitMs: 10, rate: { count: 20, perMs: 200 } },
      )
      await Promise.all(range(100).map((at) => sender.send(at)))
      await becomes(() => batches.flatMap((batch) => batch.bodies).length, 100, 'handled messages', BUSY_MS)
      assert.deepEqual(
        batches.flatMap((batch) => batch.bodies),
        range(100),
      )
      let before = 0
      for (const { at, bodies } of batches) {
        assert.ok(bodies.length <= 20, `a batch had ${bodies.length} messages`)
        const after = at - batches[0]!.at
        assert.ok(after >= before * 10 - SLACK_MS - 2, `${before} messages in ${after.toFixed(1)} ms`)
        before += bodies.length
      }
    },
  },
  {
    id: 'stays-for-others',
    title: 'what a consumer cannot work off at its rate stays in the queue, where another one gets it',
    async run(c) {
      const orders = c.queue<number>()
      const slow: number[] = []
      await using _ = await c.connection.consume(
        orders,
        (delivery) => {
          slow.push(delivery.body)
        },
        { concurrency: 2, rate: { count: 1, perMs: 60_000 } },
      )
      const sender = await c.connection.sender(orders)
      await Promise.all(range(40).map((at) => sender.send(at)))
      await becomes(() => slow.length, 1, 'messages of the slow one')
      // It holds as many as it may handle at once, and no more.
      const rest = await bodies(await (await c.connect()).receiver(orders), 37)
      assert.equal(new Set([...slow, ...rest]).size, 38)
      assert.equal(slow.length, 1)
    },
  },
  {
    id: 'respond',
    title: 'a responder answers at its rate, and every request is answered',
    needs: ['request'],
    async run(c) {
      const echo = c.service<number, number>('echo')
      const times: number[] = []
      await using _ = await c.connection.respond(
        echo,
        (request) => {
          times.push(performance.now())
          return request.body
        },
        { concurrency: 10, rate: { count: 50, perMs: 1_000 } },
      )
      const answers = await Promise.all(
        range(30).map((at) => c.connection.request(echo, at, { timeoutMs: 10_000 })),
      )
      assert.deepEqual(
        answers.map((answer) => answer.body),
        range(30),
      )
      assertEven(times, 20)
    },
  },
  {
    id: 'cut',
    title: 'the rate goes on over a lost connection: its return is no reason for a burst',
    uses: ['faults'],
    timeoutMs: 40_000,
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      const times: number[] = []
      const seen = new Set<number>()
      await using _ = await c.connection.consume(
        orders,
        (delivery) => {
          times.push(performance.now())
          seen.add(delivery.body)
        },
        { concurrency: 4, rate: { count: 50, perMs: 1_000 } },
      )
      await Promise.all(range(60).map((at) => sender.send(at)))
      for (const round of range(2)) {
        await becomes(() => seen.size >= 20 * (round + 1), true, 'handled messages', BUSY_MS)
        const events = new Events(c.connection)
        await c.faults.cut()
        await events.waitFor('reconnected', { timeoutMs: BUSY_MS })
        await events.stop()
      }
      await becomes(() => seen.size, 60, 'handled messages', BUSY_MS)
      assertEven(times, 20)
    },
  },
  {
    id: 'close',
    title: 'close() does not wait for the rate: what was not begun goes back',
    async run(c) {
      const orders = c.queue<number>()
      const seen: number[] = []
      const consumer = await c.connection.consume(
        orders,
        (delivery) => {
          seen.push(delivery.body)
        },
        { rate: { count: 1, perMs: 60_000 } },
      )
      const sender = await c.connection.sender(orders)
      for (const at of range(5)) await sender.send(at)
      await becomes(() => seen.length, 1, 'handled messages')
      await within(consumer.close(), 5_000, 'close()')
      assert.deepEqual(seen, [0])
      assert.deepEqual(sorted(await bodies(await c.connection.receiver(orders), 4)), [1, 2, 3, 4])
    },
  },
  {
    id: 'options-checked',
    title: 'a rate that says no number, no time or something unknown is refused in clear words',
    async run(c) {
      const orders = c.queue<string>()
      for (const [rate, words] of [
        [{ count: 0, perMs: 1_000 }, /rate\.count/],
        [{ count: 5 }, /rate\.perMs/],
        [{ count: 5, perMs: -1 }, /rate\.perMs/],
        [{ count: 5, perSecond: 1 }, /perSecond/],
      ] as const) {
        const error = await fails(
          c.connection.consume(orders, () => {}, { rate } as never),
          'CONFIG_INVALID',
        )
        assert.match(error.message, words)
      }
    },
  },
])
