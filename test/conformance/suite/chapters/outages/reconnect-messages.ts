/** Messages and verdicts across a lost connection: nothing accepted is lost, nothing settles a stranger. */
import assert from 'node:assert/strict'
import type { CaseDefinition } from '../../case.ts'
import {
  allBodies,
  becomes,
  bodies,
  Events,
  eventually,
  fails,
  nothing,
  range,
  sorted,
  take,
  takeMany,
  within,
} from '../../expect.ts'

const BACK_MS = 15_000

export const messagesAcrossLoss: CaseDefinition[] = [
  {
    id: 'send-while-away',
    title: 'a send while disconnected waits for the connection, counts as unsettled, and succeeds',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      const events = new Events(c.connection)
      await c.faults.cut()
      await events.waitFor('disconnected')
      const sends = range(20).map((at) => sender.send(at))
      assert.equal(sender.unsettled, 20)
      await Promise.all(sends)
      assert.equal(sender.unsettled, 0)
      assert.deepEqual(await bodies(await c.connection.receiver(orders), 20), range(20))
      await events.stop()
    },
  },
  {
    id: 'send-gives-up',
    title: 'a send while disconnected ends with CONNECTION_LOST at its timeout and sends nothing',
    timeoutMs: 40_000,
    async run(c) {
      const orders = c.queue<string>()
      const sender = await c.connection.sender(orders)
      const events = new Events(c.connection)
      await c.faults.hold()
      await c.faults.cut()
      await events.waitFor('disconnected')
      const before = performance.now()
      const error = await fails(sender.send('never', { timeoutMs: 300 }), 'CONNECTION_LOST')
      assert.ok(performance.now() - before < 2_000, 'it gave up at its timeout')
      assert.equal(error.retryable, true)
      await c.faults.resume()
      await events.waitFor('reconnected', { timeoutMs: 25_000 })
      await nothing(await c.connection.receiver(orders))
      await events.stop()
    },
  },
  {
    id: 'in-flight',
    title: 'with 200 sends in flight at a cut each ends once, and every accepted message is there',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders, { capacity: 50 })
      const sends = range(200).map((at) => sender.send(at, { id: `in-flight-${at}` }))
      await sends[20]
      await c.faults.cut()
      const outcomes = await within(Promise.allSettled(sends), BACK_MS, 'an outcome of every send')
      const accepted = range(200).filter((at) => outcomes[at]!.status === 'fulfilled')
      const receiver = await (await c.open(c.harness.target())).receiver(orders)
      const there: [number, string][] = []
      const missing = new Set(accepted)
      for (;;) {
        // Once all is there, a short wait for what came twice.
        const delivery = await receiver.receive({ timeoutMs: missing.size > 0 ? BACK_MS : 300 })
        if (!delivery) break
        there.push([delivery.body, delivery.id])
        missing.delete(delivery.body)
        await delivery.accept()
      }
      assert.deepEqual([...missing], [], 'accepted and lost')
      // A resend may double a message, with the same id; it never makes another one of it.
      for (const [body, id] of there) assert.equal(id, `in-flight-${body}`)
    },
  },
  {
    id: 'in-doubt-fail',
    title: "with inDoubt: 'fail' a send whose answer was lost ends as SEND_UNCONFIRMED, never as a false ok",
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders, { inDoubt: 'fail' })
      const sends = range(100).map((at) => sender.send(at))
      await sends[0]
      await c.faults.cut()
      const outcomes = await within(Promise.allSettled(sends), BACK_MS, 'an outcome of every send')
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected')
          assert.match(outcome.reason.code, /^(SEND_UNCONFIRMED|CONNECTION_LOST)$/)
      }
      const receiver = await (await c.open(c.harness.target())).receiver(orders)
      const there = new Set(await allBodies(receiver, 300))
      const lost = range(100).filter((at) => outcomes[at]!.status === 'fulfilled' && !there.has(at))
      assert.deepEqual(lost, [], 'accepted and lost')
    },
  },
  {
    id: 'resend-stored-once',
    title: 'a resend with the same id is stored once',
    needs: ['deduplication'],
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders, { capacity: 50 })
      const sends = range(200).map((at) => sender.send(at))
      await sends[20]
      await c.faults.cut()
      await within(Promise.all(sends), BACK_MS, 'an outcome of every send')
      const receiver = await (await c.open(c.harness.target())).receiver(orders)
      assert.deepEqual(sorted(await allBodies(receiver, 300)), range(200))
    },
    async otherwise(c) {
      // Without it the resend may be there twice: same id, so that an application can tell.
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders, { capacity: 50 })
      const sends = range(100).map((at) => sender.send(at))
      await sends[10]
      await c.faults.cut()
      const outcomes = await within(Promise.all(sends), BACK_MS, 'an outcome of every send')
      const receiver = await (await c.open(c.harness.target())).receiver(orders)
      const ids = new Set(outcomes.map((outcome) => outcome.id))
      for (const delivery of await takeMany(receiver, 100))
        assert.ok(ids.has(delivery.id), 'the id is one that was sent')
    },
  },
  {
    id: 'stale-verdict',
    title: 'a verdict from before the loss is DELIVERY_LOST and settles no stranger; the message comes again',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await (await c.open(c.harness.target())).sender(orders)
      for (const at of range(3)) await sender.send(at)
      const receiver = await c.connection.receiver(orders)
      const held = await takeMany(receiver, 3)
      const { signal } = held[0]!
      const events = new Events(c.connection)
      await c.faults.cut()
      await events.waitFor('reconnected', { timeoutMs: BACK_MS })
      assert.equal(signal.aborted, true)
      const again = await takeMany(receiver, 3)
      for (const delivery of held) await fails(delivery.accept(), 'DELIVERY_LOST')
      await fails(held[0]!.release(), 'DELIVERY_LOST')
      await fails(held[0]!.reject('late'), 'DELIVERY_LOST')
      assert.deepEqual(sorted(again.map((delivery) => delivery.body)), range(3))
      assert.ok(
        again.every((delivery) => delivery.redelivered),
        'all are marked redelivered',
      )
      for (const delivery of again) await delivery.accept()
      await nothing(receiver)
      await events.stop()
    },
  },
  {
    id: 'unsettled-to-others',
    title: 'unsettled deliveries of a receiver that lost its connection go to another, marked redelivered',
    async run(c) {
      const orders = c.queue<number>()
      const other = await c.open(c.harness.target())
      const sender = await other.sender(orders)
      for (const at of range(4)) await sender.send(at)
      const lost = await c.connect({ reconnect: false })
      const receiver = await lost.receiver(orders)
      await takeMany(receiver, 4)
      await c.faults.cut()
      const again = await takeMany(await other.receiver(orders), 4)
      assert.deepEqual(sorted(again.map((delivery) => delivery.body)), range(4))
      assert.ok(
        again.every((delivery) => delivery.redelivered),
        'all are marked redelivered',
      )
    },
  },
  {
    id: 'repeated-cuts',
    title:
      'under load, five cuts in a row lose no accepted message; per sender order is kept among first deliveries',
    timeoutMs: 60_000,
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders, { capacity: 20 })
      const accepted: number[] = []
      const seen: { body: number; redelivered: boolean }[] = []
      await using _ = await c.connection.consume(orders, (delivery) => {
        seen.push({ body: delivery.body, redelivered: delivery.redelivered })
      })
      let sending = true
      const sends = (async () => {
        for (const at of range(400)) {
          await sender.send(at).then(
            () => accepted.push(at),
            () => {},
          )
        }
        sending = false
      })()
      const events = new Events(c.connection)
      for (const round of range(5)) {
        if (!sending) break
        await eventually(() => accepted.length > 20 + round * 50 || !sending, 'progress', BACK_MS)
        await c.faults.cut()
        await events.waitFor('reconnected', { nth: round + 1, timeoutMs: BACK_MS })
      }
      await within(sends, 40_000, 'all sends')
      const missing = (): number => {
        const there = new Set(seen.map((one) => one.body))
        return accepted.filter((at) => !there.has(at)).length
      }
      await becomes(missing, 0, 'accepted and lost', BACK_MS)
      await events.stop()
    },
  },
  {
    id: 'delayed-outlives-cut',
    title: 'a message released with a delay comes back although the connection was cut meanwhile',
    needs: ['delayedRelease'],
    async run(c) {
      const orders = c.queue<string>()
      const receiver = await c.connection.receiver(orders)
      await c.connection.send(orders, 'x')
      await (await take(receiver)).release({ delayMs: 500 })
      await c.faults.cut()
      const again = await take(receiver, BACK_MS)
      assert.equal(again.body, 'x')
      await again.accept()
    },
  },
]
