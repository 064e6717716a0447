import { describe, expect, test } from 'vitest'
import { Turn } from '../../../../src/broker/queue/turn.ts'
import type { Transfer } from '../../../../src/contract/adapter.ts'
import { connect, queue, topic } from '../../../../src/index.ts'
import { MessagingError } from '../../../../src/model/errors.ts'
import { uniqueName } from '../../../support/names.ts'
import { message } from '../harness.ts'

/** What a turn has room for. */
const STEPS = 1_000

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function transfers(told: number[]): (id: number) => Transfer {
  return (id) => ({ message: message('x'), resend: false, settle: () => told.push(id) })
}

describe('a turn of the event loop', () => {
  test('tells a thousand outcomes, the others in the following ones, in order', async () => {
    const turn = new Turn()
    const told: number[] = []
    const transfer = transfers(told)
    for (let id = 0; id < 2_500; id++) turn.settle(transfer(id), undefined, 1)
    expect(told).toHaveLength(STEPS)
    await nextTurn()
    expect(told).toHaveLength(2 * STEPS)
    // One that comes now stands behind those that wait.
    turn.settle(transfer(2_500), undefined, 1)
    await nextTurn()
    expect(told).toEqual(Array.from({ length: 2_501 }, (_, id) => id))
  })

  test('a message with many copies takes the room of as many, so that what comes in can go out', async () => {
    const turn = new Turn()
    const told: number[] = []
    const transfer = transfers(told)
    turn.settle(transfer(0), undefined, 2_500)
    turn.settle(transfer(1), undefined, 1)
    expect(told).toEqual([0])
    await nextTurn()
    expect(told).toEqual([0])
    await nextTurn()
    expect(told).toEqual([0, 1])
  })

  test('hands over a thousand deliveries; what was put off goes on in the next', async () => {
    const turn = new Turn()
    let delivered = 0
    while (turn.deliver()) delivered++
    expect(delivered).toBe(STEPS)
    const resumed = new Promise<boolean>((resolve) => turn.defer({ resume: () => resolve(turn.deliver()) }))
    expect(await resumed).toBe(true)
  })

  test('an outcome that was put off keeps its error', async () => {
    const turn = new Turn()
    const error = new MessagingError('SEND_REJECTED', 'full')
    let told: MessagingError | undefined
    for (let id = 0; id < STEPS; id++) turn.settle(transfers([])(id), undefined, 1)
    turn.settle({ message: message('x'), resend: false, settle: (one) => (told = one) }, error, 0)
    expect(told).toBeUndefined()
    await nextTurn()
    expect(told).toBe(error)
  })
})

describe('senders at full speed', () => {
  test('do not run ahead of a receiver that keeps up: the queue stays short', async () => {
    await using connection = await connect('memory:turn-queue')
    await using sender = await connection.sender(queue('q'))
    const count = 30_000
    let left = count
    const senders = Array.from({ length: 1_000 }, async () => {
      while (left-- > 0) await sender.send('x')
    })
    await using receiver = await connection.receiver(queue('q'), { credit: 200 })
    let deepest = 0
    for (let at = 0; at < count; at++) {
      await (await receiver.receive())!.accept()
      if (at % 500 === 0)
        deepest = Math.max(deepest, (await connection.admin.inspect(queue('q')))?.depth ?? 0)
    }
    await Promise.all(senders)
    expect(deepest).toBeLessThan(5_000)
  })

  test('do not outrun forty live subscriptions either: none of them misses a message', async () => {
    await using connection = await connect('memory:turn-topic')
    const gaps: unknown[] = []
    connection.on('gap', (event) => gaps.push(event))
    const news = topic('t')
    const receivers = await Promise.all(
      Array.from({ length: 40 }, () => connection.receiver(news.matching('#'))),
    )
    const count = 3_000
    await using sender = await connection.sender(news)
    let left = count
    const senders = Array.from({ length: 1_000 }, async () => {
      while (left-- > 0) await sender.send('x', { subject: 'a.b' })
    })
    const counts = receivers.map(async (receiver) => {
      for (let at = 0; at < count; at++) await (await receiver.receive())!.accept()
    })
    await Promise.all([...senders, ...counts])
    expect(gaps).toEqual([])
  })
})

test.each(['consume', 'browse'] as const)(
  'a receiver that asks without waiting (%s) leaves the event loop its turns',
  async (mode) => {
    await using connection = await connect('memory:')
    const jobs = queue<number>(uniqueName('jobs'))
    for (let n = 0; n < 5 * STEPS; n++) await connection.send(jobs, n)
    await using receiver = await connection.receiver(jobs, { mode })
    let turns = 0
    const turn = (): void => {
      turns++
      next = setImmediate(turn)
    }
    let next = setImmediate(turn)
    let taken = 0
    for (;;) {
      const delivery = await receiver.receive({ timeoutMs: 0 })
      if (!delivery) break
      await delivery.accept()
      taken++
    }
    clearImmediate(next)
    expect(taken).toBe(5 * STEPS)
    expect(turns).toBeGreaterThanOrEqual(3)
  },
)
