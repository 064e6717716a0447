/** Random records of the hub's protocol: right ones, ones with odd values, changed, cut off, doubled. The same for the same seed. */

import { HEAD } from '../../../../src/adapters/zeromq/codec/records.ts'
import { Op, type OpCode } from '../../../../src/adapters/zeromq/wire/protocol.ts'

/** Nodes the random clients use; those of innocent ones have other names. */
const NODES = ['fuzz-a', 'fuzz-b', 'fuzz-c', 'fuzz-d']
const VERBS = [
  ...['declare', 'delete', 'purge', 'inspect', 'list', 'attachSender', 'attachReceiver', 'attachRequester'],
  ...['flush', 'closeLink', 'toString', '__proto__', '', 'Declare'],
]
const OPS = Object.values(Op)
const PROPERTY_TEXTS = [
  '{}',
  '{"a":1}',
  '{"n":{"a":1}}',
  '{"n":[1,2]}',
  '{"n":{"@date":"x"}}',
  '{"n":{"@date":"2026-01-01T00:00:00.000Z"}}',
  '{"n":{"@bigint":"7"}}',
  '{"n":{"@bigint":"seven"}}',
  '{"n":{"@bytes":"!!"}}',
  '{"__proto__":1,"constructor":"x"}',
  '{"n":1e999,"m":null,"o":true}',
  '{"n":"\\ud800"}',
  '[]',
  'null',
  '{"n":',
]

export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** 0 to below 1. */
  roll(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  below(limit: number): number {
    return Math.floor(this.roll() * limit)
  }

  chance(share: number): boolean {
    return this.roll() < share
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!
  }
}

/** One ZeroMQ message of a random client: its frames, and how many records went into them. */
export function randomMessage(dice: Dice): { frames: Buffer[]; records: number } {
  const records = 1 + dice.below(10)
  let batch: Buffer = Buffer.concat(Array.from({ length: records }, () => randomRecord(dice)))
  if (dice.chance(0.02)) batch = changed(dice, batch)
  if (dice.chance(0.005)) batch = batch.subarray(0, dice.below(batch.length + 1))
  if (dice.chance(0.01)) batch = part(dice, batch)
  const frames = [batch]
  if (dice.chance(0.002)) frames.push(Buffer.alloc(dice.below(10)))
  if (dice.chance(0.002)) frames.unshift(Buffer.alloc(0))
  return { frames, records }
}

export function hello(dice: Dice): Buffer {
  const odd = dice.chance(0.1)
  return json(Op.HELLO, 0, {
    protocol: odd ? anything(dice, 1) : 1 + dice.below(2),
    client: dice.chance(0.7) ? undefined : odd ? anything(dice, 1) : `fuzz-${dice.below(5)}`,
    name: odd ? anything(dice, 1) : 'fuzz',
    heartbeatMs: odd ? anything(dice, 1) : 10_000,
  })
}

/** What gives the client's first links a meaning: without it nearly all of its records would go nowhere. */
export function prelude(dice: Dice): Buffer {
  const calls = NODES.map((name, at) => {
    const node = {
      name,
      type: 'queue',
      durable: at % 2 === 0,
      native: {},
      maxDeliveries: at === 3 ? 3 : undefined,
    }
    return json(Op.CALL, 0, { call: at, verb: 'declare', args: { node } })
  })
  for (let link = 1; link < 6; link++) {
    const ref = { name: dice.pick(NODES), type: 'queue' }
    const spec = { target: ref, source: ref, capacity: 100, credit: 10, reliability: 'at-least-once' }
    const verb = link < 4 ? 'attachSender' : 'attachReceiver'
    calls.push(json(Op.CALL, link, { call: link, verb, args: { spec } }))
  }
  return Buffer.concat(calls)
}

