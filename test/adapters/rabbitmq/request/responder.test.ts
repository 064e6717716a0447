import { once } from 'node:events'
import amqp, { type GetMessage } from 'amqplib'
import { expect, test } from 'vitest'
import { tapHeaderFrames } from '../../../../src/adapters/rabbitmq/wire/native-properties.ts'
import { copyFrames } from '../../../../src/adapters/rabbitmq/wire/publish-frames.ts'
import { connect, service } from '../../../../src/index.ts'
import { eventually } from '../../../support/eventually.ts'
import { amqpUrl, Fixture, message, url } from '../fixture.ts'

const fixture = new Fixture()

test('an answer that finds nobody is told, and holds up no other request', async () => {
  await using home = await connect(url)
  const quotes = service<string, string>(`responder-${process.hrtime.bigint()}`)
  const begun = new EventTarget()
  const mayAnswer = new EventTarget()
  await using responder = await home.respond(quotes, async ({ body }) => {
    begun.dispatchEvent(new Event(body))
    if (body === 'lost') await once(mayAnswer, 'go')
    return body
  })
  const undeliverable = new Promise<string>((resolve) =>
    home.on('response-undeliverable', ({ error }) => resolve(error.code)),
  )
  const asker = await connect(url)
  const handling = once(begun, 'lost')
  const lost = asker.request(quotes, 'lost').then(
    () => 'answered',
    (error) => error.code,
  )
  await handling
  await asker.close()
  expect(await lost).toBe('CLOSED')
  mayAnswer.dispatchEvent(new Event('go'))
  expect((await home.request(quotes, 'next')).body).toBe('next')
  expect(await undeliverable).toBe('SEND_UNROUTABLE')
  await responder.close()
  // It was accepted all the same: nobody handles it again.
  expect((await home.admin.inspect(quotes))?.depth).toBe(0)
  await home.admin.delete(quotes)
})

test('a responder that closes has told what became of its answers', async () => {
  await using home = await connect(url)
  await using asker = await connect(url)
  const quotes = service<number, number>(`responder-${process.hrtime.bigint()}`)
  const problems: unknown[] = []
  home.on('response-undeliverable', ({ error }) => problems.push(error))
  const responder = await home.respond(quotes, ({ body }) => body + 1, { concurrency: 4 })
  const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => asker.request(quotes, n)))
  await responder.close()
  expect(answers.map(({ body }) => body)).toEqual(Array.from({ length: 200 }, (_, n) => n + 1))
  expect(problems).toEqual([])
  expect((await home.admin.inspect(quotes))?.depth).toBe(0)
  await home.admin.delete(quotes)
})

test.each([
  ['correlation', 0x0600],
  ['message', 0x0280],
])('an answer has the %s id of its request as it came, also where it is no text', async (_, flags) => {
  await using home = await connect(url)
  const { name: replies } = await fixture.node()
  const requests = service<unknown, string>(fixture.name('requests'))
  fixture.remove({ name: requests.name, type: 'queue' })
  await using _responder = await home.respond(requests, () => 'answer')
  // As the Erlang client numbers its calls.
  const id = Buffer.from([8, 0, 0, 0, 0, 0xff, 0x80, 0xc3, 0])
  const reply = Buffer.from(`\0${replies}`)
  reply[0] = replies.length
  const head = Buffer.of(flags >> 8, flags & 0xff)
  const headerBytes = Buffer.concat([head, ...(flags === 0x0600 ? [id, reply] : [reply, id])])
  const bare = await amqp.connect(amqpUrl)
  fixture.atEnd(() => bare.close())
  expect(tapHeaderFrames(bare)).toBe(true)
  const channel = await bare.createChannel()
  const { ch, connection } = channel as unknown as {
    ch: number
    connection: { frameMax: number; sendBytes(bytes: Buffer): void }
  }
  const frames = copyFrames(
    ch,
    '',
    requests.name,
    Buffer.from('question'),
    { headerBytes },
    connection.frameMax,
  )
  connection.sendBytes(frames!)
  let answer: GetMessage | false = false
  await eventually(async () => {
    answer = await channel.get(replies, { noAck: true })
    return answer !== false
  })
  const { content, properties } = answer as unknown as { content: Buffer; properties: { bytes: Buffer } }
  expect(content.toString()).toContain('answer')
  expect(properties.bytes.includes(id)).toBe(true)
})

test('an answer is written though its sender is closed in the same turn: its request may be accepted already', async () => {
  const { name } = await fixture.node()
  const { channel } = fixture
  const answered = new Promise<string | undefined>((resolve, reject) => {
    const options = { noAck: true }
    channel
      .consume('amq.rabbitmq.reply-to', (answer) => resolve(answer?.content.toString()), options)
      .then(() => channel.sendToQueue(name, Buffer.from('question'), { replyTo: 'amq.rabbitmq.reply-to' }))
      .catch(reject)
  })
  await expect.poll(async () => (await fixture.connection.inspect({ name, type: 'queue' }))?.depth).toBe(1)
  const question = await channel.get(name, { noAck: true })
  if (!question) throw new Error('The question is gone')
  const { connection } = await fixture.connect()
  const sender = await fixture.sender(undefined, {}, connection)
  sender.send({
    message: message('answer', { to: question.properties.replyTo }),
    resend: false,
    settle: () => {},
  })
  await sender.close()
  expect(await answered).toBe('answer')
})
