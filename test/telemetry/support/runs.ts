/** A program for each pattern of the table. */
import { type Connection, queue, service, topic } from '../../../src/index.ts'
import { uniqueName } from '../../support/names.ts'
import type { Recording } from './recording.ts'
import type { Pattern } from './table.ts'

/** Runs the pattern to its last span; resolves to what the names stand for. */
export async function run(
  pattern: Pattern,
  connection: Connection,
  recording: Recording,
): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>()
  const name = (role: string): string => {
    const own = uniqueName()
    names.set(own, role)
    return own
  }
  await RUNS[pattern](connection, recording, name)
  return names
}

type Run = (connection: Connection, recording: Recording, name: (role: string) => string) => Promise<void>

/** Spans of that operation that have ended. */
function ended(recording: Recording, operation: string): () => number {
  return () =>
    recording.finished().filter(({ attributes }) => attributes['messaging.operation.name'] === operation)
      .length
}

const RUNS: Readonly<Record<Pattern, Run>> = {
  async 'send, receive, accept'(connection, recording, name) {
    const orders = queue(name('orders'))
    await recording.active('app', () => connection.send(orders, 'body'))
    await using receiver = await connection.receiver(orders)
    await (await receiver.receive())!.accept()
  },

  async 'consume, and send from the handler'(connection, recording, name) {
    const orders = queue(name('orders'))
    const next = queue(name('next'))
    // A span that is active here is none of the messages' business.
    await using _ = await recording.active('opening', () =>
      connection.consume(orders, async () => {
        await connection.send(next, 'body')
      }),
    )
    await recording.active('app', () => connection.send(orders, 'body'))
    await until(ended(recording, 'accept'), 1)
  },

  async 'consumeBatch: one span for the batch, linked to every message'(connection, recording, name) {
    const orders = queue(name('orders'))
    await using sender = await connection.sender(orders)
    await recording.active('app', () => sender.sendAll(['body', 'body']))
    await using _ = await connection.consumeBatch(orders, () => {}, { size: 2, waitMs: 10_000 })
    await until(ended(recording, 'accept'), 2)
  },

  async 'request and respond'(connection, recording, name) {
    const quotes = service<string, string>(name('quotes'))
    await using _ = await connection.respond(quotes, ({ body }) => body)
    await recording.active('app', () => connection.request(quotes, 'body'))
    await until(ended(recording, 'accept'), 1)
    await until(ended(recording, 'send'), 1)
  },

  async 'a request whose handler throws'(connection, recording, name) {
    const quotes = service<string, string>(name('quotes'))
    await using _ = await connection.respond(quotes, () => {
      throw new Error('no')
    })
    await recording.active('app', () => connection.request(quotes, 'body').catch(() => {}))
    await until(ended(recording, 'accept'), 1)
    await until(ended(recording, 'send'), 1)
  },

  async 'a throw, tried again, and the dead letter'(connection, recording, name) {
    const dead = queue(name('dead'))
    const orders = queue(name('orders'), { maxDeliveries: 2, deadLetter: dead })
    await using letters = await connection.receiver(dead)
    await using _ = await connection.consume(
      orders,
      () => {
        throw new Error('no')
      },
      { onError: () => {}, retry: { minDelayMs: 1, maxDelayMs: 1 } },
    )
    await recording.active('app', () => connection.send(orders, 'body'))
    await letters.receive()
    await until(ended(recording, 'reject'), 1)
  },

  async 'publish, a subscription by its name'(connection, recording, name) {
    const news = topic(name('news'))
    await using kept = await connection.receiver(news.matching('#').subscription('archive'))
    await recording.active('app', () => connection.send(news, 'body', { subject: 'a.b' }))
    await kept.receive()
  },

  async 'forward keeps the context'(connection, recording, name) {
    const [orders, next] = [queue(name('orders')), queue(name('next'))]
    await recording.active('app', () => connection.send(orders, 'body'))
    await using receiver = await connection.receiver(orders)
    await using sender = await connection.sender(next)
    await sender.forward((await receiver.receive())!)
    await using target = await connection.receiver(next)
    await target.receive()
  },

  async 'a send that fails'(connection, recording, name) {
    const missing = queue(name('missing'), { create: 'never' })
    await recording.active('app', () => connection.send(missing, 'body').catch(() => {}))
  },
}

/** A verdict and an answer end behind the call that the program waits for. */
async function until(count: () => number, enough: number): Promise<void> {
  const end = performance.now() + 10_000
  while (count() < enough) {
    if (performance.now() > end) throw new Error('The span did not end')
    await new Promise((resolve) => setImmediate(resolve))
  }
}
