import { once } from 'node:events'
import { expect, test } from 'vitest'
import { connect, service } from '../../../../src/index.ts'
import { Fixture, message, url } from '../fixture.ts'

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
