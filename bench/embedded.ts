/**
 * The embedded broker alone and through the API: throughput, and that cost does not grow with backlog or subscriptions.
 *
 *   npx tsx bench/embedded.ts [engine] [api] [file] [backlog] [subscriptions]
 *
 * `tsx` makes closures dearer than they are: for figures, compile it with `tsc` first.
 *
 * Each figure is the median of several rounds in one process, with the least and the most beside it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ReceiverEvents, ReceiverSpec, SenderSpec, Transfer } from '../src/api/adapter.ts'
import { Broker, type Session } from '../src/broker/index.ts'
import { type Connection, connect, queue, type Sender } from '../src/index.ts'

const BODY = Buffer.alloc(200, 'x')
const ROUNDS = 5

const LIMITS = {
  maxDeliveries: undefined,
  deadLetter: undefined,
  maxLength: undefined,
  ttlMs: undefined,
  expiresMs: undefined,
  native: {},
}

let nextId = 0

/** What the API hands down for a small message, without the API's own work. */
class BareTransfer implements Transfer {
  readonly message: Transfer['message']
  readonly resend = false

  constructor(subject?: string) {
    this.message = {
      id: `bench-${nextId++}`,
      to: undefined,
      members: undefined,
      subject,
      body: BODY,
      contentType: 'application/octet-stream',
      properties: Object.create(null),
      replyTo: undefined,
      correlationId: undefined,
      priority: undefined,
      ttlMs: undefined,
      delayMs: undefined,
      durable: true,
      userId: undefined,
      groupId: undefined,
      createdAt: 1,
      deliveriesBefore: 0,
    }
  }

  settle(error?: Error): void {
    if (error) throw error
    settled++
  }
}

let settled = 0

function senderSpec(name: string, type: 'queue' | 'topic'): SenderSpec {
  return { target: { name, type }, capacity: 1_000, reliability: 'at-least-once', link: {} }
}

function receiverSpec(name: string, type: 'queue' | 'topic', more: Partial<ReceiverSpec> = {}): ReceiverSpec {
  return {
    source: { name, type },
    mode: 'consume',
    follow: false,
    credit: 1_000,
    reliability: 'at-least-once',
    patterns: [],
    subscription: undefined,
    exclusive: false,
    limits: LIMITS,
    link: {},
    ...more,
  }
}

function events(deliver: ReceiverEvents['deliver']): ReceiverEvents {
  const ignore = (): void => {}
  return { deliver, lost: ignore, gap: ignore, end: ignore, detached: ignore }
}

function newSession(broker: Broker): Session {
  return broker.session({
    disconnected: () => {},
    warning: (error) => {
      throw error
    },
  })
}

