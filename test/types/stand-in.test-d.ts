/** A program can stand in its own for what the library gives: for its tests, say. */
import { test } from 'vitest'
import type {
  Connection,
  Consumer,
  Delivery,
  ReceivedMessage,
  Receiver,
  Responder,
  Sender,
} from '../../src/index.ts'

class SentList implements Pick<Connection, 'send'> {
  readonly bodies: unknown[] = []
  async send(_target: unknown, body: unknown): Promise<{ id: string }> {
    this.bodies.push(body)
    return { id: String(this.bodies.length) }
  }
}

declare const connection: Pick<Connection, 'capabilities' | 'admin' | 'status' | 'on'>
declare function ships(connection: Pick<Connection, 'send'>): void

test('an object with the same methods is a connection, a message, a delivery', () => {
  ships(new SentList())
  const message: ReceivedMessage<number> = {
    body: 7,
    bytes: new TextEncoder().encode('7'),
    id: 'a',
    subject: undefined,
    contentType: 'application/json',
    properties: {},
    replyTo: undefined,
    correlationId: undefined,
    priority: 4,
    ttlMs: undefined,
    durable: true,
    userId: undefined,
    groupId: undefined,
    createdAt: new Date(0),
    annotations: {},
    toJSON: () => ({ body: 7 }),
  }
  const delivery: Delivery<number> = {
    ...message,
    deliveryCount: 1,
    redelivered: false,
    settled: false,
    signal: new AbortController().signal,
    accept: async () => {},
    release: async () => {},
    reject: async () => {},
  }
  const closed = Promise.resolve()
  const close = async (): Promise<void> => {}
  const end = { closed, close, [Symbol.asyncDispose]: close }
  const consumer: Consumer = end
  const responder: Responder = end
  const receiver: Receiver<number> = {
    ...end,
    credit: 1,
    mode: 'consume',
    available: 0,
    receive: async () => delivery,
    async *[Symbol.asyncIterator]() {
      yield delivery
    },
  }
  const sender: Sender<number> = {
    ...end,
    capacity: 1,
    unsettled: 0,
    send: async () => ({ id: 'a' }),
    sendAll: async () => [],
    forward: async () => ({ id: 'a' }),
  }
  const own: Connection = {
    ...connection,
    ...end,
    adapter: 'own',
    broker: undefined,
    native: undefined,
    state: 'connected',
    sender: async () => sender as Sender<never>,
    receiver: async () => receiver as Receiver<never>,
    async *browse() {
      yield message as ReceivedMessage<never>
    },
    replay: async () => ({ looked: 0, matched: 0, replayed: 0, reasons: [], otherReasons: 0, refused: [] }),
    send: async () => ({ id: 'a' }),
    request: async () => message as ReceivedMessage<never>,
    respond: async () => responder,
    consume: async () => consumer,
    consumeBatch: async () => consumer,
  }
  ships(own)
  // @ts-expect-error a message has its bytes
  const without: ReceivedMessage = { ...message, bytes: undefined }
  void without
})
