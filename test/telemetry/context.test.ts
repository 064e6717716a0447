/** Contexts of OpenTelemetry around handlers and calls, and the life of the instrumentation. */
import { context, propagation, trace } from '@opentelemetry/api'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Connection, connect, type Delivery, queue, service } from '../../src/index.ts'
import { contextOf, instrument } from '../../src/telemetry/index.ts'
import { brokerUrl, isLeftOut } from '../support/brokers.ts'
import { FaultProxy } from '../support/fault-proxy.ts'
import { uniqueName } from '../support/names.ts'
import { Recording } from './support/recording.ts'

let connection: Connection
beforeEach(async () => {
  connection = await connect(`memory:${uniqueName()}`)
})
afterEach(() => connection.close())

const tier = (): string | undefined => propagation.getActiveBaggage()?.getEntry('tier')?.value
const traceId = (): string | undefined => trace.getActiveSpan()?.spanContext().traceId

/** Runs `work` with that baggage. */
function withTier<T>(value: string, work: () => T): T {
  const baggage = propagation.createBaggage({ tier: { value } })
  return context.with(propagation.setBaggage(context.active(), baggage), work)
}

describe('inside a handler', () => {
  test('the message’s own trace and baggage are active, not those of whoever opened the consumer', async () => {
    await using recording = new Recording()
    const jobs = queue<string>(uniqueName())
    const seen: unknown[] = []
    await using _ = await withTier('opener', () =>
      recording.active('opening', () =>
        connection.consume(jobs, async () => {
          await undefined
          seen.push([tier(), traceId()])
        }),
      ),
    )
    const sent: unknown[] = []
    for (const value of ['gold', 'silver'])
      await withTier(value, () =>
        recording.active('app', async () => {
          sent.push([value, traceId()])
          await connection.send(jobs, 'x')
        }),
      )
    await connection.send(jobs, 'x')
    await expect.poll(() => seen.length).toBe(3)
    expect(seen.slice(0, 2)).toEqual(sent)
    // No trace, no baggage: a new one, and none left from the message before.
    expect(seen[2]).toEqual([undefined, expect.stringMatching(/^[0-9a-f]{32}$/)])
    expect(sent.map((one) => (one as unknown[])[1])).not.toContain((seen[2] as unknown[])[1])
  })

  test('handlers that run at once have each their own', async () => {
    await using recording = new Recording()
    const jobs = queue<string>(uniqueName())
    const seen: unknown[] = []
    const both: (() => void)[] = []
    await using _ = await connection.consume(
      jobs,
      async ({ body }) => {
        await new Promise<void>((resolve) => {
          both.push(resolve)
          if (both.length === 2) for (const one of both) one()
        })
        seen.push([body, tier()])
      },
      { concurrency: 2 },
    )
    for (const value of ['gold', 'silver']) await withTier(value, () => connection.send(jobs, value))
    await expect.poll(() => seen.length).toBe(2)
    expect(seen).toEqual(
      expect.arrayContaining([
        ['gold', 'gold'],
        ['silver', 'silver'],
      ]),
    )
    expect(recording.finished().length).toBeGreaterThan(0)
  })

  test('a responder answers within the trace and baggage of its request', async () => {
    await using recording = new Recording()
    const asked = service<string, unknown>(uniqueName())
    await using _ = await connection.respond(asked, () => [tier(), traceId()])
    await withTier('gold', () =>
      recording.active('app', async () => {
        expect((await connection.request(asked, 'x')).body).toEqual(['gold', traceId()])
        expect(tier()).toBe('gold')
      }),
    )
  })

  test('a loop over receive() takes the context of a delivery by contextOf()', async () => {
    await using recording = new Recording()
    const jobs = queue<string>(uniqueName())
    let sent: string | undefined
    await withTier('gold', () =>
      recording.active('app', async () => {
        sent = traceId()
        await connection.send(jobs, 'x')
      }),
    )
    await using receiver = await connection.receiver(jobs)
    const delivery = (await receiver.receive()) as Delivery
    expect([tier(), traceId()]).toEqual([undefined, undefined])
    context.with(contextOf(delivery), () => expect([tier(), traceId()]).toEqual(['gold', sent]))
  })
})

