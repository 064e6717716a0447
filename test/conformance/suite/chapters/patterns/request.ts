/** Request and response: answers find their questions, and every question ends. */
import assert from 'node:assert/strict'
import { queue, service } from 'sluice'
import { chapter } from '../../case.ts'
import { becomes, fails, held, range, within } from '../../expect.ts'
import { strayAnswers } from './request-stray-answers.ts'

export const requestChapter = chapter('request', [
  {
    id: 'answer',
    title: "request() resolves with the responder's answer",
    needs: ['request'],
    async run(c) {
      const quotes = c.service<{ item: string }, { price: number }>()
      await using _ = await c.connection.respond(quotes, (request) => ({ price: request.body.item.length }))
      const { body } = await c.connection.request(quotes, { item: 'four' }, { timeoutMs: 5_000 })
      assert.deepEqual(body, { price: 4 })
    },
  },
  {
    id: 'from-elsewhere',
    title: 'requester and responder may hold different connections',
    needs: ['request'],
    async run(c) {
      const echo = c.service<string, string>()
      const other = await c.connect()
      await using _ = await other.respond(echo, async (request) => request.body.toUpperCase())
      assert.equal((await c.connection.request(echo, 'abc', { timeoutMs: 5_000 })).body, 'ABC')
    },
  },
  {
    id: 'never-cross',
    title: 'two hundred concurrent requests each get their own answer',
    needs: ['request'],
    async run(c) {
      const double = c.service<number, number>()
      await using _ = await c.connection.respond(double, async (request) => request.body * 2, {
        concurrency: 8,
      })
      const answers = await Promise.all(
        range(200).map((at) => c.connection.request(double, at, { timeoutMs: 10_000 })),
      )
      assert.deepEqual(
        answers.map((answer) => answer.body),
        range(200).map((at) => at * 2),
      )
    },
  },
  {
    id: 'many-requesters',
    title: 'requesters on several connections do not get the answers of others',
    needs: ['request'],
    async run(c) {
      const echo = c.service<string, string>()
      await using _ = await c.connection.respond(echo, (request) => request.body, { concurrency: 4 })
      const requesters = await Promise.all(range(4).map(() => c.connect()))
      const answers = await Promise.all(
        requesters.flatMap((requester, who) =>
          range(20).map(async (at) => [
            `${who}/${at}`,
            (await requester.request(echo, `${who}/${at}`, { timeoutMs: 10_000 })).body,
          ]),
        ),
      )
      for (const [asked, got] of answers) assert.equal(got, asked)
    },
  },
  {
    id: 'handler-throws',
    title: "a handler's throw reaches the caller as REQUEST_FAILED with its message; the responder goes on",
    needs: ['request'],
    async run(c) {
      const risky = c.service<string, string>()
      await using _ = await c.connection.respond(risky, (request) => {
        if (request.body === 'bad') throw new Error('no such item: 42')
        return 'fine'
      })
      const error = await fails(c.connection.request(risky, 'bad', { timeoutMs: 5_000 }), 'REQUEST_FAILED')
      assert.match(error.message, /no such item: 42/)
      assert.equal((await c.connection.request(risky, 'good', { timeoutMs: 5_000 })).body, 'fine')
    },
  },
  {
    id: 'timeout',
    title: 'a request that nobody answers is REQUEST_TIMEOUT at its timeout',
    needs: ['request'],
    async run(c) {
      const idle = c.service<string, string>()
      const before = performance.now()
      await fails(c.connection.request(idle, 'anybody?', { timeoutMs: 300 }), 'REQUEST_TIMEOUT')
      const waited = performance.now() - before
      assert.ok(waited >= 280 && waited < 2_300, `it took ${waited} ms`)
    },
  },
  {
    id: 'nobody-there',
    title: 'a service that does not exist is told within the timeout',
    needs: ['request'],
    async run(c) {
      const missing = service<string, string>(c.name('missing'), { create: 'never' })
      await fails(
        c.connection.request(missing, 'x', { timeoutMs: 1_000 }),
        ['REQUEST_TIMEOUT', 'SEND_UNROUTABLE'],
        3_000,
      )
    },
  },
  {
    id: 'responder-later',
    title: 'a known service that is idle keeps the request for a responder that comes in time',
    needs: ['request'],
    async run(c) {
      const later = c.service<string, string>()
      const asked = held(c.connection.request(later, 'early', { timeoutMs: 8_000 }))
      const witness = await c.connect()
      if (c.has('inspect')) {
        await becomes(() => c.depth(queue(later.name), witness), 1, 'the waiting request')
      }
      await using _ = await witness.respond(later, (request) => `${request.body} bird`)
      assert.equal((await asked).body, 'early bird')
    },
  },
  ...strayAnswers,
  {
    id: 'several-responders',
    title: 'several responders share the requests',
    needs: ['request'],
    async run(c) {
      const pool = c.service<number, string>()
      const other = await c.connect()
      let held = 0
      let open: () => void = () => {}
      const bothBusy = new Promise<void>((resolve) => {
        open = resolve
      })
      const hold = (name: string) => async (): Promise<string> => {
        if (++held === 2) open()
        await bothBusy
        return name
      }
      await using _ = await c.connection.respond(pool, hold('a'))
      await using __ = await other.respond(pool, hold('b'))
      const answers = await Promise.all(
        range(2).map((at) => c.connection.request(pool, at, { timeoutMs: 8_000 })),
      )
      assert.deepEqual(answers.map((answer) => answer.body).sort(), ['a', 'b'])
    },
  },
  {
    id: 'concurrency',
    title: 'a responder runs as many handlers at once as it was allowed, never more',
    needs: ['request'],
    async run(c) {
      const busy = c.service<number, number>()
      let running = 0
      let most = 0
      let open: () => void = () => {}
      const gate = new Promise<void>((resolve) => {
        open = resolve
      })
      await using _ = await c.connection.respond(
        busy,
        async (request) => {
          most = Math.max(most, ++running)
          if (running === 3) open()
          await gate
          running--
          return request.body
        },
        { concurrency: 3 },
      )
      await Promise.all(range(12).map((at) => c.connection.request(busy, at, { timeoutMs: 8_000 })))
      assert.equal(most, 3)
    },
  },
  {
    id: 'one-by-one',
    title: 'by default a responder handles one request at a time, in order',
    needs: ['request'],
    async run(c) {
      const serial = c.service<number, number>()
      let running = 0
      const order: number[] = []
      await using _ = await c.connection.respond(serial, async (request) => {
        assert.equal(++running, 1)
        order.push(request.body)
        await new Promise((resolve) => setImmediate(resolve))
        running--
        return request.body
      })
      await Promise.all(range(10).map((at) => c.connection.request(serial, at, { timeoutMs: 8_000 })))
      assert.deepEqual(order, range(10))
    },
  },
  {
    id: 'declared-anew',
    title:
      'a request under way gets its answer though the service is asked under another declaration meanwhile',
    needs: ['request'],
    async run(c) {
      const echo = c.service<string, string>()
      let open!: () => void
      const opened = new Promise<void>((resolve) => {
        open = resolve
      })
      await using _ = await c.connection.respond(
        echo,
        async ({ body }) => {
          if (body === 'slow') await opened
          return body
        },
        { concurrency: 2 },
      )
      const slow = c.connection.request(echo, 'slow', { timeoutMs: 10_000 })
      const anew = service<string, string>(echo.name, { delete: 'never' })
      assert.equal((await c.connection.request(anew, 'quick', { timeoutMs: 5_000 })).body, 'quick')
      open()
      assert.equal((await slow).body, 'slow')
    },
  },
  {
    id: 'aborted',
    title: 'a request whose signal is aborted ends with ABORTED at once',
    needs: ['request'],
    async run(c) {
      const idle = c.service<string, string>()
      const abort = new AbortController()
      const asked = held(c.connection.request(idle, 'x', { signal: abort.signal, timeoutMs: 10_000 }))
      setImmediate(() => abort.abort())
      await fails(asked, 'ABORTED', 3_000)
    },
  },
  {
    id: 'fields-reach-handler',
    title: "the handler sees the request's fields, and the caller the response as a message",
    needs: ['request'],
    async run(c) {
      const echo = c.service<string, string>()
      let seen: unknown
      await using _ = await c.connection.respond(echo, (request) => {
        seen = [request.subject, { ...request.properties }, request.body]
        return 'ok'
      })
      const response = await c.connection.request(echo, 'hi', {
        subject: 'greeting',
        properties: { lang: 'en', n: 5n },
        timeoutMs: 5_000,
      })
      assert.deepEqual(seen, ['greeting', { lang: 'en', n: 5n }, 'hi'])
      assert.equal(response.contentType, 'text/plain')
    },
  },
  {
    id: 'falsy-answers',
    title: "null, 0, '' and false are answers like any other",
    needs: ['request'],
    async run(c) {
      const answers: unknown[] = [null, 0, '', false]
      const echo = c.service<number, unknown>()
      await using _ = await c.connection.respond(echo, (request) => answers[request.body])
      for (const at of range(4)) {
        assert.equal((await c.connection.request(echo, at, { timeoutMs: 5_000 })).body, answers[at])
      }
    },
  },
  {
    id: 'large',
    title: 'a request and an answer of a megabyte arrive whole',
    needs: ['request'],
    async run(c) {
      const echo = c.service<Uint8Array, Uint8Array>()
      await using _ = await c.connection.respond(echo, (request) => request.body)
      const body = Buffer.alloc(1_000_000, 'abc')
      const response = await c.connection.request(echo, body, { timeoutMs: 10_000 })
      assert.ok(body.equals(response.bytes), 'the bytes are the same')
    },
  },
  {
    id: 'isolated',
    title: 'two services do not get the requests of each other',
    needs: ['request'],
    async run(c) {
      const [left, right] = [c.service<string, string>('left'), c.service<string, string>('right')]
      await using _ = await c.connection.respond(left, () => 'l')
      await using __ = await c.connection.respond(right, () => 'r')
      assert.equal((await c.connection.request(left, 'x', { timeoutMs: 5_000 })).body, 'l')
      assert.equal((await c.connection.request(right, 'x', { timeoutMs: 5_000 })).body, 'r')
    },
  },
  {
    id: 'responder-closes',
    title: 'a responder that closes finishes what it has begun and takes nothing new',
    needs: ['request'],
    async run(c) {
      const last = c.service<string, string>()
      let begun: () => void = () => {}
      const started = new Promise<void>((resolve) => {
        begun = resolve
      })
      let finish: () => void = () => {}
      const gate = new Promise<void>((resolve) => {
        finish = resolve
      })
      const responder = await c.connection.respond(last, async () => {
        begun()
        await gate
        return 'finished'
      })
      const asked = held(c.connection.request(last, 'one', { timeoutMs: 8_000 }))
      await within(started, 5_000, 'the handler')
      const closing = responder.close()
      finish()
      await closing
      assert.equal((await asked).body, 'finished')
      await fails(c.connection.request(last, 'two', { timeoutMs: 300 }), 'REQUEST_TIMEOUT')
    },
  },
])
