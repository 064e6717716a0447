/** The W3C context of a message: who traces finds it on every broker, and a copy keeps it. */
import assert from 'node:assert/strict'
import { tracingChannel } from 'node:diagnostics_channel'
import { type ReceivedMessage, type Trace, traceCarrierOf } from 'sluice'
import { chapter } from '../../case.ts'
import { take } from '../../expect.ts'

const CARRIER = {
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  tracestate: 'congo=t61rcWkgMzE,rojo=00f067aa0ba902b7',
  baggage: 'region=eu,tier=gold',
}
const OTHER = '00-11111111111111111111111111111111-2222222222222222-00'

/** Somebody traces what is sent while `work` runs: every message that has no context of its own gets this one. */
async function tracing<T>(traceparent: string, work: () => Promise<T>): Promise<T> {
  const { start } = tracingChannel<unknown, Trace>('sluice:send')
  const listener = (trace: unknown): void => {
    ;(trace as Trace).carrier.traceparent = traceparent
  }
  start.subscribe(listener)
  try {
    return await work()
  } finally {
    start.unsubscribe(listener)
  }
}

function keeps(message: ReceivedMessage): void {
  assert.deepEqual(traceCarrierOf(message), CARRIER)
  // As text among the properties, where other programs look for it.
  for (const [name, text] of Object.entries(CARRIER)) assert.equal(message.properties[name], text)
}

export const traceContextChapter = chapter('trace-context', [
  {
    id: 'queue',
    title: 'trace and baggage that the sender gave arrive as they were, on a queue',
    needs: ['queue'],
    async run(c) {
      const orders = c.queue()
      const receiver = await c.connection.receiver(orders)
      await c.connection.send(orders, 'body', { properties: { ...CARRIER, own: 1 } })
      const delivery = await take(receiver)
      keeps(delivery)
      assert.equal(delivery.properties.own, 1)
    },
  },
  {
    id: 'topic',
    title: 'trace and baggage that the sender gave arrive as they were, on a topic',
    needs: ['topic'],
    async run(c) {
      const news = c.topic()
      const receiver = await c.connection.receiver(news.matching('#'))
      await c.connection.send(news, 'body', { subject: 'a', properties: CARRIER })
      keeps(await take(receiver))
    },
  },
  {
    id: 'given',
    title: 'who traces gives a message its trace, and replaces none that the sender gave',
    needs: ['queue'],
    async run(c) {
      const orders = c.queue()
      const receiver = await c.connection.receiver(orders)
      await tracing(OTHER, async () => {
        await c.connection.send(orders, 'without')
        await c.connection.send(orders, 'with', { properties: CARRIER })
      })
      assert.deepEqual(traceCarrierOf(await take(receiver)), { traceparent: OTHER })
      keeps(await take(receiver))
    },
  },
  {
    id: 'forward',
    title: 'a forwarded message keeps its trace, whoever traces the forwarding',
    needs: ['queue'],
    async run(c) {
      const [orders, next] = [c.queue('orders'), c.queue('next')]
      const receiver = await c.connection.receiver(orders)
      const sender = await c.connection.sender(next)
      const target = await c.connection.receiver(next)
      await c.connection.send(orders, 'body', { properties: CARRIER })
      const delivery = await take(receiver)
      await tracing(OTHER, () => sender.forward(delivery))
      keeps(await take(target))
    },
  },
  {
    id: 'released',
    title: 'a message that is released with a delay keeps its trace',
    needs: ['queue', 'delayedRelease'],
    async run(c) {
      const orders = c.queue()
      const receiver = await c.connection.receiver(orders)
      await c.connection.send(orders, 'body', { properties: CARRIER })
      const delivery = await take(receiver)
      await tracing(OTHER, () => delivery.release({ delayMs: 50 }))
      keeps(await take(receiver))
    },
  },
  {
    id: 'dead-letter',
    title: 'a dead letter keeps the trace of its message',
    needs: ['deadLetter'],
    async run(c) {
      const aside = c.queue('aside')
      const orders = c.queue('orders', { deadLetter: aside })
      const receiver = await c.connection.receiver(orders)
      const letters = await c.connection.receiver(aside)
      await c.connection.send(orders, 'body', { properties: CARRIER })
      const delivery = await take(receiver)
      await tracing(OTHER, () => delivery.reject('no'))
      keeps(await take(letters))
    },
  },
  {
    id: 'replayed',
    title: 'a dead letter that is replayed keeps the trace of its message',
    needs: ['deadLetter', 'replay'],
    async run(c) {
      const aside = c.queue('aside')
      const orders = c.queue('orders', { deadLetter: aside })
      const receiver = await c.connection.receiver(orders)
      await c.connection.send(orders, 'body', { properties: CARRIER })
      await (await take(receiver)).reject('no')
      await tracing(OTHER, () => c.connection.replay(aside))
      keeps(await take(receiver))
    },
  },
  {
    id: 'request',
    title: 'a request takes its trace to the handler',
    needs: ['request'],
    async run(c) {
      const quotes = c.service<string, string>()
      await c.connection.respond(quotes, (request) => String(traceCarrierOf(request)?.traceparent))
      const { body } = await c.connection.request(quotes, 'body', { properties: CARRIER })
      assert.equal(body, CARRIER.traceparent)
    },
  },
])
