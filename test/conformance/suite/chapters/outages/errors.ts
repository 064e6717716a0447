/** Errors: one class, every promise ends, nothing is silent. */
import assert from 'node:assert/strict'
import { ERROR_CODES, isMessagingError, MessagingError, queue } from 'sluice'
import { chapter } from '../../case.ts'
import { Events, fails, held, take } from '../../expect.ts'

export const errorsChapter = chapter('errors', [
  {
    id: 'shape',
    title: 'an error carries code, scope, retryable, hint and context, and prints as JSON',
    async run(c) {
      const error = await fails(
        c.connection.receiver(queue(c.name('missing'), { create: 'never' })),
        'ADDRESS_NOT_FOUND',
      )
      const facts = ERROR_CODES[error.code]
      assert.equal(error.scope, facts.scope)
      assert.equal(typeof error.retryable, 'boolean')
      assert.ok(error.hint.length > 0, 'the error has a hint')
      assert.ok(error instanceof Error && error.name === 'MessagingError', 'it is the one error class')
      assert.ok(isMessagingError(error, 'ADDRESS_NOT_FOUND'))
      assert.equal(JSON.parse(JSON.stringify(error)).code, 'ADDRESS_NOT_FOUND')
    },
  },
  {
    id: 'redacted',
    title: 'a password in a URL never shows in an error',
    async run() {
      const error = new MessagingError('INTERNAL', 'lost rabbitmq://me:geheim@host/vh?password=geheim')
      assert.ok(!error.message.includes('geheim'), 'the password is hidden')
      assert.ok(error.message.includes('host'), 'the host is shown')
    },
  },
  {
    id: 'unknown-options',
    title: 'misspelt options of every call are CONFIG_INVALID, naming the nearest known one',
    async run(c) {
      const orders = c.queue()
      const calls: [() => unknown, RegExp][] = [
        [() => c.connection.sender(orders, { capcity: 1 } as object), /capacity/],
        [() => c.connection.receiver(orders, { credt: 1 } as object), /credit/],
        [() => c.connection.respond(c.service(), () => 1, { concurency: 1 } as object), /concurrency/],
        [() => c.connection.close({ timeoutms: 1 } as object), /timeoutMs/],
      ]
      for (const [call, nearest] of calls) {
        const error = await fails(async () => await call(), 'CONFIG_INVALID')
        assert.match(`${error.message} ${error.hint}`, nearest)
      }
      await c.connection.send(orders, 'the connection goes on')
    },
  },
  {
    id: 'queue-deleted-under-receiver',
    title: 'a queue deleted under its receiver is made again, as its address says, and the receiver goes on',
    needs: ['delete', 'declare'],
    async run(c) {
      const orders = c.queue<string>()
      const events = new Events(c.connection)
      const receiver = await c.connection.receiver(orders)
      const waiting = receiver.receive({ timeoutMs: 4_000 }).then(
        (delivery) => delivery?.body ?? 'nothing',
        (error: MessagingError) => error.code,
      )
      await c.connection.admin.delete(orders)
      const outcome = await Promise.race([
        waiting,
        resend(c.connection.send.bind(c.connection), orders, waiting),
      ])
      assert.equal(outcome, 'back again')
      await events.stop()
    },
  },
  {
    id: 'failure-isolated',
    title: 'an error of one link leaves the other links of the connection alone',
    async run(c) {
      const orders = c.queue<string>()
      const receiver = await c.connection.receiver(orders)
      const sender = await c.connection.sender(orders)
      await fails(c.connection.receiver(c.name('missing')), 'ADDRESS_NOT_FOUND')
      await fails(c.connection.sender(c.name('missing')), 'ADDRESS_NOT_FOUND')
      await sender.send('still fine')
      assert.equal((await take(receiver)).body, 'still fine')
    },
  },
  {
    id: 'no-unhandled',
    title: 'what fails in the background never becomes an unhandled rejection',
    needs: ['request'],
    async run(c) {
      const unhandled: unknown[] = []
      const note = (error: unknown): void => void unhandled.push(error)
      process.on('unhandledRejection', note)
      try {
        const connection = await c.connect()
        const orders = c.queue<string>()
        const sender = await connection.sender(orders)
        for (const at of ['a', 'b', 'c']) await sender.send(at)
        await connection.receiver(orders, { credit: 2 })
        await connection.consume(orders, () => Promise.reject(new Error('thrown by the handler')))
        await connection.respond(c.service<string, string>(), () => Promise.reject(new Error('thrown too')))
        // The promises that this program was given are its own to handle; it does.
        const given = [sender.send('d'), connection.request(c.service<string, string>(), 'x')].map(held)
        await connection.close({ timeoutMs: 500 })
        await Promise.allSettled(given)
        for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
      } finally {
        process.off('unhandledRejection', note)
      }
      assert.deepEqual(unhandled.map(String), [])
    },
  },
])

/** Sends until the receiver has an answer: the queue may be made again a moment later. */
async function resend(
  send: (to: ReturnType<typeof queue<string>>, body: string) => Promise<unknown>,
  to: ReturnType<typeof queue<string>>,
  answered: Promise<string>,
): Promise<never> {
  let done = false
  void answered.then(() => {
    done = true
  })
  while (!done) {
    await send(to, 'back again').catch(() => {})
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return new Promise(() => {})
}