async function makeNode(session: Session, name: string, type: 'queue' | 'topic'): Promise<void> {
  await session.declare({
    name,
    type,
    durable: true,
    exclusive: false,
    autoDelete: false,
    bindings: [],
    ...LIMITS,
  })
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** The engine alone: send, hand over, accept. */
async function engine(): Promise<void> {
  const broker = await Broker.open()
  const session = newSession(broker)
  await makeNode(session, 'q', 'queue')
  const sender = await session.attachSender(senderSpec('q', 'queue'), { detached: () => {} })
  let received = 0
  const receiver = await session.attachReceiver(
    receiverSpec('q', 'queue'),
    events((delivery) => {
      received++
      receiver.accept(delivery)
    }),
  )
  const count = 500_000
  await rounds('engine: send, hand over, accept', async () => {
    const target = received + count
    const start = performance.now()
    for (let at = 0; at < count; at++) {
      sender.send(new BareTransfer())
      if (at % 1_000 === 999) await nextTurn()
    }
    while (received < target) await nextTurn()
    return perSecond(count, start)
  })
  await broker.close()
}

/** Sends with a bounded number open, each awaited by its own promise. */
async function pipelined(sender: Sender, count: number, open: number): Promise<void> {
  let left = count
  const worker = async (): Promise<void> => {
    while (left-- > 0) await sender.send(BODY)
  }
  await Promise.all(Array.from({ length: open }, worker))
}

async function receiveAll(connection: Connection, name: string, count: number): Promise<void> {
  await using receiver = await connection.receiver(queue(name), { credit: 1_000 })
  for (let at = 0; at < count; at++) {
    const delivery = await receiver.receive({ timeoutMs: 10_000 })
    if (!delivery) throw new Error(`only ${at} of ${count} came`)
    await delivery.accept()
  }
}

async function api(): Promise<void> {
  await using connection = await connect('memory:bench')
  await using sender = await connection.sender(queue('q'))
  const count = 300_000
  await rounds('memory: through the API, send → accept, both at once', async () => {
    const start = performance.now()
    await Promise.all([pipelined(sender, count, 1_000), receiveAll(connection, 'q', count)])
    return perSecond(count, start)
  })
  await rounds('memory: through the API, sends only, awaited one by one', async () => {
    const start = performance.now()
    for (let at = 0; at < count; at++) await sender.send(BODY)
    const rate = perSecond(count, start)
    await connection.admin.purge(queue('q'))
    return rate
  })
}

async function file(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-bench-'))
  try {
    await using connection = await connect(`file:${directory}`)
    const count = 200_000
    for (const capacity of [1_000, 10_000]) {
      await using sender = await connection.sender(queue('q'), { capacity })
      await rounds(`file: durable sends on disk, ${capacity} open`, async () => {
        const start = performance.now()
        await pipelined(sender, count, capacity)
        const rate = perSecond(count, start)
        await connection.admin.purge(queue('q'))
        return rate
      })
      await rounds(`file: send → accept, both at once, ${capacity} open`, async () => {
        const start = performance.now()
        await Promise.all([pipelined(sender, count, capacity), receiveAll(connection, 'q', count)])
        return perSecond(count, start)
      })
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Cost of one more message at a given depth: it goes to the tail, and the one at the head comes out. */
async function backlog(): Promise<void> {
  for (const depth of [1, 1_000, 10_000, 100_000, 1_000_000]) {
    const broker = await Broker.open()
    const session = newSession(broker)
    await makeNode(session, 'q', 'queue')
    const sender = await session.attachSender(senderSpec('q', 'queue'), { detached: () => {} })
    for (let at = 0; at < depth; at++) sender.send(new BareTransfer())
    let received = 0
    const receiver = await session.attachReceiver(
      receiverSpec('q', 'queue', { credit: 0 }),
      events((delivery) => {
        received++
        receiver.accept(delivery)
      }),
    )
    receiver.flow(1)
    // One message in, one out: the depth stays.
    receiver.flow(0)
    const count = 200_000
    await rounds(`backlog ${depth}: one in, one out`, async () => {
      const start = performance.now()
      for (let at = 0; at < count; at += 500) {
        for (let burst = 0; burst < 500; burst++) sender.send(new BareTransfer())
        const target = received + 500
        receiver.flow(1)
        while (received < target) await receiver.flush()
        receiver.flow(0)
        await nextTurn()
      }
      return perSecond(count, start)
    })
    await broker.close()
  }
}

/** Publishing where one subscription fits, with more and more that do not. */
async function subscriptions(): Promise<void> {
  for (const others of [0, 100, 1_000, 10_000]) {
    const broker = await Broker.open()
    const session = newSession(broker)
    await makeNode(session, 't', 'topic')
    const attach = async (pattern: string, count: () => void): Promise<void> => {
      const receiver = await session.attachReceiver(
        receiverSpec('t', 'topic', { patterns: [pattern] }),
        events((delivery) => {
          count()
          receiver.accept(delivery)
        }),
      )
    }
    let received = 0
    await attach('news.*.fit', () => received++)
    for (let at = 0; at < others; at++) {
      await attach(at % 2 === 0 ? `news.${at}.*` : `*.${at}.#`, () => {
        throw new Error('the wrong subscription got it')
      })
    }
    const sender = await session.attachSender(senderSpec('t', 'topic'), { detached: () => {} })
    const count = 200_000
    let subject = 0
    await rounds(`topic with ${others + 1} subscriptions, 1 fits, subjects all different`, async () => {
      const target = received + count
      const start = performance.now()
      for (let at = 0; at < count; at++) {
        sender.send(new BareTransfer(`news.x${subject++}.fit`))
        if (at % 500 === 499) await nextTurn()
      }
      while (received < target) await nextTurn()
      return perSecond(count, start)
    })
    await broker.close()
  }
}

/** Rates by the clock, and processor time of this process: the latter is what counts on a busy machine. */
async function rounds(title: string, round: () => Promise<number>): Promise<void> {
  await round()
  const rates: { rate: number; cpu: number }[] = []
  for (let at = 0; at < ROUNDS; at++) {
    const before = process.cpuUsage()
    const start = performance.now()
    const rate = await round()
    const { user, system } = process.cpuUsage(before)
    const messages = (rate * (performance.now() - start)) / 1_000
    rates.push({ rate, cpu: (user + system) / messages })
  }
  rates.sort((a, b) => a.rate - b.rate)
  const show = (at: number): string => Math.round(rates.at(at)!.rate).toLocaleString('en')
  const { cpu } = rates[ROUNDS >> 1]!
  console.log(
    `${title}: ${show(ROUNDS >> 1)}/s (${show(0)} … ${show(-1)}), ${cpu.toFixed(2)} µs of processor each`,
  )
}

function perSecond(count: number, start: number): number {
  return (count / (performance.now() - start)) * 1_000
}

const ALL = { engine, api, file, backlog, subscriptions }
const chosen = process.argv.slice(2)
console.log(
  `node ${process.version}, ${cpus()[0]?.model.trim()} × ${cpus().length}, bodies of ${BODY.length} B`,
)
for (const [name, run] of Object.entries(ALL)) if (chosen.length === 0 || chosen.includes(name)) await run()
if (settled === 0 && chosen.includes('engine')) throw new Error('nothing was settled')
