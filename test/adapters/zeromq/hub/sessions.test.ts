/** Clients that die, and hubs that stop answering. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Op } from '../../../../src/adapters/zeromq/wire/protocol.ts'
import { connect, createHub, type Hub, queue, type ServiceAddress, service } from '../../../../src/index.ts'
import { Child } from '../../../support/child.ts'
import { eventually } from '../../../support/eventually.ts'
import { BarePeer, record, sendRecord } from '../bare-peer.ts'

const LIMITS = { native: {} }
const CHURN_MS = 4_000
const CLIENTS = 100

describe('clients that die', () => {
  let hub: Hub
  beforeAll(async () => {
    hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
  })
  afterAll(() => hub.close())

  it('what a dead client held is there again within a second, marked redelivered', async () => {
    await using connection = await connect(hub.urls[0]!)
    const jobs = queue('held', { durable: false })
    await connection.send(jobs, 'held')
    using peer = new BarePeer(hub.urls[0]!)
    await peer.hello()
    await attach(peer, 1, 'attachReceiver', receiverSpec('held'))
    await peer.next(Op.DELIVER)
    peer[Symbol.dispose]()
    await using receiver = await connection.receiver(jobs)
    const delivery = await receiver.receive({ timeoutMs: 1_500 })
    expect(delivery).toMatchObject({ body: 'held', redelivered: true })
    await delivery!.accept()
  })

  it('a hundred clients that work and die at random lose no accepted message and leave no session', async () => {
    await using connection = await connect(hub.urls[0]!)
    const jobs = queue('churn', { durable: false })
    await connection.admin.declare(jobs)
    const ledger = { confirmed: new Set<string>(), accepted: new Set<string>() }
    const until = performance.now() + CHURN_MS
    await Promise.all(
      Array.from({ length: CLIENTS }, (_, at) => churn(hub.urls[0]!, `c${at}`, until, ledger)),
    )
    await eventually(() => hub.sessions === 1, { timeoutMs: 5_000 })
    await using receiver = await connection.receiver(jobs)
    const left = new Set<string>()
    for (
      let next = await receiver.receive({ timeoutMs: 500 });
      next;
      next = await receiver.receive({ timeoutMs: 500 })
    ) {
      left.add(String(Buffer.from(next.bytes)))
      await next.accept()
    }
    const lost = [...ledger.confirmed].filter((body) => !ledger.accepted.has(body) && !left.has(body))
    expect(ledger.confirmed.size).toBeGreaterThan(CLIENTS)
    expect(lost).toEqual([])
    expect(await connection.admin.inspect(jobs)).toMatchObject({ depth: 0, receivers: 1 })
  })
})

/** Lives again and again: sends three, takes up to two, accepts one, dies without a word. */
async function churn(
  url: string,
  name: string,
  until: number,
  ledger: { confirmed: Set<string>; accepted: Set<string> },
): Promise<void> {
  for (let life = 0; performance.now() < until; life++) {
    using peer = new BarePeer(url)
    await peer.hello()
    await attach(peer, 1, 'attachSender', {
      target: { name: 'churn', type: 'queue' },
      capacity: 10,
      reliability: 'at-least-once',
    })
    for (let at = 0; at < 3; at++) await peer.send(sendRecord(1, at, `${name}-${life}-${at}`))
    for (let seen = 0; seen < 3; ) {
      const { payload } = await peer.next(Op.CONFIRM)
      for (let at = 0; at < payload.length; at += 4)
        ledger.confirmed.add(`${name}-${life}-${payload.readUInt32BE(at)}`)
      seen += payload.length / 4
    }
    await attach(peer, 2, 'attachReceiver', receiverSpec('churn'))
    const { payload } = await peer.next(Op.DELIVER)
    const bodyAt = 9 + 4 + payload.readUInt32BE(9)
    ledger.accepted.add(payload.toString('utf8', bodyAt))
    await peer.send(record(Op.ACCEPT, 2, payload.subarray(0, 4)))
    await delay(Math.random() * 300)
  }
}

async function attach(peer: BarePeer, link: number, verb: string, spec: object): Promise<void> {
  expect(await peer.call(verb, link, { spec })).not.toHaveProperty('error')
}

function receiverSpec(name: string): object {
  const source = { name, type: 'queue' }
  return { source, mode: 'consume', follow: false, credit: 2, reliability: 'at-least-once', limits: LIMITS }
}

describe('requests, one after the other', () => {
  it('are as quick at a responder that takes one at a time as at one that takes eight', async () => {
    await using hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
    await using asking = await connect(hub.urls[0]!)
    await using answering = await connect(hub.urls[0]!)
    const one: Responding = { name: service('of-one'), times: [] }
    const eight: Responding = { name: service('of-eight'), times: [] }
    await using _one = await answering.respond(one.name, ({ body }) => body, { concurrency: 1 })
    await using _eight = await answering.respond(eight.name, ({ body }) => body, { concurrency: 8 })
    for (const { name, times } of [one, eight, one, eight, one, eight]) {
      for (let round = 0; round < 60; round++) {
        const begun = performance.now()
        await asking.request(name, round)
        times.push(performance.now() - begun)
      }
    }
    // Far from it when an answer's confirmation waits for company that cannot come.
    expect(median(one.times)).toBeLessThan(median(eight.times) * 2)
  })
})

interface Responding {
  readonly name: ServiceAddress<number, number>
  readonly times: number[]
}

function median(times: number[]): number {
  return times.sort((a, b) => a - b)[times.length >> 1]!
}

describe('a hub that stops answering', () => {
  it('is left, and used again once it answers; nothing that was accepted is lost', async () => {
    await using hub = Child.run(`
      import { createHub } from 'src/index.ts'
      const hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
      console.log(hub.urls[0])
    `)
    await using connection = await connect({ url: await hub.line(), heartbeatMs: 200 })
    const jobs = queue('stopped', { durable: false })
    await using sender = await connection.sender(jobs)
    const accepted: number[] = []
    let sending = true
    const load = (async () => {
      for (let number = 0; sending; number++) {
        await sender.send(number)
        accepted.push(number)
        await delay(2)
      }
    })()
    const statuses: string[] = []
    connection.on('disconnected', () => statuses.push('disconnected'))
    connection.on('reconnected', () => statuses.push('reconnected'))
    process.kill(hub.pid, 'SIGSTOP')
    await eventually(() => statuses.includes('disconnected'), { timeoutMs: 5_000 })
    process.kill(hub.pid, 'SIGCONT')
    await eventually(() => statuses.includes('reconnected'), { timeoutMs: 10_000 })
    const before = accepted.length
    await eventually(() => accepted.length > before + 10, { timeoutMs: 5_000 })
    sending = false
    await load
    await using receiver = await connection.receiver(jobs)
    const received: unknown[] = []
    for (
      let next = await receiver.receive({ timeoutMs: 500 });
      next;
      next = await receiver.receive({ timeoutMs: 500 })
    ) {
      received.push(next.body)
      await next.accept()
    }
    expect(received).toEqual(accepted)
  })
})
