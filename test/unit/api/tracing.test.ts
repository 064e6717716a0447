/** The tracing channels of the library: what they tell, and what they never tell. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { type ChannelListener, tracingChannel } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type Connection,
  connect,
  queue,
  service,
  type Trace,
  topic,
  traceCarrierOf,
} from '../../../src/index.ts'
import { uniqueName } from '../../support/names.ts'

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const OPERATIONS = ['send', 'receive', 'process', 'settle', 'request', 'respond'] as const
const EVENTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const

let connection: Connection
const offs: (() => void)[] = []
beforeEach(async () => {
  connection = await connect(`memory:${uniqueName()}`)
})
afterEach(async () => {
  for (const off of offs.splice(0)) off()
  await connection.close()
})

function listen(
  operation: (typeof OPERATIONS)[number],
  event: (typeof EVENTS)[number],
  listener: (trace: Trace) => void,
): void {
  const channel = tracingChannel<unknown, Trace>(`sluice:${operation}`)[event]
  const heard: ChannelListener = (trace) => listener(trace as Trace)
  channel.subscribe(heard)
  offs.push(() => channel.unsubscribe(heard))
}

/** Everything that is told from now on: `send start`, `send end` … with the trace. */
function recordAll(): { line: string; trace: Trace }[] {
  const heard: { line: string; trace: Trace }[] = []
  for (const operation of OPERATIONS)
    for (const event of EVENTS)
      listen(operation, event, (trace) => heard.push({ line: `${operation} ${event}`, trace }))
  return heard
}

const linesOf = (heard: { line: string }[]): string[] => heard.map(({ line }) => line)

describe('what is told', () => {
  test('a send: start to asyncEnd with one object that names address, adapter and message', async () => {
    const heard = recordAll()
    const jobs = queue(uniqueName())
    const { id } = await connection.send(jobs, 'x', { correlationId: 'c1' })
    expect(linesOf(heard)).toEqual(['send start', 'send end', 'send asyncStart', 'send asyncEnd'])
    expect(new Set(heard.map(({ trace }) => trace)).size).toBe(1)
    const { trace } = heard[0]!
    expect(trace).toMatchObject({
      operation: 'send',
      adapter: 'memory',
      address: jobs.name,
      server: undefined,
      subscription: undefined,
      batch: false,
      errorCode: undefined,
    })
    expect(trace.messages).toEqual([{ id, correlationId: 'c1', carried: undefined }])
  })

  test('a send that fails: its code, before asyncEnd', async () => {
    const heard = recordAll()
    const missing = queue(uniqueName(), { create: 'never' })
    await expect(connection.send(missing, 'x')).rejects.toMatchObject({ code: 'SEND_UNROUTABLE' })
    expect(linesOf(heard)).toEqual([
      'send start',
      'send end',
      'send error',
      'send asyncStart',
      'send asyncEnd',
    ])
    expect(heard[0]!.trace.errorCode).toBe('SEND_UNROUTABLE')
  })

  test('receive tells the message at its end, and nothing of it when nothing came', async () => {
    const jobs = queue(uniqueName())
    await using receiver = await connection.receiver(jobs)
    const heard = recordAll()
    expect(await receiver.receive({ timeoutMs: 0 })).toBeUndefined()
    expect(heard.at(-1)).toMatchObject({ line: 'receive asyncEnd', trace: { messages: [] } })
    const { id } = await connection.send(jobs, 'x')
    const delivery = (await receiver.receive())!
    expect(heard.at(-1)).toMatchObject({ line: 'receive asyncEnd', trace: { messages: [{ id }] } })
    await delivery.accept()
    expect(heard.at(-1)).toMatchObject({
      line: 'settle asyncEnd',
      trace: { verdict: 'accept', messages: [{ id }] },
    })
  })

  test('a loop tells each receive; a browse tells nothing', async () => {
    const jobs = queue(uniqueName())
    await connection.send(jobs, 1)
    await connection.send(jobs, 2)
    const heard = recordAll()
    for await (const message of connection.browse(jobs)) expect(message.body).toBeTypeOf('number')
    expect(heard).toEqual([])
    await using receiver = await connection.receiver(jobs)
    let seen = 0
    for await (const delivery of receiver) {
      await delivery.accept()
      if (++seen === 2) break
    }
    const ends = linesOf(heard).filter((line) => line.endsWith('asyncEnd'))
    expect(ends).toEqual(['receive asyncEnd', 'settle asyncEnd', 'receive asyncEnd', 'settle asyncEnd'])
  })

  test('a handler: processing ends before its verdict; a throw has a code and no text', async () => {
    const dead = queue(uniqueName())
    const jobs = queue<string>(uniqueName(), { maxDeliveries: 1, deadLetter: dead })
    const heard = recordAll()
    await using _ = await connection.consume(
      jobs,
      () => {
        throw new Error('secret of the handler')
      },
      { onError: () => {} },
    )
    await using dying = await connection.receiver(dead)
    await connection.send(jobs, 'x')
    const letter = (await dying.receive())!
    const told = (): typeof heard =>
      heard.filter(({ trace }) => trace.address === jobs.name && trace.operation !== 'send')
    await expect
      .poll(() => linesOf(told()))
      .toEqual([
        ...['process start', 'process end', 'process error', 'process asyncStart', 'process asyncEnd'],
        ...['settle start', 'settle end', 'settle asyncStart', 'settle asyncEnd'],
      ])
    const ofJobs = told()
    expect(ofJobs[0]!.trace.errorCode).toBe('HANDLER_FAILED')
    expect(ofJobs[5]!.trace.verdict).toBe('reject')
    expect(letter.properties['sluice-reason']).toBe('secret of the handler')
    expect(inspect(heard, { depth: 8 })).not.toContain('secret of the handler')
  })

  test('a subscription by its name', async () => {
    const news = topic(uniqueName())
    await using kept = await connection.receiver(news.matching('#').subscription('archive'))
    const heard = recordAll()
    await connection.send(news, 'x', { subject: 'a' })
    await kept.receive()
    expect(heard.at(-1)!.trace).toMatchObject({ address: news.name, subscription: 'archive' })
  })

  test('a request, its handler, and the answer to an address without name', async () => {
    const quotes = service<string, string>(uniqueName())
    await using _ = await connection.respond(quotes, ({ body }) => body)
    const heard = recordAll()
    await connection.request(quotes, 'x')
    const starts = heard
      .filter(({ line }) => line.endsWith(' start'))
      .map(({ trace }) => [trace.operation, trace.address])
    expect(starts.slice(0, 3)).toEqual([
      ['request', quotes.name],
      ['respond', quotes.name],
      ['send', undefined],
    ])
    const [asked, , answered] = heard.filter(({ line }) => line.endsWith(' start'))
    expect(answered!.trace.messages[0]!.correlationId).toBe(asked!.trace.messages[0]!.correlationId)
  })
})

