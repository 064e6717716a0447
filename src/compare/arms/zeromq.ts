/**
 * The control arms on ZeroMQ: zeromq.js by itself, from socket to socket on this machine, without a hub between them, so without
 * confirmation and without storage: another guarantee, which the tier says. PUSH and PULL for queues, PUB and SUB for live traffic,
 * DEALER and ROUTER for requests.
 */
import type { Dealer, Publisher, Pull, Push, Router, Subscriber, XPublisher } from 'zeromq'
import { clientLibrary } from '../../core/connecting/client-library.ts'
import { type Arm, type ArmEvents, type ArmRun, type Plan, subjectOf } from '../arm.ts'
import type { Workload } from '../load/workload.ts'

type Zeromq = typeof import('zeromq')

const LISTEN = 'tcp://127.0.0.1:*'
/** No high-water mark: a benchmark that loses messages measures something else. */
const OUT = { linger: 0, sendHighWaterMark: 0 } as const
const IN = { linger: 0, receiveHighWaterMark: 0 } as const

export function zeromqArm(url: string): Arm {
  return {
    library: 'zeromq',
    kind: 'bare',
    adapter: 'zeromq',
    url,
    patterns: ['point-to-point', 'fan-out', 'topic', 'request-response'],
    async open(plan, events) {
      const zeromq = await clientLibrary('zeromq', () => import('zeromq'))
      if (plan.workload.pattern === 'request-response') return requests(zeromq, plan, events)
      return plan.workload.pattern === 'point-to-point'
        ? queue(zeromq, plan, events)
        : live(zeromq, plan, events)
    },
    // Nothing but sockets of this process.
    sweep: async () => {},
  }
}

function settings({ inFlight }: Workload, sockets: string): ArmRun['settings'] {
  return {
    broker: 'none',
    sockets,
    capacity: inFlight,
    confirmed: 'never',
    accepted: 'never',
    'high-water mark': 0,
  }
}

/** Reads until the socket is closed. */
function read(socket: Pull | Subscriber, events: ArmEvents, take: (frames: Buffer[]) => void): void {
  const loop = async (): Promise<void> => {
    for await (const frames of socket) take(frames as Buffer[])
  }
  loop().catch((error) => socket.closed || events.failed(error))
}

/**
 * A socket takes one send at a time: those that come meanwhile wait in line, and are written in one go.
 */
class Writer {
  readonly #socket: Push | XPublisher | Publisher | Dealer
  #last: Promise<void> = Promise.resolve()

  constructor(socket: Push | XPublisher | Publisher | Dealer) {
    this.#socket = socket
  }

  write(frames: Buffer | (Buffer | string)[]): Promise<void> {
    this.#last = this.#last.then(() => (this.#socket as Push).send(frames as Buffer))
    return this.#last
  }
}

async function queue({ Push, Pull }: Zeromq, plan: Plan, events: ArmEvents): Promise<ArmRun> {
  const { role, workload } = plan
  const places: string[] = JSON.parse(plan.meetingPoint ?? '[]')
  const pulls: Pull[] = []
  for (let index = 0; index < workload.receivers && role !== 'send'; index++) {
    const socket = new Pull({ ...IN })
    await socket.bind(LISTEN)
    places.push(socket.lastEndpoint!)
    pulls.push(socket)
    read(socket, events, ([body]) => events.arrived(body!, false, 0, index))
  }
  const pushes = Array.from({ length: role === 'receive' ? 0 : workload.senders }, () => new Push({ ...OUT }))
  for (const socket of pushes) for (const place of places) socket.connect(place)
  const writers = pushes.map((socket) => new Writer(socket))
  return {
    settings: settings(workload, 'PUSH, PULL'),
    tier: 'T0',
    meetingPoint: JSON.stringify(places),
    attachReceivers: async () => {},
    send: (_sequence, body, sender) => writers[sender]!.write(body),
    close: async () => {
      for (const socket of [...pushes, ...pulls]) socket.close()
    },
  }
}

async function live({ XPublisher, Subscriber }: Zeromq, plan: Plan, events: ArmEvents): Promise<ArmRun> {
  const { role, workload } = plan
  const topical = workload.pattern === 'topic'
  const places: string[] = JSON.parse(plan.meetingPoint ?? '[]')
  const subscribers: Subscriber[] = []
  // ZeroMQ matches beginnings, and has no pattern for a word in the middle.
  for (let track = 0; track < workload.receivers && role !== 'send'; track++) {
    const socket = new Subscriber({ ...IN })
    await socket.bind(LISTEN)
    socket.subscribe(topical ? 'bench.' : '')
    places.push(socket.lastEndpoint!)
    subscribers.push(socket)
    read(socket, events, (frames) => events.arrived(frames.at(-1)!, false, track, 0))
  }
  const publishers = Array.from(
    { length: role === 'receive' ? 0 : workload.senders },
    () => new XPublisher({ ...OUT, verbosity: 'allSubs' }),
  )
  for (const socket of publishers) {
    for (const place of places) socket.connect(place)
    // Each subscription comes to an XPUB as a message: what is published before it would be lost.
    for (let heard = 0; heard < places.length; heard++) await socket.receive()
  }
  const writers = publishers.map((socket) => new Writer(socket))
  return {
    settings: settings(workload, 'XPUB, SUB'),
    tier: 'T0',
    meetingPoint: JSON.stringify(places),
    attachReceivers: async () => {},
    send: (sequence, body, sender) => writers[sender]!.write(topical ? [subjectOf(sequence), body] : body),
    close: async () => {
      for (const socket of [...publishers, ...subscribers]) socket.close()
    },
  }
}

async function requests({ Dealer, Router }: Zeromq, { workload }: Plan, events: ArmEvents): Promise<ArmRun> {
  const responder: Router = new Router({ ...IN, ...OUT })
  await responder.bind(LISTEN)
  const requester: Dealer = new Dealer({ ...IN, ...OUT })
  requester.connect(responder.lastEndpoint!)
  const answer = async (): Promise<void> => {
    for await (const frames of responder) await responder.send(frames as Buffer[])
  }
  const waiting = new Map<number, (answer: Buffer) => void>()
  const listen = async (): Promise<void> => {
    for await (const [number, body] of requester) {
      const key = (number as Buffer).readUInt32LE(0)
      const resolve = waiting.get(key)
      waiting.delete(key)
      resolve?.(body as Buffer)
    }
  }
  for (const loop of [answer(), listen()]) loop.catch((error) => requester.closed || events.failed(error))
  const writer = new Writer(requester)
  const ask = (sequence: number, body: Buffer): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      waiting.set(sequence, resolve)
      const number = Buffer.allocUnsafe(4)
      number.writeUInt32LE(sequence, 0)
      writer.write([number, body]).catch(reject)
    })
  return {
    settings: settings(workload, 'DEALER, ROUTER'),
    tier: 'T0',
    attachReceivers: async () => {},
    // An answer has arrived when whoever asked has it.
    send: async (sequence, body) => events.arrived(await ask(sequence, body), false, 0, 0),
    async close() {
      requester.close()
      responder.close()
    },
  }
}
