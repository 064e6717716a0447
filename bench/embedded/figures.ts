/** The figures of `bench/embedded/embedded.ts`, which says how it is called. */
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Broker, type Session } from '../../src/broker/index.ts'
import {
  NO_LIMITS,
  type ReceiverEvents,
  type ReceiverSpec,
  type SenderSpec,
  type Transfer,
} from '../../src/contract/adapter.ts'
import { type Connection, connect, queue, type Sender } from '../../src/index.ts'
import { type Prepared, perSecond, Rounds, Series, thousands } from '../run/rounds.ts'

const BODY = Buffer.alloc(200, 'x')

const { values: flags, positionals: chosen } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, rounds: { type: 'string', default: '5' } },
})
const series = new Series(Number(flags.rounds), flags.json ? () => {} : (line) => console.log(line))

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
      original: undefined,
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
    autoDelete: false,
    limits: NO_LIMITS,
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
    ...NO_LIMITS,
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
  await series.measure('engine: send, hand over, accept', async () => {
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

/** All at once, a thousand at a time. */
async function inBatches(sender: Sender, count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1_000) {
    await Promise.all(Array.from({ length: Math.min(left, 1_000) }, () => sender.send(BODY)))
  }
}

async function receiveAll(connection: Connection, name: string, count: number): Promise<void> {
  await using receiver = await connection.receiver(queue(name), { credit: 1_000 })
  for (let at = 0; at < count; at++) {
    const delivery = await receiver.receive({ timeoutMs: 10_000 })
    if (!delivery) throw new Error(`only ${at} of ${count} came`)
    await delivery.accept()
  }
}

async function iterateAll(connection: Connection, name: string, count: number): Promise<void> {
  let left = count
  await using receiver = await connection.receiver(queue(name), { credit: 1_000 })
  for await (const delivery of receiver) {
    await delivery.accept()
    if (--left === 0) return
  }
}

async function api(): Promise<void> {
  await using connection = await connect('memory:bench')
  await using sender = await connection.sender(queue('q'))
  const count = 300_000
  await series.measure('memory: send → accept, a thousand senders, receive()', async () => {
    const start = performance.now()
    await Promise.all([pipelined(sender, count, 1_000), receiveAll(connection, 'q', count)])
    return perSecond(count, start)
  })
  await series.measure('memory: send → accept, batches of a thousand, for await', async () => {
    const start = performance.now()
    await Promise.all([inBatches(sender, count), iterateAll(connection, 'q', count)])
    return perSecond(count, start)
  })
  await series.measure('memory: sends only, awaited one by one', async () => {
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
      await series.measure(`file: durable sends on disk, ${capacity} open`, async () => {
        const start = performance.now()
        await pipelined(sender, count, capacity)
        const rate = perSecond(count, start)
        await connection.admin.purge(queue('q'))
        return rate
      })
      await series.measure(`file: send → accept, on disk, ${capacity} open`, async () => {
        const start = performance.now()
        await Promise.all([pipelined(sender, count, capacity), receiveAll(connection, 'q', count)])
        return perSecond(count, start)
      })
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

const DEEP = 1_000_000
const STEP = 250_000

/** Filling a queue to a million, passing messages through it, emptying it: nothing of it may get dearer with the depth. */
async function backlog(): Promise<void> {
  await using connection = await connect('memory:deep')
  await using sender = await connection.sender(queue('q'))
  const through = [0, DEEP].map(
    (depth) => new Rounds(`backlog: send one, receive and accept one, ${thousands(depth)} wait`),
  )
  const depths = Array.from({ length: DEEP / STEP }, (_, step) => step * STEP)
  const sends = depths.map((depth) => new Rounds(`backlog: send on top of ${thousands(depth)}`))
  const receives = depths.map(
    (depth) => new Rounds(`backlog: receive and accept, ${thousands(depth + STEP)} wait`),
  )
  const pass = (at: number, name: string): Promise<void> =>
    through[at]!.run(name, async () => {
      const start = performance.now()
      await Promise.all([inBatches(sender, STEP), receiveAll(connection, 'q', STEP)])
      return perSecond(STEP, start)
    })
  const fillAndEmpty = async (name: string): Promise<void> => {
    await pass(0, name)
    for (const step of sends) {
      await step.run(name, async () => {
        const start = performance.now()
        await pipelined(sender, STEP, 1_000)
        return perSecond(STEP, start)
      })
    }
    await pass(1, name)
    await using receiver = await connection.receiver(queue('q'), { credit: 1_000 })
    for (const step of receives.toReversed()) {
      await step.run(name, async () => {
        const start = performance.now()
        for (let at = 0; at < STEP; at++) await (await receiver.receive())!.accept()
        return perSecond(STEP, start)
      })
    }
  }
  for (const round of series.rounds()) await fillAndEmpty(round)
  for (const steps of [through, sends, receives]) {
    for (const step of steps) series.show(step.figure(steps[0]!.figure()))
  }
}

/** Publishing where one subscription fits, with more and more that do not. */
async function subscriptions(): Promise<void> {
  await series.compare('subscriptions', await Promise.all([1, 100, 1_000, 10_000].map(withSubscriptions)))
}

async function withSubscriptions(number: number): Promise<Prepared> {
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
  for (let at = 1; at < number; at++) {
    await attach(at % 2 === 0 ? `news.${at}.*` : `*.${at}.#`, () => {
      throw new Error('the wrong subscription got it')
    })
  }
  const sender = await session.attachSender(senderSpec('t', 'topic'), { detached: () => {} })
  let subject = 0
  return {
    title: `${thousands(number)} subscriptions, one fits, subjects all different`,
    round: async () => {
      const count = 200_000
      const target = received + count
      const start = performance.now()
      for (let at = 0; at < count; at++) {
        sender.send(new BareTransfer(`news.x${subject++}.fit`))
        if (at % 500 === 499) await nextTurn()
      }
      while (received < target) await nextTurn()
      return perSecond(count, start)
    },
    close: () => broker.close(),
  }
}

const ALL = { engine, api, file, backlog, subscriptions }
const machine = `${cpus()[0]?.model.trim()} × ${cpus().length}`
for (const name of chosen) {
  if (Object.hasOwn(ALL, name)) continue
  process.stderr.write(`unknown: ${name}; there are ${Object.keys(ALL).join(', ')}\n`)
  process.exit(2)
}
if (!flags.json) console.log(`node ${process.version}, ${machine}, bodies of ${BODY.length} B`)
for (const [name, run] of Object.entries(ALL)) if (chosen.length === 0 || chosen.includes(name)) await run()
if (flags.json) {
  console.log(
    JSON.stringify(
      { node: process.version, machine, bodyBytes: BODY.length, figures: series.figures },
      null,
      2,
    ),
  )
}
if (settled === 0 && chosen.includes('engine')) throw new Error('nothing was settled')
