/** What a program hands in that this library did not make: its own messages, its own answers' addresses. */
import { afterEach, expect, test } from 'vitest'
import {
  address,
  type Connection,
  connect,
  mailbox,
  multicast,
  queue,
  type ReceivedMessage,
  type ReplyTarget,
  service,
  topic,
} from '../../../src/index.ts'

let connection: Connection
afterEach(() => connection.close())

const note: ReceivedMessage<string> = {
  body: 'never asked for',
  bytes: new TextEncoder().encode('"seven"'),
  id: 'own-1',
  subject: 'a.b',
  contentType: 'application/json',
  properties: { size: 7n },
  replyTo: 'answers',
  correlationId: 'c-1',
  priority: 6,
  ttlMs: 60_000,
  durable: true,
  userId: undefined,
  groupId: 'g',
  createdAt: new Date(1_700_000_000_000),
  annotations: {},
  toJSON: () => ({}),
}

test('a message that the program made itself is forwarded by its fields', async () => {
  connection = await connect('memory:')
  const orders = queue('stand-ins')
  const sender = await connection.sender(orders)
  await sender.forward(note)
  const receiver = await connection.receiver(orders)
  const delivery = await receiver.receive({ timeoutMs: 5_000 })
  expect(delivery).toMatchObject({
    body: 'seven',
    id: 'own-1',
    subject: 'a.b',
    properties: { size: 7n },
    replyTo: 'answers',
    correlationId: 'c-1',
    priority: 6,
    groupId: 'g',
    createdAt: note.createdAt,
  })
  await expect(sender.forward({} as ReceivedMessage)).rejects.toThrow(TypeError)
})

const TARGETS: readonly (readonly [ReplyTarget, string])[] = [
  ['as it is', 'as it is'],
  [queue('answers', { maxLength: 5 }), 'answers'],
  [mailbox('my box'), "'my box'"],
  [service('prices'), 'prices'],
  [topic('news'), 'news'],
  [multicast('fleet').member('truck'), 'fleet:truck'],
  [address('news/eu; {create: always}'), 'news/eu'],
]

test.each(TARGETS)('replyTo %j arrives as %s', async (replyTo, text) => {
  connection = await connect('memory:')
  const questions = queue('reply-targets')
  await connection.send(questions, 'q', { replyTo })
  const receiver = await connection.receiver(questions)
  const delivery = await receiver.receive({ timeoutMs: 5_000 })
  expect(delivery?.replyTo).toBe(text)
  await delivery?.accept()
})

test('replyTo refuses what no answer can be sent to', async () => {
  connection = await connect('memory:')
  for (const wrong of [topic('news').subscription('a'), multicast('m').to('a'), { name: 'x' }, 7])
    await expect(connection.send(queue('q'), 1, { replyTo: wrong as never })).rejects.toThrow(TypeError)
})