describe('relation', () => {
  test('link: a handler has a trace of its own, with a link to its message', async () => {
    await using recording = new Recording({ relation: 'link' })
    const jobs = queue<string>(uniqueName())
    await using _ = await connection.consume(jobs, () => {})
    await recording.active('app', () => connection.send(jobs, 'x'))
    await expect.poll(() => recording.lines().map(({ kind }) => kind)).toContain('CONSUMER')
    const line = recording.lines().find(({ kind }) => kind === 'CONSUMER')!
    expect([line.parent, line.links]).toEqual([undefined, [`send ${jobs.name}`]])
  })

  test('a forward inside a span of the program belongs to that, with a link to the message', async () => {
    await using recording = new Recording()
    const [jobs, next] = [queue(uniqueName()), queue(uniqueName())]
    await connection.send(jobs, 'x')
    await using receiver = await connection.receiver(jobs)
    await using sender = await connection.sender(next)
    const delivery = (await receiver.receive())!
    await recording.active('own', () => sender.forward(delivery))
    const line = recording.lines().find(({ name }) => name === `send ${next.name}`)!
    expect([line.kind, line.parent, line.links]).toEqual(['CLIENT', 'own', [`send ${jobs.name}`]])
  })
})

describe('instrument()', () => {
  test('refuses what it does not know, and to be on twice', async () => {
    expect(() => instrument({ relations: 'link' } as object)).toThrow(/relations.*relation/s)
    expect(() => instrument({ relation: 'child' as 'link' })).toThrow(/'parent' or 'link'/)
    expect(() => instrument({ settleSpans: 1 as unknown as boolean })).toThrow(/settleSpans/)
    await using _ = new Recording()
    expect(() => instrument()).toThrow(/on already/)
  })

  test('disable() ends open spans, is idempotent, and nothing is recorded or added from then on', async () => {
    const recording = new Recording()
    const asked = service<string, string>(uniqueName())
    await connection.admin.declare(asked)
    const asking = connection.request(asked, 'x', { timeoutMs: 5_000 }).catch(() => {})
    await expect.poll(() => recording.begun.length).toBe(1)
    recording.disable()
    recording.disable()
    expect(recording.finished().map(({ name }) => name)).toEqual([`request ${asked.name}`])
    const jobs = queue(uniqueName())
    await connection.send(jobs, 'x')
    await using receiver = await connection.receiver(jobs)
    expect({ ...(await receiver.receive())!.properties }).toEqual({})
    expect(recording.begun).toHaveLength(1)
    await recording[Symbol.asyncDispose]()
    await connection.close()
    await asking
  })

  test('a receive that ends with nothing, or by the end of its receiver, leaves no span', async () => {
    await using recording = new Recording()
    const jobs = queue(uniqueName())
    const receiver = await connection.receiver(jobs)
    await receiver.receive({ timeoutMs: 0 })
    const waiting = receiver.receive().catch(() => {})
    await receiver.close()
    await waiting
    expect(recording.begun).toEqual([])
    expect(await recording.metrics()).toEqual([])
  })
})

test.skipIf(isLeftOut('redis'))(
  'a send in doubt is one span, with an event for the loss and one for the resend',
  async () => {
    await using recording = new Recording()
    await using proxy = await FaultProxy.before(brokerUrl('redis'))
    await using far = await connect({ url: proxy.urlFor(brokerUrl('redis')), heartbeatMs: 0 })
    const jobs = queue(uniqueName())
    await using sender = await far.sender(jobs)
    proxy.silence('toClient')
    const sending = sender.send('x')
    await expect.poll(() => recording.begun.length).toBe(1)
    proxy.cut()
    await proxy.heal()
    await sending
    const lines = recording.lines().filter(({ name }) => name === `send ${jobs.name}`)
    expect(lines.map(({ events, error }) => ({ events, error }))).toEqual([
      { events: ['connection lost', 'sent again'], error: false },
    ])
    await far.admin.delete(jobs)
  },
)

describe('telemetry that fails costs its spans, and neither a message nor the process', () => {
  const throws = (): never => {
    throw new Error('theirs')
  }
  const handled = async (): Promise<unknown> => {
    const jobs = queue<string>(uniqueName())
    let tell: (body: unknown) => void = () => {}
    const seen = new Promise((resolve) => {
      tell = resolve
    })
    await using _ = await connection.consume(jobs, ({ body }) => tell(body))
    await connection.send(jobs, 'x', { properties: { baggage: 'tier=gold' } })
    return await seen
  }

  test('a tracer that throws', async () => {
    const tracer = { startSpan: throws, startActiveSpan: throws }
    await using _ = new Recording({ tracerProvider: { getTracer: () => tracer } })
    expect(await handled()).toBe('x')
  })

  test('a propagator that throws at the baggage of a stranger', async () => {
    await using recording = new Recording()
    propagation.disable()
    propagation.setGlobalPropagator({ inject: () => {}, extract: throws, fields: () => [] })
    expect(await handled()).toBe('x')
    await expect.poll(() => recording.finished().length).toBe(2)
  })
})