describe('context', () => {
  test('what a subscriber puts in the carrier is sent, beside the properties', async () => {
    listen('send', 'start', ({ carrier }) => {
      carrier.traceparent = TRACEPARENT
      carrier.tracestate = 'vendor=1'
      carrier.baggage = 'tier=gold'
    })
    const jobs = queue(uniqueName())
    await connection.send(jobs, 'x', { properties: { own: 1 } })
    await using receiver = await connection.receiver(jobs)
    const delivery = (await receiver.receive())!
    expect({ ...delivery.properties }).toEqual({
      own: 1,
      traceparent: TRACEPARENT,
      tracestate: 'vendor=1',
      baggage: 'tier=gold',
    })
    expect(traceCarrierOf(delivery)).toEqual({
      traceparent: TRACEPARENT,
      tracestate: 'vendor=1',
      baggage: 'tier=gold',
    })
  })

  test('what the application put there is told and stays, a forwarded message’s too', async () => {
    const other = TRACEPARENT.replace('4bf9', '1111')
    const carried: unknown[] = []
    listen('send', 'start', ({ carrier, messages }) => {
      carried.push(messages[0]!.carried)
      carrier.traceparent = other
      carrier.tracestate = 'other=1'
    })
    const [first, second] = [queue(uniqueName()), queue(uniqueName())]
    await connection.send(first, 'x', { properties: { traceparent: TRACEPARENT } })
    await using receiver = await connection.receiver(first)
    await using sender = await connection.sender(second)
    await sender.forward((await receiver.receive())!)
    await using target = await connection.receiver(second)
    expect({ ...(await target.receive())!.properties }).toEqual({ traceparent: TRACEPARENT })
    expect(carried).toEqual([{ traceparent: TRACEPARENT }, { traceparent: TRACEPARENT }])
  })

  test('copies that the library makes are no sends: nothing is added', async () => {
    const dead = queue(uniqueName())
    const jobs = queue(uniqueName(), { deadLetter: dead })
    await connection.send(jobs, 'x')
    listen('send', 'start', ({ carrier }) => {
      carrier.traceparent = TRACEPARENT
    })
    await using receiver = await connection.receiver(jobs)
    await (await receiver.receive())!.release({ delayMs: 1 })
    await (await receiver.receive())!.reject('r')
    await using letters = await connection.receiver(dead)
    expect(Object.keys((await letters.receive())!.properties)).not.toContain('traceparent')
  })

  test.each([
    ['2', undefined],
    ['00-00000000000000000000000000000000-00f067aa0ba902b7-01', undefined],
    ['ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', undefined],
    [`${TRACEPARENT}-more`, undefined],
    [`${TRACEPARENT}\n`, undefined],
    [TRACEPARENT.toUpperCase(), undefined],
    [Buffer.from(TRACEPARENT), TRACEPARENT],
    [`01${TRACEPARENT.slice(2)}-more`, `01${TRACEPARENT.slice(2)}-more`],
  ])('a property traceparent of %j is read as %j', async (value, read) => {
    const jobs = queue(uniqueName())
    await connection.send(jobs, 'x', { properties: { traceparent: value, baggage: 'two suitcases' } })
    await using receiver = await connection.receiver(jobs)
    expect(traceCarrierOf((await receiver.receive())!)?.traceparent).toBe(read)
  })

  test('handlers, and their verdicts, run in a store bound to the channel and inside what a subscriber wraps', async () => {
    const store = new AsyncLocalStorage<string>()
    const wrapped = new AsyncLocalStorage<string>()
    const { start } = tracingChannel<unknown, Trace>('sluice:process')
    start.bindStore(store, ({ messages }) => messages[0]!.id)
    offs.push(() => start.unbindStore(store))
    listen('process', 'start', (trace) => trace.wrap((work) => wrapped.run('inside', work)))
    const settledIn: unknown[] = []
    listen('settle', 'start', () => settledIn.push(store.getStore()))
    const jobs = queue(uniqueName())
    let seen: unknown[] = []
    await using _ = await connection.consume(jobs, async () => {
      await undefined
      seen = [store.getStore(), wrapped.getStore()]
    })
    const { id } = await connection.send(jobs, 'x')
    await expect.poll(() => settledIn).toEqual([id])
    expect(seen).toEqual([id, 'inside'])
  })
})
