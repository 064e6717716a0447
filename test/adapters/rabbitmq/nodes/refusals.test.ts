/** Calls that the broker refuses: one error with its words, and nothing else on the connection notices. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { runs, timeoutOf } from '../../../foreign/runs.ts'
import { Fixture, message, nodeSpec, rejection, send, sendOk, text } from '../fixture.ts'

const fixture = new Fixture()

test('an exchange type that the broker does not know ends one call, at once, with its words', async () => {
  const spec = nodeSpec({
    name: fixture.name('odd'),
    type: 'topic',
    native: { exchangeType: 'x-delayed-message', arguments: { 'x-delayed-type': 'topic' } },
  })
  for (let round = 0; round < 2; round++) {
    expect(await rejection(fixture.connection.declare(spec))).toMatchObject({
      code: 'NOT_SUPPORTED',
      retryable: false,
      message: "unknown exchange type 'x-delayed-message'",
    })
  }
  expect(fixture.reports.lost).toEqual([])
})

test('an internal exchange takes nothing from programs, whatever they may do: no matter of permissions', async () => {
  const name = fixture.name('internal')
  const node = { name, type: 'topic' } as const
  await fixture.channel.assertExchange(name, 'topic', { internal: true })
  fixture.remove(node)
  const sender = await fixture.sender(node)
  expect(await send(sender)).toMatchObject({
    code: 'NOT_SUPPORTED',
    retryable: false,
    message: expect.stringMatching(/internal exchange/),
    hint: expect.stringMatching(/bound to/),
  })
})

test('an exchange of a type that a plugin has is made and used like any other', async () => {
  const spec = nodeSpec({
    name: fixture.name('built-in'),
    type: 'topic',
    native: { exchangeType: 'headers' },
  })
  fixture.remove(spec)
  await fixture.connection.declare(spec)
  await fixture.channel.checkExchange(spec.name)
})

describe('arguments of odd types', () => {
  const odd = fc.oneof(
    fc.string(),
    fc.double(),
    fc.integer(),
    fc.bigInt(),
    fc.boolean(),
    fc.constantFrom(null, Number.NaN, Number.POSITIVE_INFINITY, Symbol('x'), () => 1, new Date(Number.NaN)),
    fc.date(),
    fc.array(fc.double(), { maxLength: 2 }),
    fc.dictionary(fc.string(), fc.double(), { maxKeys: 2 }),
    fc.uint8Array({ maxLength: 3 }),
  )
  const names = fc.constantFrom(
    'x-max-length',
    'x-message-ttl',
    'x-expires',
    'x-dead-letter-exchange',
    'x-queue-type',
    'x-max-priority',
    'x-queue-mode',
    'x-overflow',
    'x-single-active-consumer',
    'alternate-exchange',
    'x-match',
    'x-priority',
    'x-stream-offset',
    'a'.repeat(256),
  )
  const call = fc.constantFrom('queue', 'topic', 'type', 'binding', 'receiver', 'subscription')

  test(
    'are taken, or refused with one error that says what; the connection and its other links live on',
    async () => {
      const watched = await fixture.node()
      const { inbox } = await fixture.receiver(watched)
      const sender = await fixture.sender(watched)
      await fc.assert(
        fc.asyncProperty(call, names, odd, async (kind, name, value) => {
          const node = {
            name: fixture.name('odd'),
            type: kind === 'queue' || kind === 'receiver' ? 'queue' : 'topic',
          } as const
          const args = { [name]: value }
          let error: unknown
          try {
            if (kind === 'queue' || kind === 'topic')
              await fixture.connection.declare(nodeSpec({ ...node, native: { arguments: args } }))
            else if (kind === 'type')
              await fixture.connection.declare(nodeSpec({ ...node, native: { exchangeType: value } }))
            else {
              await fixture.connection.declare(
                nodeSpec({ ...node, expiresMs: kind === 'receiver' ? 60_000 : undefined }),
              )
              const link = kind === 'receiver' ? { arguments: args } : { bindings: [{ arguments: args }] }
              const subscription = kind === 'subscription' ? { name: 's', durable: false } : undefined
              const { receiver } = await fixture.receiver(node, { link, subscription })
              await receiver.close()
              if (subscription) await fixture.connection.delete({ ...node, subscription: 's' })
            }
          } catch (problem) {
            error = problem
          }
          await fixture.connection.delete(node)
          if (error !== undefined) {
            expect(error).toMatchObject({
              name: 'MessagingError',
              retryable: false,
              context: { adapter: 'rabbitmq' },
            })
            expect((error as Error).message).not.toBe('')
          }
          await sendOk(sender, message('alive'))
          expect(text(await inbox.next())).toBe('alive')
          expect(fixture.reports.lost).toEqual([])
        }),
        runs(60),
      )
    },
    timeoutOf(60, 300),
  )
})
