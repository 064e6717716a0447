/**
 * The embedded broker alone and through the API: throughput, and that cost does not grow with backlog or subscriptions.
 *
 *   npx tsx bench/embedded.ts [engine] [api] [file] [backlog] [subscriptions] [--json] [--rounds 5]
 *
 * Each figure is the median of several rounds in one process, with the least and the most beside it. The rounds of
 * figures that are compared with each other (depths, numbers of subscriptions) take turns. Progress goes to standard
 * error, figures to standard output.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { ReceiverEvents, ReceiverSpec, SenderSpec, Transfer } from '../src/api/adapter.ts'
import { Broker, type Session } from '../src/broker/index.ts'
import { type Connection, connect, queue, type Sender } from '../src/index.ts'

const BODY = Buffer.alloc(200, 'x')

const { values: flags, positionals: chosen } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, rounds: { type: 'string', default: '5' } },
})
const ROUNDS = Number(flags.rounds)

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
  await measure('engine: send, hand over, accept', async () => {
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
  await measure('memory: send → accept, a thousand senders, receive()', async () => {
    const start = performance.now()
    await Promise.all([pipelined(sender, count, 1_000), receiveAll(connection, 'q', count)])
    return perSecond(count, start)
  })
  await measure('memory: send → accept, batches of a thousand, for await', async () => {
    const start = performance.now()
    await Promise.all([inBatches(sender, count), iterateAll(connection, 'q', count)])
    return perSecond(count, start)
  })
  await measure('memory: sends only, awaited one by one', async () => {
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
      await measure(`file: durable sends on disk, ${capacity} open`, async () => {
        const start = performance.now()
        await pipelined(sender, count, capacity)
        const rate = perSecond(count, start)
        await connection.admin.purge(queue('q'))
        return rate
      })
      await measure(`file: send → accept, on disk, ${capacity} open`, async () => {
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

/** Filling a queue to a million and emptying it, step by step: neither may get dearer with the depth. */
async function backlog(): Promise<void> {
  await using connection = await connect('memory:deep')
  await using sender = await connection.sender(queue('q'))
  const depths = Array.from({ length: DEEP / STEP }, (_, step) => step * STEP)
  const sends = depths.map((depth) => new Rounds(`backlog: send on top of ${thousands(depth)}`))
  const receives = depths.map(
    (depth) => new Rounds(`backlog: receive and accept, ${thousands(depth + STEP)} wait`),
  )
  const fillAndEmpty = async (name: string): Promise<void> => {
    for (const step of sends) {
      await step.run(name, async () => {
        const start = performance.now()
        await pipelined(sender, STEP, 1_000)
        return perSecond(STEP, start)
      })
    }
    await using receiver = await connection.receiver(queue('q'), { credit: 1_000 })
    for (const step of receives.toReversed()) {
      await step.run(name, async () => {
        const start = performance.now()
        for (let at = 0; at < STEP; at++) await (await receiver.receive())!.accept()
        return perSecond(STEP, start)
      })
    }
  }
  await fillAndEmpty(WARM_UP)
  for (let at = 1; at <= ROUNDS; at++) await fillAndEmpty(roundName(at))
  for (const steps of [sends, receives]) for (const step of steps) show(step.figure(steps[0]!.figure()))
}

interface Prepared {
  readonly title: string
  round(): Promise<number>
  close(): Promise<void>
}

/** Publishing where one subscription fits, with more and more that do not. */
async function subscriptions(): Promise<void> {
  await compare('subscriptions', await Promise.all([1, 100, 1_000, 10_000].map(withSubscriptions)))
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

/** Rates by the clock, and processor time of this process: the latter is what counts on a busy machine. */
interface Figure {
  readonly title: string
  /** Messages per second: least, median, most. */
  readonly least: number
  readonly median: number
  readonly most: number
  /** Processor time of a message in the median round. Unit: µs. */
  readonly cpu: number
  /** Cost of a message compared with the first of its group, by the best rounds; 1: the same. */
  readonly cost?: number
}

const figures: Figure[] = []

class Rounds {
  readonly #title: string
  readonly #rates: { rate: number; cpu: number }[] = []

  constructor(title: string) {
    this.#title = title
  }

  /** `round` resolves to its rate. */
  async run(name: string, round: () => Promise<number>): Promise<void> {
    process.stderr.write(`${this.#title}: ${name}\n`)
    const before = process.cpuUsage()
    const start = performance.now()
    const rate = await round()
    const { user, system } = process.cpuUsage(before)
    const messages = (rate * (performance.now() - start)) / 1_000
    if (name !== WARM_UP) this.#rates.push({ rate, cpu: (user + system) / messages })
  }

  figure(first?: Figure): Figure {
    const sorted = this.#rates.toSorted((a, b) => a.rate - b.rate)
    const { rate: median, cpu } = sorted[sorted.length >> 1]!
    const most = sorted.at(-1)!.rate
    const cost = first && first.most / most
    return { title: this.#title, least: sorted[0]!.rate, median, most, cpu, cost }
  }
}

const WARM_UP = 'warm-up'

function roundName(at: number): string {
  return `round ${at} of ${ROUNDS}`
}

function thousands(number: number): string {
  return Math.round(number).toLocaleString('en')
}

async function measure(title: string, round: () => Promise<number>): Promise<void> {
  const rounds = new Rounds(title)
  await rounds.run(WARM_UP, round)
  for (let at = 1; at <= ROUNDS; at++) await rounds.run(roundName(at), round)
  show(rounds.figure())
}

/** Rounds take turns, so that what the machine does meanwhile hits all alike. */
async function compare(group: string, prepared: readonly Prepared[]): Promise<void> {
  const all = prepared.map(({ title, round }) => ({ rounds: new Rounds(`${group}: ${title}`), round }))
  for (const { rounds, round } of all) await rounds.run(WARM_UP, round)
  for (let at = 1; at <= ROUNDS; at++) {
    for (const { rounds, round } of all) await rounds.run(roundName(at), round)
  }
  const first = all[0]!.rounds.figure()
  for (const { rounds } of all) show(rounds.figure(first))
  for (const { close } of prepared) await close()
}

function show(figure: Figure): void {
  figures.push(figure)
  if (flags.json) return
  const [median, least, most] = [figure.median, figure.least, figure.most].map(thousands)
  const cost = figure.cost === undefined ? '' : `, cost × ${figure.cost.toFixed(2)}`
  console.log(
    `${figure.title}: ${median}/s (${least} … ${most}), ${figure.cpu.toFixed(2)} µs of processor each${cost}`,
  )
}

function perSecond(count: number, start: number): number {
  return (count / (performance.now() - start)) * 1_000
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
  console.log(JSON.stringify({ node: process.version, machine, bodyBytes: BODY.length, figures }, null, 2))
}
if (settled === 0 && chosen.includes('engine')) throw new Error('nothing was settled')
