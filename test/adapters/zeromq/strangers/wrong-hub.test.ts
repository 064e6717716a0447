/** What a client makes of a hub that speaks nonsense: typed errors, and nothing that ends the process. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Router } from 'zeromq'
import { readRecords } from '../../../../src/adapters/zeromq/codec/records.ts'
import { Op, type OpCode } from '../../../../src/adapters/zeromq/wire/protocol.ts'
import { type Connection, connect, isMessagingError, queue } from '../../../../src/index.ts'
import { record } from '../bare-peer.ts'
import { Dice, randomMessage } from './random-records.ts'

const WELCOME = {
  ...{ protocol: 2, product: 'Wrong hub', version: '0', durable: true },
  ...{ heartbeatMs: 1_000, maxMessageBytes: 1_000 },
}

/** Welcomes whoever comes, and answers every call as it is told. */
class WrongHub {
  welcome: object = WELCOME
  answer: (call: number, verb: string, link: number) => Buffer[] = (call) => [reply({ call, result: null })]
  readonly #socket = new Router({ linger: 0 })

  async open(): Promise<string> {
    await this.#socket.bind('tcp://127.0.0.1:*')
    void this.#serve()
    return this.#socket.lastEndpoint!.replace('tcp:', 'zmq:')
  }

  close(): void {
    this.#socket.close()
  }

  async #serve(): Promise<void> {
    for await (const [identity, batch] of this.#socket) {
      const answers: Buffer[] = []
      readRecords(batch as Buffer, {
        record: (op, link, bytes, start, end) => {
          if (op === Op.HELLO) answers.push(json(Op.WELCOME, 0, this.welcome))
          if (op !== Op.CALL) return
          const { call, verb } = JSON.parse(bytes.toString('utf8', start, end))
          answers.push(...this.answer(call, verb, link))
        },
      })
      for (const answer of answers) await this.#socket.send([identity!, answer]).catch(() => {})
    }
  }
}

function json(op: OpCode, link: number, value: unknown): Buffer {
  return record(op, link, Buffer.from(JSON.stringify(value)))
}

function reply(value: object): Buffer {
  return json(Op.REPLY, 0, value)
}

describe('a hub that speaks nonsense', () => {
  const jobs = queue('jobs')
  let hub: WrongHub
  let url: string
  let connection: Connection | undefined
  beforeEach(async () => {
    hub = new WrongHub()
    url = await hub.open()
  })
  afterEach(async () => {
    await connection?.close({ timeoutMs: 200 })
    connection = undefined
    hub.close()
  })

  for (const welcome of [{}, { ...WELCOME, protocol: 9 }, { ...WELCOME, maxMessageBytes: 'many' }]) {
    it(`is no hub when it greets with ${JSON.stringify(welcome)}`, async () => {
      hub.welcome = welcome
      const error = await connect({ url, reconnect: false }).catch((failure) => failure)
      expect(isMessagingError(error)).toBe(true)
      expect(error.context.adapter).toBe('zeromq')
    })
  }

  const ANSWERS: Record<string, unknown> = {
    'no list': { result: { length: 1 } },
    'a list of nothing': { result: [null, 7] },
    'an error of no kind': { error: 7 },
    'an error with odd parts': {
      error: { code: '__proto__', message: {}, hint: 3, context: 'x', retryable: 'no' },
    },
  }
  for (const [what, answer] of Object.entries(ANSWERS)) {
    it(`fails the call that it answers with ${what}, and no other`, async () => {
      connection = await connect({ url, reconnect: false })
      hub.answer = (call) => [reply({ call, ...(answer as object) })]
      const error = await connection.admin.list().catch((failure) => failure)
      expect(isMessagingError(error)).toBe(true)
      hub.answer = (call) => [reply({ call, result: [] })]
      expect(await connection.admin.list()).toEqual([])
    })
  }

  it('loses the connection when it hands over what there is no credit for', async () => {
    connection = await connect({ url, reconnect: false })
    let cause: Error | undefined
    connection.on('disconnected', (event) => {
      cause = event.cause
    })
    const delivery = Buffer.alloc(9 + 7)
    delivery.writeUInt32BE(3, 9)
    hub.answer = (call, verb, link) => {
      const deliveries = [0, 1, 2].map((number) => {
        const one = Buffer.from(delivery)
        one.writeUInt32BE(number)
        return record(Op.DELIVER, link, one)
      })
      return verb === 'attachReceiver'
        ? [reply({ call, result: null }), ...deliveries]
        : [reply({ call, result: null })]
    }
    const outcome = await connection
      .receiver(jobs, { credit: 2 })
      .then(async (receiver) => {
        for (let seen = 0; seen < 3; seen++) await receiver.receive({ timeoutMs: 3_000 })
      })
      .catch((error) => error)
    expect(isMessagingError(outcome) || outcome === undefined).toBe(true)
    expect(cause?.message).toMatch(/could not be read/)
  })

  it('never ends the process: random records', { timeout: 60_000 }, async () => {
    const seed = Math.floor(Math.random() * 2 ** 31)
    console.log(`seed ${seed}`)
    const dice = new Dice(seed)
    hub.answer = (call, _verb, _link) => {
      const { frames } = randomMessage(dice)
      for (let at = 0; at < frames[0]!.length; at += 40)
        if (dice.chance(0.3)) frames[0]![at] = dice.pick(Object.values(Op))
      return [frames[0]!, reply({ call, result: dice.pick([null, [], {}, true, 7, 'x']) })]
    }
    for (let life = 0; life < 30; life++) {
      const one = await connect({ url, reconnect: false, heartbeatMs: 1_000 }).catch((error) => error)
      if (isMessagingError(one)) continue
      const calls = [
        ...Array.from({ length: 10 }, () => one.admin.list()),
        one.admin.inspect(jobs),
        one.receiver(jobs, { timeoutMs: 300 }),
        one.send(jobs, 'x', { timeoutMs: 300 }),
      ]
      for (const { status, reason } of (await Promise.allSettled(calls)) as PromiseRejectedResult[])
        if (status === 'rejected')
          expect([seed, isMessagingError(reason), reason]).toEqual([seed, true, reason])
      await one.close({ timeoutMs: 100 })
    }
  })
})
