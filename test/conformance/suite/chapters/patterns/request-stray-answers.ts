/** Answers that come late, twice, from strangers or for nobody: they disturb no other request and leave nothing behind. */
import assert from 'node:assert/strict'
import { type MessagingError, queue } from 'sluice'
import type { CaseDefinition } from '../../case.ts'
import { Events, eventually, fails, held, range, take } from '../../expect.ts'

export const strayAnswers: CaseDefinition[] = [
  {
    id: 'late-answer',
    title: 'an answer after the timeout is dropped and counted, and disturbs no later request',
    needs: ['request'],
    async run(c) {
      const slow = c.service<string, string>()
      const events = new Events(c.connection)
      const raw = await (await c.connect()).receiver<string>(queue<string>(slow.name))
      const ended = fails(c.connection.request(slow, 'first', { timeoutMs: 1_000 }), 'REQUEST_TIMEOUT')
      const first = await take(raw)
      await ended
      assert.ok(first.replyTo, 'the request says where its answer should go')
      const answering = await c.connect()
      await answering.send(first.replyTo, 'too late', { correlationId: first.correlationId })
      await first.accept()
      await events.waitFor('late-response')
      const second = held(c.connection.request(slow, 'second', { timeoutMs: 5_000 }))
      const asked = await take(raw)
      await answering.send(asked.replyTo!, 'in time', { correlationId: asked.correlationId })
      await asked.accept()
      assert.equal((await second).body, 'in time')
      await events.stop()
    },
  },
  {
    id: 'duplicate-answer',
    title: 'a second answer to one request is dropped and counted',
    needs: ['request'],
    async run(c) {
      const twice = c.service<string, string>()
      const events = new Events(c.connection)
      const other = await c.connect()
      const raw = await other.receiver<string>(queue<string>(twice.name))
      const asked = held(c.connection.request(twice, 'x', { timeoutMs: 5_000 }))
      const request = await take(raw)
      const reply = await other.sender(request.replyTo!)
      await reply.send('one', { correlationId: request.correlationId })
      await reply.send('two', { correlationId: request.correlationId })
      await request.accept()
      assert.equal((await asked).body, 'one')
      await events.waitFor('late-response')
      assert.equal(events.of('late-response').length, 1)
      await events.stop()
    },
  },
  {
    id: 'foreign-answer',
    title: 'an answer to no known request is dropped, never matched to another',
    needs: ['request'],
    async run(c) {
      const strict = c.service<string, string>()
      const other = await c.connect()
      const raw = await other.receiver<string>(queue<string>(strict.name))
      const asked = held(c.connection.request(strict, 'x', { timeoutMs: 5_000 }))
      const request = await take(raw)
      await other.send(request.replyTo!, 'wrong', { correlationId: 'nobody-asked' })
      await other.send(request.replyTo!, 'right', { correlationId: request.correlationId })
      await request.accept()
      assert.equal((await asked).body, 'right')
    },
  },
  {
    id: 'requester-gone',
    title: 'an answer to a requester that has gone is told to the responder, which goes on',
    needs: ['request'],
    async run(c) {
      const slow = c.service<string, string>()
      const events = new Events(c.connection)
      const requester = await c.connect()
      let asked!: (replyTo: string) => void
      let gone!: () => void
      const arrival = new Promise<string>((resolve) => {
        asked = resolve
      })
      const departure = new Promise<void>((resolve) => {
        gone = resolve
      })
      await using _ = await c.connection.respond(slow, async ({ body, replyTo }) => {
        if (body !== 'for nobody') return body
        asked(replyTo!)
        await departure
        return body
      })
      const lost = fails(requester.request(slow, 'for nobody'), 'CLOSED')
      const replyTo = await arrival
      await requester.close()
      await lost
      const refused = (error: MessagingError): boolean => error.code === 'SEND_UNROUTABLE'
      const isGone = (): Promise<boolean> => c.connection.send(replyTo, 'x').then(() => false, refused)
      await eventually(isGone, 'the reply address is gone at the broker')
      gone()
      const { address, error } = await events.waitFor('response-undeliverable')
      assert.deepEqual([address, error.code], [slow.name, 'SEND_UNROUTABLE'])
      assert.equal((await c.connection.request(slow, 'for me', { timeoutMs: 5_000 })).body, 'for me')
      await events.stop()
    },
  },
  {
    id: 'no-reply-queue-left',
    title: 'no reply queue is left behind when the requester has closed',
    needs: ['request', 'list'],
    async run(c) {
      const echo = c.service<string, string>()
      await using _ = await c.connection.respond(echo, (request) => request.body)
      const names = async (): Promise<string> =>
        (await c.connection.admin.list())
          .map((node) => node.name)
          .sort()
          .join()
      // Other suites may use the same broker: what counts is that nothing more stays than was there in between.
      const requester = await c.connect()
      const before = await names()
      for (const at of range(5)) await requester.request(echo, String(at), { timeoutMs: 5_000 })
      await requester.close()
      const added = async (): Promise<string[]> => {
        const known = new Set(before.split(','))
        return (await names())
          .split(',')
          .filter((name) => !known.has(name) && /reply|response|tmp|temp|amq\.gen/i.test(name))
      }
      await eventually(async () => (await added()).length === 0, 'reply queues gone')
    },
  },
]