function randomRecord(dice: Dice): Buffer {
  const link = dice.chance(0.95) ? dice.below(6) : dice.below(2 ** 32)
  switch (dice.below(22)) {
    case 0:
      return dice.chance(0.1) ? hello(dice) : json(Op.PING, 0, {})
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
      return json(Op.CALL, link, {
        call: dice.chance(0.995) ? dice.below(1_000) : anything(dice, 2),
        verb: dice.pick(VERBS),
        args: dice.chance(0.9) ? args(dice) : anything(dice, 2),
      })
    case 6:
    case 7:
    case 8:
    case 9:
    case 10:
    case 11:
      return message(dice, link)
    case 12:
    case 13:
    case 14:
    case 15:
      return record(dice.chance(0.8) ? Op.ACCEPT : Op.HANDED, link, numbers(dice))
    case 16:
    case 17:
      return json(Op.SETTLE, link, {
        call: dice.below(1_000),
        delivery: dice.chance(0.9) ? dice.below(20) : anything(dice, 1),
        verdict: dice.chance(0.8) ? verdict(dice) : anything(dice, 2),
      })
    case 18:
    case 19:
      return json(Op.FLOW, link, { credit: dice.chance(0.99) ? dice.below(50) : anything(dice, 1) })
    case 20:
      return dice.chance(0.05)
        ? record(dice.chance(0.5) ? Op.BYE : dice.pick(OPS), link, noise(dice, 40))
        : json(Op.PING, 0, {})
    default:
      return dice.chance(0.03)
        ? record(dice.below(256) as OpCode, link, noise(dice, 60))
        : message(dice, link)
  }
}

function args(dice: Dice): object {
  const odd = <T>(usual: T): unknown => (dice.chance(0.015) ? anything(dice, 2) : usual)
  const node = {
    name: odd(dice.pick(NODES)),
    type: odd(dice.pick(['queue', 'queue', 'topic', 'broadcast', 'multicast'])),
  }
  const limits = {
    native: odd({}),
    maxDeliveries: dice.chance(0.3) ? odd(1 + dice.below(4)) : undefined,
    maxLength: dice.chance(0.2) ? odd(dice.below(100)) : undefined,
    ttlMs: dice.chance(0.2) ? odd(1 + dice.below(1_000)) : undefined,
    deadLetter: dice.chance(0.2) ? odd({ name: dice.pick(NODES) }) : undefined,
  }
  return {
    node: {
      ...node,
      ...limits,
      durable: odd(dice.chance(0.7)),
      bindings: dice.chance(0.2) ? odd([{ source: odd(dice.pick(NODES)), key: odd('a.#') }]) : [],
    },
    spec: {
      target: dice.chance(0.9) ? odd(node) : undefined,
      source: odd(node),
      capacity: odd(100),
      credit: odd(dice.below(50)),
      mode: odd(dice.pick(['consume', 'consume', 'browse'])),
      follow: odd(false),
      reliability: odd(dice.pick(['at-least-once', 'at-most-once'])),
      patterns: odd([dice.pick(['#', 'a.*', '*.b', '']), odd('a.#')]),
      subscription: dice.chance(0.2) ? odd({ name: odd('s'), durable: odd(true) }) : undefined,
      exclusive: dice.chance(0.05),
      limits: odd(limits),
      link: dice.chance(0.1)
        ? odd({ bindings: odd([{ source: dice.pick(NODES), key: odd('#') }]) })
        : undefined,
    },
  }
}

function verdict(dice: Dice): object {
  return dice.chance(0.5)
    ? { kind: 'release', delayMs: dice.chance(0.9) ? 0 : anything(dice, 1), unseen: dice.chance(0.3) }
    : { kind: 'reject', reason: dice.chance(0.9) ? 'no' : anything(dice, 2) }
}

