/** Peers without a hub: what works between them, what is refused, what is told when something is lost. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Dealer, Push } from 'zeromq'
import { RemoteDelivery } from '../../../../src/adapters/zeromq/codec/incoming.ts'
import { RecordWriter } from '../../../../src/adapters/zeromq/codec/records.ts'
import { messageFrame, readMessageFrame } from '../../../../src/adapters/zeromq/peer/frames.ts'
import {
  broadcast,
  type Connection,
  connect,
  multicast,
  queue,
  type StatusEvent,
  service,
  topic,
} from '../../../../src/index.ts'
import { Child } from '../../../support/child.ts'
import { message } from '../../../support/contract.ts'
import { eventually } from '../../../support/eventually.ts'
import { freePorts } from '../../../support/free-ports.ts'

const jobs = queue<number>('jobs')
const news = topic<string>('news')
const double = service<number, number>('double')

let base: string
let host: Connection
let guest: Connection

beforeEach(async () => {
  base = `zmq://127.0.0.1:${await freePorts(4)}?mode=peer`
  host = await connect(`${base}&role=bind`)
  guest = await connect(base)
})

afterEach(async () => {
  await guest.close()
  await host.close()
})

describe('peers', () => {
  it('a queue towards the binding peer: in order, with every field', async () => {
    await using receiver = await host.receiver(jobs)
    await using sender = await guest.sender(jobs)
    const fields = { id: 'x', subject: 's', properties: { n: 1n, when: new Date(7) }, correlationId: 'c' }
    await sender.send(0, fields)
    for (let at = 1; at < 500; at++) void sender.send(at)
    const first = await receiver.receive({ timeoutMs: 5_000 })
    expect(first).toMatchObject({ body: 0, ...fields, deliveryCount: 1, redelivered: false })
    await first!.accept()
    const bodies: number[] = []
    for await (const delivery of receiver) {
      bodies.push(delivery.body)
      await delivery.accept()
      if (bodies.length === 499) break
    }
    expect(bodies).toEqual(Array.from({ length: 499 }, (_, at) => at + 1))
  })

  it('a queue from the binding peer: each message to one of the peers', async () => {
    await using other = await connect(base)
    const seen: number[][] = [[], []]
    await using _one = await guest.consume(jobs, ({ body }) => seen[0]!.push(body))
    await using _two = await other.consume(jobs, ({ body }) => seen[1]!.push(body))
    await using sender = await host.sender(jobs)
    // Both are there as soon as both got something.
    let sent = 0
    while (seen[0]!.length === 0 || seen[1]!.length === 0) await sender.send(sent++)
    for (const end = sent + 200; sent < end; sent++) await sender.send(sent)
    await eventually(() => seen.flat().length === sent)
    expect(seen.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: sent }, (_, at) => at))
  })

  it('several receivers and names at the binding peer', async () => {
    const others = queue<number>('others')
    await using one = await host.receiver(jobs, { credit: 1 })
    await using two = await host.receiver(jobs, { credit: 1 })
    await using third = await host.receiver(others)
    await Promise.all([guest.send(jobs, 1), guest.send(jobs, 2), guest.send(others, 3)])
    const got = await Promise.all([one, two, third].map((each) => each.receive({ timeoutMs: 5_000 })))
    expect(got.map((delivery) => delivery?.body).sort()).toEqual([1, 2, 3])
    expect(got[2]!.body).toBe(3)
  })

  it('a subscription is live when it says so, and gets what fits, once', async () => {
    for (let round = 0; round < 10; round++) {
      await using receiver = await guest.receiver(news.matching('us.*', '#.weather'))
      for (const subject of ['us.weather', 'us', 'us.a.b', 'eu.weather', 'usa.x', 'weather'])
        await host.send(news, subject, { subject })
      await host.send(topic<string>('newspaper'), 'no', { subject: 'us.x' })
      const bodies: string[] = []
      for (const _ of [1, 2, 3]) bodies.push((await receiver.receive({ timeoutMs: 5_000 }))!.body)
      expect(bodies).toEqual(['us.weather', 'eu.weather', 'weather'])
      expect(await receiver.receive({ timeoutMs: 20 })).toBeUndefined()
    }
  })

  it('a broadcast reaches every peer that is attached, whatever the subject', async () => {
    await using other = await connect(base)
    const alerts = broadcast<string>('alerts')
    const receivers = [await guest.receiver(alerts), await other.receiver(alerts)]
    await host.send(alerts, 'x', { subject: 'any.thing' })
    await host.send(alerts, 'y')
    for (const receiver of receivers) {
      expect((await receiver.receive({ timeoutMs: 5_000 }))?.body).toBe('x')
      expect((await receiver.receive({ timeoutMs: 5_000 }))?.body).toBe('y')
    }
  })

  it('requests: concurrent ones of several peers never cross; a throw comes back as such', async () => {
    await using other = await connect(base)
    await using _responder = await host.respond(
      double,
      ({ body }) => {
        if (body < 0) throw new Error('below zero')
        return body * 2
      },
      { concurrency: 4 },
    )
    const asked = Array.from({ length: 100 }, (_, at) => (at % 2 ? guest : other).request(double, at))
    expect((await Promise.all(asked)).map(({ body }) => body)).toEqual(asked.map((_, at) => at * 2))
    await expect(guest.request(double, -1)).rejects.toMatchObject({
      code: 'REQUEST_FAILED',
      message: 'below zero',
    })
    await expect(guest.request(service('nobody'), 1, { timeoutMs: 200 })).rejects.toMatchObject({
      code: 'REQUEST_TIMEOUT',
    })
  })

  it('over a socket file, as well', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-peer-'))
    try {
      const url = `zmq+ipc://${folder}/p?mode=peer`
      await using one = await connect(`${url}&role=bind`)
      await using two = await connect(url)
      await using receiver = await two.receiver(jobs)
      await one.send(jobs, 7)
      expect((await receiver.receive({ timeoutMs: 5_000 }))?.body).toBe(7)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('a program that closed ends by itself, and its messages arrive', async () => {
    await using receiver = await host.receiver(jobs)
    await using child = Child.run(
      `
import { connect, queue, topic, service } from 'src/index.ts'
const connection = await connect(process.env.URL)
await connection.receiver(topic('news'))
await connection.request(service('double'), 1, { timeoutMs: 10_000 })
console.log('answered')
for (let at = 0; at < 100; at++) await connection.send(queue('jobs'), at)
await connection.close()
`,
      { URL: base },
    )
    await using _responder = await host.respond(double, ({ body }) => body * 2)
    expect(await child.line()).toBe('answered')
    const bodies: number[] = []
    while (bodies.length < 100) {
      const delivery = await receiver.receive({ timeoutMs: 10_000 })
      if (!delivery) break
      bodies.push(delivery.body)
      await delivery.accept()
    }
    expect(bodies).toEqual(Array.from({ length: 100 }, (_, at) => at))
    expect(await child.ended).toMatchObject({ code: 0, stderr: '' })
  })
})

describe('an address in a request', () => {
  it('takes a response by hand at the peer that answers, and nowhere else', async () => {
    await using requests = await host.receiver(queue<number>(double.name))
    const response = guest.request(double, 4)
    const { replyTo, correlationId } = (await requests.receive({ timeoutMs: 5_000 }))!
    await expect(guest.send(replyTo!, 0, { correlationId })).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    await host.send(replyTo!, 8, { correlationId })
    expect((await response).body).toBe(8)
    await expect(host.send('asker:00', 1)).rejects.toMatchObject({ code: 'SEND_UNROUTABLE' })
  })
})

describe('what nobody keeps', () => {
  it('is refused with the reason', async () => {
    const refusals: (() => Promise<unknown>)[] = [
      () => guest.browse(jobs).next(),
      () => guest.receiver(news.matching('#').subscription('archive')),
      () => host.send(multicast('fleet').to('a'), 1),
      () => guest.send(jobs, 1, { priority: 5 }),
      () => guest.send(jobs, 1, { ttlMs: 5 }),
      () => guest.send(jobs, 1, { delayMs: 5 }),
      () => guest.receiver(queue('q', { maxDeliveries: 3 })),
      () => guest.receiver(queue('q', { deadLetter: queue('dead') })),
      () => guest.sender(queue('q', { maxLength: 3 })),
      () => guest.sender(queue('q', { ttlMs: 3 })),
      () => guest.receiver(queue('q', { exclusive: true })),
      () => guest.sender(queue('q', { native: { x: 1 } })),
      () => guest.admin.inspect(jobs),
      () => guest.admin.purge(jobs),
      () => guest.admin.delete(jobs),
      () => guest.admin.list(),
      () => guest.send(news, 'x'),
      () => guest.send(broadcast('b'), 'x'),
      () => guest.respond(double, () => 0),
      () => host.receiver(news),
      () => host.receiver(broadcast('b')),
      () => host.request(double, 1),
    ]
    for (const refused of refusals) {
      // More than the bare name of what is refused.
      const message = expect.stringMatching(/^Not supported .{35,}/)
      await expect(refused(), String(refused)).rejects.toMatchObject({ code: 'NOT_SUPPORTED', message })
    }
    await host.sender(jobs)
    await expect(host.sender(queue('second'))).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
  })

  it('every unsupported feature says why, and nothing is promised above best effort', () => {
    const { features, tiers } = guest.capabilities
    for (const { level, note } of Object.values(features)) if (level !== 'native') expect(note).toBeTruthy()
    expect(tiers).toMatchObject({ durable: 'T0', transient: 'T0', live: 'T0' })
  })

  it('fields of any size arrive, or are refused before they are sent', async () => {
    await using receiver = await host.receiver(jobs)
    const large = 'x'.repeat(1024 * 1024)
    await expect(guest.send(jobs, 0, { properties: { large } })).rejects.toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
    })
    const correlationId = large.slice(0, 100_000)
    await guest.send(jobs, 1, { correlationId, properties: { large: large.slice(0, 900_000) } })
    const delivery = (await receiver.receive({ timeoutMs: 5_000 }))!
    expect(delivery).toMatchObject({ body: 1, correlationId })
    await delivery.accept()
  })

  it('an asker that comes back under its name is answered, though its old connection still stands', async () => {
    await using _ = await host.respond(double, ({ body }) => 2 * body)
    const port = Number(new URL(base).port) + 3
    const ask = async (dealer: Dealer): Promise<void> => {
      dealer.connect(`tcp://127.0.0.1:${port}`)
      const asked = message('21', { contentType: 'application/json' })
      await dealer.send([double.name, messageFrame(new RecordWriter(), asked)])
      const [answer] = await dealer.receive()
      expect(JSON.parse(String(readMessageFrame(answer, RemoteDelivery).body))).toBe(42)
    }
    const named = { routingId: 'the-asker', linger: 0, receiveTimeout: 5_000 }
    const [first, second] = [new Dealer(named), new Dealer(named)]
    try {
      await ask(first)
      await ask(second)
    } finally {
      first.close()
      second.close()
    }
  })

  it('a delivery cannot be given back, and what was only prefetched is there for the next read', async () => {
    await using receiver = await host.receiver(jobs, { credit: 2 })
    for (const body of [1, 2, 3]) await guest.send(jobs, body)
    for await (const delivery of receiver) {
      await expect(delivery.release()).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
      break
    }
    for (const body of [2, 3]) {
      const delivery = await receiver.receive({ timeoutMs: 5_000 })
      expect(delivery?.body).toBe(body)
      await delivery!.reject('not wanted')
    }
  })

  it('a receiver that closes with messages in hand, and a name that nobody receives, are told', async () => {
    const warnings: string[] = []
    host.on('warning', ({ error }) => warnings.push(error.message))
    const receiver = await host.receiver(jobs)
    await guest.send(queue('other'), 1)
    await eventually(() => warnings.length === 1)
    for (const body of [1, 2, 3]) await guest.send(jobs, body)
    await eventually(() => receiver.available === 3)
    await receiver.close()
    expect(warnings[0]).toContain('nobody receives this name')
    expect(warnings[1]).toContain('3 messages were lost')
  })
})

describe('when a peer is slow or away', () => {
  it('a receiver that stalls makes the sender wait: what lies between is bounded, nothing of it is lost', async () => {
    const receiver = await host.receiver(queue<Uint8Array>('jobs'), { credit: 10 })
    await using sender = await guest.sender(queue<Uint8Array>('jobs'), { capacity: 100 })
    const body = new Uint8Array(20_000)
    const all = 6_000
    let taken = 0
    const sends = Array.from({ length: all }, () => sender.send(body).then(() => taken++))
    let before = -1
    await eventually(
      () => {
        const still = taken > 0 && taken === before
        before = taken
        return still
      },
      { intervalMs: 300, timeoutMs: 20_000 },
    )
    // Two high-water marks, the kernel's buffers, the credit.
    expect(taken).toBeLessThan(4_000)
    for (let got = 0; got < all; got++) await (await receiver.receive({ timeoutMs: 5_000 }))!.accept()
    await Promise.all(sends)
    await receiver.close()
  })

  it('a live subscription that is behind is told what it misses: received and told are all that was sent', async () => {
    let told = 0
    guest.on('gap', ({ count }) => {
      told += count ?? Number.NaN
    })
    await using receiver = await guest.receiver(news, { credit: 10 })
    await using sender = await host.sender(news, { capacity: 1_000 })
    const all = guest.capabilities.limits.liveBuffer! + 10 + 2_000
    await Promise.all(Array.from({ length: all }, () => sender.send('x')))
    await eventually(() => told === 2_000)
    let received = 0
    for (; received + told < all; received++) {
      const delivery = await receiver.receive({ timeoutMs: 5_000 })
      if (!delivery) break
      await delivery.accept()
    }
    expect(received + told).toBe(all)
  })

  it('when the binding peer goes and comes back, senders wait, subscriptions are told, all goes on', async () => {
    const events: StatusEvent[] = []
    for (const type of ['blocked', 'unblocked', 'gap'] as const) guest.on(type, (event) => events.push(event))
    const happened = (type: string): boolean => events.some((event) => event.type === type)
    await using subscription = await guest.receiver(news)
    await using sender = await guest.sender(jobs)
    await host.close()
    await eventually(() => happened('blocked') && happened('gap'))
    const waiting = sender.send(7)
    host = await connect(`${base}&role=bind`)
    await using receiver = await host.receiver(jobs)
    await waiting
    expect((await receiver.receive({ timeoutMs: 5_000 }))?.body).toBe(7)
    expect(happened('unblocked')).toBe(true)
    await eventually(async () => {
      await host.send(news, 'again')
      return subscription.available > 0
    })
  })

  it('peers that are killed at work leave the binding one at work', async () => {
    await using _responder = await host.respond(double, ({ body }) => body * 2)
    await using out = await host.sender(queue<number>('out'))
    await using published = await host.sender(news)
    const kill = async (): Promise<void> => {
      await using child = Child.run(
        `
import { connect, queue, topic, service } from 'src/index.ts'
const connection = await connect(process.env.URL)
await connection.receiver(topic('news'))
await connection.receiver(queue('out'), { credit: 1 })
await connection.request(service('double'), 1)
console.log('at work')
for (;;) {
  void connection.send(queue('jobs'), 1)
  await connection.request(service('double'), 1)
}
`,
        { URL: base },
      )
      await child.line()
      await Promise.all(Array.from({ length: 200 }, (_, at) => [out.send(at), published.send('x')]).flat())
    }
    await Promise.all([kill(), kill()])
    await using subscription = await guest.receiver(news)
    await published.send('after')
    expect((await subscription.receive({ timeoutMs: 10_000 }))?.body).toBe('after')
    expect((await guest.request(double, 4)).body).toBe(8)
  })

  it('what strangers write is told and dropped, and the traffic of peers goes on', async () => {
    const warnings: string[] = []
    host.on('warning', ({ error }) => warnings.push(error.code))
    await using receiver = await host.receiver(jobs)
    const socket = new Push({ linger: 0 })
    socket.connect(/tcp.*\d/.exec(base.replace('zmq', 'tcp'))![0])
    const strange = [['alone'], ['jobs', 'no record'], ['jobs', Buffer.alloc(40, 37)], ['jobs', '']]
    for (const frames of strange) await socket.send(frames)
    await eventually(() => warnings.length === strange.length)
    socket.close()
    expect(new Set(warnings)).toEqual(new Set(['DECODE_FAILED']))
    await guest.send(jobs, 5)
    expect((await receiver.receive({ timeoutMs: 5_000 }))?.body).toBe(5)
  })

  it('nobody there, a place that is taken, wrong options', async () => {
    const port = await freePorts(4)
    await expect(connect(`zmq://127.0.0.1:${port}?mode=peer`)).rejects.toMatchObject({
      code: 'CONNECT_FAILED',
    })
    await expect(connect(`zmq+ipc://${tmpdir()}/nobody?mode=peer`)).rejects.toMatchObject({
      code: 'CONNECT_FAILED',
    })
    await expect(connect(`${base}&role=bind`)).rejects.toMatchObject({ code: 'CONNECT_FAILED' })
    for (const query of [
      'mode=pear',
      'mode=peer&role=host',
      'role=bind',
      'mode=peer&hub=embedded',
      'mode=peer&rol=bind',
    ])
      await expect(connect(`zmq://127.0.0.1:${port}?${query}`)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
      })
    for (const url of [
      'zmq://0.0.0.0:5700?mode=peer&role=bind',
      'zmq://127.0.0.1:65533?mode=peer',
      'zmq+inproc://x?mode=peer',
    ])
      await expect(connect(url)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})
