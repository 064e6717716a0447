/**
 * Accepted sends per second, in one interleaved run: rhea by itself, the adapter through its contract, and the whole API.
 *
 *   SLUICE_TEST_QPID=qpid://… npx tsx test/adapters/qpid/throughput.ts [send|both] [rounds] [messages] [arm]
 *
 * Every arm sends the same message (200 bytes, transient, same fields) with the same number in flight; `both` takes them from the queue
 * at the same time as well. Arms take turns within each round, so that a busy machine hits all alike; the figure is the median of the rounds.
 */
import { randomUUID } from 'node:crypto'
import rhea, { type Connection, type EventContext } from 'rhea'
import { qpidAdapter } from '../../../src/adapters/qpid/adapter.ts'
import type { AdapterDelivery } from '../../../src/api/adapter.ts'
import { connect, queue } from '../../../src/index.ts'
import { message, receiverSpec, target, url } from './contract.ts'

const IN_FLIGHT = 1000
const CREDIT = 500
const [mode = 'send', rounds = '7', messages = '20000', only] = process.argv.slice(2)
const COUNT = Number(messages)
const BODY = Buffer.alloc(200, 'x')

interface Arm {
  readonly name: string
  /** Sends one message; resolves when it is accepted. */
  send(): Promise<unknown>
  /** Attaches a receiver that accepts everything; `arrived` is called for each. */
  receive(arrived: () => void): Promise<void>
  close(): Promise<unknown>
}

async function bare(name: string): Promise<Arm> {
  const { hostname, port, username, password } = new URL(url)
  const connection: Connection = rhea.create_container().connect({
    host: hostname,
    port: Number(port),
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
    reconnect: false,
    ...{ tcp_no_delay: true },
  })
  await once(connection, 'connection_open')
  const session = connection.create_session()
  session.begin()
  const sender = session.open_sender({
    target: { address: name },
    source: { outcomes: ['amqp:accepted:list', 'amqp:rejected:list'] as unknown as string },
  })
  await once(sender, 'sendable')
  const pending = new Map<unknown, () => void>()
  sender.on('accepted', ({ delivery }: EventContext) => {
    const resolve = pending.get(delivery)!
    pending.delete(delivery)
    resolve()
  })
  return {
    name: 'rhea',
    send: () =>
      new Promise<void>((resolve) => {
        const delivery = sender.send({
          message_id: randomUUID(),
          durable: false,
          content_type: 'application/octet-stream',
          creation_time: new Date(),
          body: rhea.message.data_section(BODY),
        })
        pending.set(delivery, resolve)
      }),
    async receive(arrived) {
      const inbound = connection.create_session()
      inbound.begin()
      const receiver = inbound.open_receiver({
        source: { address: name },
        autoaccept: false,
        credit_window: 0,
      })
      let settled = 0
      receiver.on('message', ({ delivery }: EventContext) => {
        delivery!.accept()
        arrived()
        if (++settled % (CREDIT / 4) === 0) receiver.add_credit(CREDIT / 4)
      })
      await once(receiver, 'receiver_open')
      receiver.add_credit(CREDIT)
    },
    close() {
      connection.close()
      return once(connection, 'connection_close')
    },
  }
}

async function adapter(name: string): Promise<Arm> {
  const ignore = () => {}
  const events = { disconnected: ignore, blocked: ignore, unblocked: ignore, warning: ignore }
  const connection = await qpidAdapter.connect(target(), events, AbortSignal.timeout(10_000))
  const node = { name, type: 'queue' as const }
  const sender = await connection.attachSender(
    { target: node, capacity: IN_FLIGHT, reliability: 'at-least-once', link: {} },
    { detached: ignore },
  )
  return {
    name: 'adapter',
    send: () =>
      new Promise<void>((resolve, reject) =>
        sender.send({
          message: message(BODY, { durable: false, contentType: 'application/octet-stream' }),
          resend: false,
          settle: (error) => (error ? reject(error) : resolve()),
        }),
      ),
    async receive(arrived) {
      const receiver = await connection.attachReceiver(receiverSpec(node, { credit: CREDIT }), {
        deliver(delivery: AdapterDelivery) {
          receiver.accept(delivery)
          arrived()
        },
        lost: ignore,
        gap: ignore,
        end: ignore,
        detached: ignore,
      })
    },
    close: () => connection.close(),
  }
}

async function api(name: string): Promise<Arm> {
  const connection = await connect(url)
  const sender = await connection.sender(queue(name), { capacity: IN_FLIGHT })
  return {
    name: 'api',
    send: () => sender.send(BODY, { durable: false }),
    async receive(arrived) {
      const receiver = await connection.receiver(queue(name), { credit: CREDIT })
      void (async () => {
        for await (const delivery of receiver) {
          void delivery.accept()
          arrived()
        }
      })()
    },
    close: () => connection.close(),
  }
}

function once(emitter: { once(event: string, listener: () => void): unknown }, event: string): Promise<void> {
  return new Promise((resolve) => {
    emitter.once(event, () => resolve())
  })
}

/** Messages per second: `COUNT` sends, never more than `IN_FLIGHT` unanswered. */
async function round(arm: Arm): Promise<number> {
  const begin = performance.now()
  let sent = 0
  const lane = async (): Promise<void> => {
    while (sent < COUNT) {
      sent++
      await arm.send()
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
  await received?.()
  return COUNT / ((performance.now() - begin) / 1000)
}

let received: (() => Promise<void>) | undefined

const admin = await connect(url)
const arms: Arm[] = []
const counters = new Map<Arm, { count: number; wake: () => void }>()
for (const make of [bare, adapter, api].filter((one) => only === undefined || one.name === only)) {
  const name = `throughput-${randomUUID()}`
  await admin.admin.declare(queue(name))
  const arm = await make(name)
  arms.push(arm)
  if (mode === 'both') {
    const counter = { count: 0, wake: () => {} }
    counters.set(arm, counter)
    await arm.receive(() => {
      if (++counter.count >= COUNT) counter.wake()
    })
  }
  Object.assign(arm, { node: queue(name) })
}
const figures = new Map<Arm, number[]>(arms.map((arm) => [arm, []]))
for (let turn = 0; turn <= Number(rounds); turn++) {
  // Another first one in each round: what the round before left behind hits all alike.
  for (const arm of [...arms.slice(turn % arms.length), ...arms.slice(0, turn % arms.length)]) {
    const counter = counters.get(arm)
    if (counter) {
      counter.count = 0
      received = () =>
        counter.count >= COUNT
          ? Promise.resolve()
          : new Promise((resolve) => {
              counter.wake = resolve
            })
    }
    const rate = await round(arm)
    // The first round only warms up.
    if (turn > 0) figures.get(arm)!.push(rate)
    if (mode !== 'both') await admin.admin.purge((arm as unknown as { node: ReturnType<typeof queue> }).node)
  }
}
const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!
const base = median(figures.get(arms[0]!)!)
for (const [arm, values] of figures) {
  const middle = median(values)
  console.log(
    `${arm.name.padEnd(8)} ${Math.round(middle).toString().padStart(7)}/s  ${(middle / base).toFixed(3)} of ${arms[0]!.name}  (${Math.round(values[0]!)} … ${Math.round(values.at(-1)!)})`,
  )
}
for (const arm of arms) {
  await admin.admin.delete((arm as unknown as { node: ReturnType<typeof queue> }).node)
  await arm.close()
}
await admin.close()