/** SEND: fields in the order of their bits, some of them out of range. */
function message(dice: Dice, link: number): Buffer {
  const values: Buffer[] = []
  let fields = dice.chance(0.6) ? 1 : 0
  const double = (bit: number, usual: number): void => {
    if (!dice.chance(0.2)) return
    fields |= 1 << bit
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleBE(dice.chance(0.9) ? usual : dice.pick([Number.NaN, -1, 1e300, Infinity, 0, 0.5]))
    values.push(bytes)
  }
  const text = (bit: number, usual: string, share = 0.2): void => {
    if (!dice.chance(share)) return
    fields |= 1 << bit
    const bytes = dice.chance(0.97) ? Buffer.from(usual) : noise(dice, 30)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(dice.chance(0.995) ? bytes.length : dice.below(2 ** 32))
    values.push(length, bytes)
  }
  double(1, Date.now())
  if (dice.chance(0.2)) {
    fields |= 4
    values.push(Buffer.from([dice.below(dice.chance(0.9) ? 10 : 256)]))
  }
  double(3, 10_000)
  double(4, 100)
  if (dice.chance(0.05)) {
    fields |= 32
    values.push(noiseOf(dice, 4))
  }
  text(6, `id-${dice.below(1_000)}`, 0.8)
  text(7, 'text/odd')
  text(8, dice.pick(['a.b', 'a', '', 'x.y.z']))
  text(9, 'fuzz-a')
  text(10, 'c')
  text(11, 'u')
  text(12, 'g')
  text(13, dice.pick(['fuzz-a', 'reply:nobody', 'fuzz-b/x; {node: {type: queue}}', '; {{{']))
  text(14, dice.pick(['["m"]', '[]', '[1]', '{}', '["m","m"]']), 0.1)
  text(15, dice.pick(PROPERTY_TEXTS), 0.4)
  let type = dice.chance(0.97) ? dice.below(4) : dice.below(256)
  if (dice.chance(0.1)) {
    type |= 0x80
    const json = Buffer.from(dice.pick(['{"type":"order"}', '{"a":{"b":[1,{"@bigint":"2"}]}}', '[]', 'x']))
    const length = Buffer.alloc(4)
    length.writeUInt32BE(json.length)
    values.push(length, json)
  }
  const header = Buffer.concat([Buffer.alloc(3), ...values])
  header.writeUInt16BE(fields)
  header[2] = type
  const front = Buffer.alloc(9)
  front.writeUInt32BE(dice.below(1_000))
  front[4] = dice.chance(0.1) ? 1 : 0
  front.writeUInt32BE(dice.chance(0.99) ? header.length : dice.below(2 ** 32), 5)
  return record(Op.SEND, link, Buffer.concat([front, header, noise(dice, dice.chance(0.02) ? 20_000 : 100)]))
}

/** JSON values that nobody expects, nested up to `depth`. */
function anything(dice: Dice, depth: number): unknown {
  const kind = dice.below(depth > 0 ? 14 : 10)
  switch (kind) {
    case 0:
      return null
    case 1:
      return dice.below(2 ** 32)
    case 2:
      return -dice.below(1_000)
    case 3:
      return 1.5
    case 4:
      return 1e308
    case 5:
      return ''
    case 6:
      return 'x'.repeat(dice.below(300))
    case 7:
      return '\ud800'
    case 8:
      return dice.chance(0.5)
    case 9:
      return dice.pick(['__proto__', 'a\0b', 'fuzz-a', '{"a":1}', 'ü'.repeat(120)])
    case 10:
    case 11:
      return Array.from({ length: dice.below(4) }, () => anything(dice, depth - 1))
    default:
      return Object.fromEntries(
        Array.from({ length: dice.below(4) }, () => [
          dice.pick(['name', 'type', 'kind', 'native', '__proto__', 'toString', 'length', 'a']),
          anything(dice, depth - 1),
        ]),
      )
  }
}

function numbers(dice: Dice): Buffer {
  const count = dice.below(6)
  const bytes = Buffer.alloc(count * 4 + (dice.chance(0.003) ? 1 : 0))
  for (let at = 0; at < count; at++)
    bytes.writeUInt32BE(dice.chance(0.9) ? dice.below(20) : dice.below(2 ** 32), at * 4)
  return bytes
}

function noise(dice: Dice, most: number): Buffer {
  return noiseOf(dice, dice.below(most))
}

function noiseOf(dice: Dice, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; at += 7) bytes[at] = dice.below(256)
  return bytes
}

function changed(dice: Dice, batch: Buffer): Buffer {
  for (let times = 1 + dice.below(4); times > 0 && batch.length > 0; times--)
    batch[dice.below(batch.length)] = dice.below(256)
  return batch
}

function part(dice: Dice, batch: Buffer): Buffer {
  const padded = dice.chance(0.5) ? batch : Buffer.concat([batch, json(Op.PING, 0, { x: 'x'.repeat(2_000) })])
  return record(Op.PART, dice.below(dice.chance(0.9) ? 2 : 5), padded)
}

function json(op: OpCode, link: number, value: unknown): Buffer {
  return record(op, link, Buffer.from(JSON.stringify(value)))
}

function record(op: OpCode, link: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(HEAD)
  head[0] = op
  head.writeUInt32BE(link, 1)
  head.writeUInt32BE(payload.length, 5)
  return Buffer.concat([head, payload])
}
