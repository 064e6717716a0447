/**
 * What the hub is held against: a broker of two hops written by hand on zeromq.js, which confirms and is told what was accepted, as the
 * hub; and beside it the pair of sockets without anything in between, one hop.
 */
import { Dealer } from 'zeromq'
import type { Arm, ArmEvents, ArmRun, Plan } from '../../src/compare/arm.ts'
import { zeromqArm } from '../../src/compare/arms/zeromq.ts'
import { TwoHopBroker } from '../zeromq/two-hop-broker.ts'
import { Writer } from '../zeromq/writer.ts'

const OPTIONS = { linger: 0, sendHighWaterMark: 0, receiveHighWaterMark: 0 } as const

/** Queues and requests have both; live traffic has the pair alone, as PUB and SUB need nobody in between. */
export function zeromqHops(url: string): Arm[] {
  const pair = zeromqArm(url)
  return [
    twoHops(url),
    {
      ...pair,
      library: 'zeromq, one hop',
      kind: 'peer',
      patterns: ['point-to-point', 'request-response'],
    },
    { ...pair, patterns: ['fan-out', 'topic'] },
  ]
}

function twoHops(url: string): Arm {
  return {
    library: 'zeromq, two hops',
    kind: 'bare',
    adapter: 'zeromq',
    url,
    patterns: ['point-to-point', 'request-response'],
    open,
    sweep: async () => {},
  }
}

async function open({ workload }: Plan, events: ArmEvents): Promise<ArmRun> {
  const broker = await TwoHopBroker.start()
  const asks = workload.pattern === 'request-response'
  const workers = Array.from({ length: workload.receivers }, (_, index) =>
    work(broker.back, workload.credit, asks, (body) => events.arrived(body, false, 0, index), events),
  )
  const socket = new Dealer(OPTIONS)
  socket.connect(broker.front)
  const writer = new Writer(socket)
  const waiting = new Map<number, (answer: Buffer | undefined) => void>()
  const listen = async (): Promise<void> => {
    for await (const [number, body] of socket as AsyncIterable<Buffer[]>) {
      const key = number!.readUInt32LE(0)
      // The broker says first that it has the request, and then what came of it.
      if (asks && body === undefined) continue
      const done = waiting.get(key)
      waiting.delete(key)
      done?.(body)
    }
  }
  listen().catch((error) => socket.closed || events.failed(error))
  let next = 0
  const write = (body: Buffer): Promise<Buffer | undefined> =>
    new Promise((resolve, reject) => {
      const key = next++ % 2 ** 32
      waiting.set(key, resolve)
      const number = Buffer.allocUnsafe(4)
      number.writeUInt32LE(key, 0)
      writer.write([number, body]).catch(reject)
    })
  return {
    settings: {
      broker: 'two ROUTERs in Node',
      capacity: workload.inFlight,
      credit: workload.credit,
      durable: false,
      confirmed: 'each',
      accepted: 'each',
    },
    tier: asks ? 'T0' : 'T1',
    attachReceivers: async () => {},
    async send(_sequence, body) {
      const answer = await write(body)
      if (asks) events.arrived(answer!, false, 0, 0)
    },
    async close() {
      for (const one of [socket, ...workers]) one.close()
      await broker.end()
    },
  }
}

const ROOM = Buffer.from('+')
const ACCEPTED = Buffer.from('-')
const ANSWER = Buffer.from('=')

function work(
  place: string,
  credit: number,
  answers: boolean,
  arrived: (body: Buffer) => void,
  events: ArmEvents,
): Dealer {
  const socket = new Dealer(OPTIONS)
  socket.connect(place)
  const writer = new Writer(socket)
  const room = Buffer.allocUnsafe(4)
  room.writeUInt32LE(credit, 0)
  const loop = async (): Promise<void> => {
    await writer.write([ROOM, room])
    for await (const [sender, number, body] of socket as AsyncIterable<Buffer[]>) {
      if (answers) void writer.write([ANSWER, sender!, number!, body!])
      else {
        arrived(body!)
        void writer.write([ACCEPTED])
      }
    }
  }
  loop().catch((error) => socket.closed || events.failed(error))
  return socket
}
