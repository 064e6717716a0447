/** Replay: chosen dead letters go back to where they came from, the others stay where they are. */
import assert from 'node:assert/strict'
import {
  DEAD_LETTER_DEATHS,
  DEAD_LETTER_ERROR,
  DEAD_LETTER_ORIGIN,
  DEAD_LETTER_REASON,
  type QueueAddress,
  type ReceivedMessage,
  type ReplayProgress,
} from 'sluice'
import { chapter } from '../../case.ts'
import type { CaseContext } from '../../context.ts'
import { bodies, fails, nothing, range, take } from '../../expect.ts'

/** Sends `count` numbers to the queue and rejects each for the reason that its number gives. */
async function killed(
  c: CaseContext,
  orders: QueueAddress<number>,
  count: number,
  reasonOf: (body: number) => string,
): Promise<void> {
  const receiver = await c.connection.receiver(orders, { credit: 50 })
  const sender = await c.connection.sender(orders)
  await sender.sendAll(range(count))
  for (const _ of range(count)) {
    const delivery = await take(receiver)
    await delivery.reject(reasonOf(delivery.body))
  }
  await receiver.close()
}

const ofThree = (body: number): string => `reason ${body % 3}`
const because =
  (reason: string) =>
  ({ properties }: ReceivedMessage): boolean =>
    properties[DEAD_LETTER_REASON] === reason

export const replayChapter = chapter('replay', [
  {
    id: 'chosen',
    title: 'the chosen dead letters go back in their order, the others stay in theirs',
    needs: ['deadLetter', 'replay'],
    async run(c) {
      const aside = c.queue<number>('aside')
      const orders = c.queue<number>('orders', { deadLetter: aside })
      await killed(c, orders, 30, ofThree)
      const report = await c.connection.replay(aside, { where: because('reason 1') })
      assert.deepEqual([report.looked, report.matched, report.replayed], [30, 10, 10])
      assert.deepEqual(report.reasons, [{ reason: 'reason 1', origin: orders.name, count: 10 }])
      assert.deepEqual([report.otherReasons, report.refused], [0, []])
      const back = await c.connection.receiver(orders)
      assert.deepEqual(
        await bodies(back, 10),
        range(30).filter((body) => body % 3 === 1),
      )
      await nothing(back)
      const left = await c.connection.receiver(aside)
      assert.deepEqual(
        await bodies(left, 20),
        range(30).filter((body) => body % 3 !== 1),
      )
      await nothing(left, 50)
    },
  },
  {
    id: 'untouched',
    title: 'what is passed over is delivered for the first time afterwards',
    needs: ['deadLetter', 'replay'],
    async run(c) {
      const aside = c.queue<number>('aside')
      const orders = c.queue<number>('orders', { deadLetter: aside })
      await killed(c, orders, 6, ofThree)
      await c.connection.replay(aside, { where: because('reason 2') })
      const left = await c.connection.receiver(aside)
      for (const _ of range(4)) {
        const letter = await take(left)
        // Where passing over is taking and giving back, the broker says so, or counts it.
        if (c.isNative('replay')) assert.deepEqual([letter.deliveryCount, letter.redelivered], [1, false])
        assert.match(String(letter.properties[DEAD_LETTER_REASON]), /^reason [01]$/)
        await letter.accept()
      }
    },
  },
  {
    id: 'as-it-was',
    title: 'what goes back is the message as it was, with a fresh count and without the facts of its death',
    needs: ['deadLetter', 'replay'],
    async run(c) {
      const aside = c.queue('aside')
      const orders = c.queue('orders', { deadLetter: aside })
      const receiver = await c.connection.receiver(orders)
      const createdAt = new Date('2025-01-02T03:04:05.678Z')
      const properties = { text: 'ü', big: 2n ** 61n, when: createdAt }
      await c.connection.send(
        orders,
        { deep: [1, null] },
        { id: 'one', subject: 'a.b', correlationId: 'corr', createdAt, properties },
      )
      await (await take(receiver)).release()
      await (await take(receiver)).reject('bad', { error: new Error('why') })
      await c.connection.replay(aside)
      const again = await take(receiver)
      assert.deepEqual(again.body, { deep: [1, null] })
      assert.deepEqual(
        [again.id, again.subject, again.correlationId, again.contentType, again.createdAt],
        ['one', 'a.b', 'corr', 'application/json', createdAt],
      )
      const { [DEAD_LETTER_DEATHS]: deaths, ...rest } = again.properties
      assert.deepEqual({ ...rest }, properties)
      assert.equal(Number(deaths), 1)
      assert.equal(again.deliveryCount, 1)
      await again.accept()
    },
  },
  {
    id: 'dies-again',
    title: 'a replayed message that dies again tells its new death, and that it was the second',
    needs: ['deadLetter', 'replay'],
    async run(c) {
      const aside = c.queue('aside')
      const orders = c.queue('orders', { deadLetter: aside })
      const receiver = await c.connection.receiver(orders)
      await c.connection.send(orders, 'bad')
      await (await take(receiver)).reject('first', { error: new Error('one') })
      await c.connection.replay(aside)
      await (await take(receiver)).reject('second')
      const letter = await take(await c.connection.receiver(aside))
      assert.equal(letter.properties[DEAD_LETTER_REASON], 'second')
      assert.equal(Number(letter.properties[DEAD_LETTER_DEATHS]), 2)
      assert.ok(!(DEAD_LETTER_ERROR in letter.properties), 'the error of the first death')
    },
  },
  {
    id: 'origins',
    title: 'dead letters of several queues go each to its own',
    needs: ['deadLetter', 'replay'],
    async run(c) {
      const aside = c.queue<number>('aside')
      const queues = ['a', 'b', 'c'].map((label) => c.queue<number>(label, { deadLetter: aside }))
      for (const [index, one] of queues.entries()) await killed(c, one, 4, () => `of ${index}`)
      const report = await c.connection.replay(aside)
      assert.equal(report.replayed, 12)
      assert.deepEqual(
        report.reasons.map(({ reason, origin, count }) => [reason, origin, count]).sort(),
        queues.map(({ name }, index) => [`of ${index}`, name, 4]).sort(),
      )
      for (const one of queues) {
        const back = await c.connection.receiver(one)
        assert.deepEqual(await bodies(back, 4), range(4))
        await nothing(back, 50)
      }
    },
  },
  {
    id: 'elsewhere',
    title: 'dead letters go to another place where one is named',
    needs: ['deadLetter', 'replay'],
    async run(c) {
      const aside = c.queue<number>('aside')
      const orders = c.queue<number>('orders', { deadLetter: aside })
      const repair = c.queue<number>('repair')
      await killed(c, orders, 6, ofThree)
      const { replayed } = await c.connection.replay(aside, { to: repair })
      assert.equal(replayed, 6)
      const letters = await c.connection.receiver(repair)
      assert.deepEqual(await bodies(letters, 6), range(6))
      await nothing(await c.connection.receiver(orders), 50)
    },
  },
  {
    id: 'dry-run',
    title: 'a dry run tells what would go, and changes nothing',
    needs: ['deadLetter', 'browse'],
    async run(c) {
      const aside = c.queue<number>('aside')
      const orders = c.queue<number>('orders', { deadLetter: aside })
      const receiver = await c.connection.receiver(orders)
      for (const body of range(5)) {
        await c.connection.send(orders, body)
        const error = body < 2 ? new RangeError('too small') : undefined
        await (await take(receiver)).reject(body < 2 ? 'small' : 'large', { error })
      }
      const report = await c.connection.replay(aside, { dryRun: true })
      assert.deepEqual([report.looked, report.matched, report.replayed], [5, 5, 0])
      assert.deepEqual(report.reasons, [
        { reason: 'large', origin: orders.name, count: 3 },
        { reason: 'small', origin: orders.name, error: 'RangeError: too small', count: 2 },
      ])
      await nothing(receiver, 50)
      assert.deepEqual(await bodies(await c.connection.receiver(aside), 5), range(5))
    },
  },
  {
    id: 'limit',
    title: 'a limit ends the replay after that many, the first ones; the next begins behind them',
    needs: ['deadLetter', 'replay'],
    async run(c) {
      const aside = c.queue<number>('aside')
      const orders = c.queue<number>('orders', { deadLetter: aside })
      await killed(c, orders, 9, ofThree)
      const { replayed } = await c.connection.replay(aside, { where: because('reason 0'), limit: 2 })
      assert.equal(replayed, 2)
      const back = await c.connection.receiver(orders)
      assert.deepEqual(await bodies(back, 2), [0, 3])
      await c.connection.replay(aside, { where: because('reason 0'), limit: 2 })
      assert.deepEqual(await bodies(back, 1), [6])
      await nothing(back, 50)
    },
  },
  {
    id: 'refused',
    title: 'what cannot go back stays and is told, and holds up nobody else',
    needs: ['deadLetter', 'replay', 'delete'],
    async run(c) {
      const aside = c.queue<number>('aside')
      const gone = c.queue<number>('gone', { deadLetter: aside })
      const orders = c.queue<number>('orders', { deadLetter: aside })
      await killed(c, gone, 3, () => 'r')
      await killed(c, orders, 3, () => 'r')
      await c.connection.send(aside, 99)
      await c.connection.admin.delete(gone)
      const report = await c.connection.replay(aside)
      assert.deepEqual([report.looked, report.matched, report.replayed], [7, 7, 3])
      const refused = report.refused.map(({ to, error, count }) => [to, error.code, count])
      assert.deepEqual(refused, [
        [gone.name, 'ADDRESS_NOT_FOUND', 3],
        [undefined, 'SEND_UNROUTABLE', 1],
      ])
      assert.deepEqual(await bodies(await c.connection.receiver(orders), 3), range(3))
      const left = await c.connection.receiver(aside)
      assert.deepEqual(await bodies(left, 4), [0, 1, 2, 99])
    },
  },
  {
    id: 'ends',
    title: 'what dies again at once does not make the replay endless',
    needs: ['deadLetter', 'replay', 'maxDeliveries'],
    async run(c) {
      const aside = c.queue<number>('aside')
      const orders = c.queue<number>('orders', { deadLetter: aside, maxDeliveries: 1 })
      await using _ = await c.connection.consume(
        orders,
        () => {
          throw new Error('always')
        },
        { onError: () => {}, concurrency: 5 },
      )
      const count = 300
      const letters = await c.connection.sender(aside)
      await letters.sendAll(range(count), { properties: { [DEAD_LETTER_ORIGIN]: orders.name } })
      const report = await c.connection.replay(aside)
      assert.deepEqual([report.looked, report.replayed], [count, count])
    },
  },
  {
    id: 'stopped',
    title: 'a replay that is stopped and begun again loses nothing',
    needs: ['deadLetter', 'replay'],
    timeoutMs: 40_000,
    async run(c) {
      const aside = c.queue<number>('aside')
      const orders = c.queue<number>('orders', { deadLetter: aside })
      const count = 200
      await killed(c, orders, count, () => 'r')
      const abort = new AbortController()
      let looked = 0
      const where = (): boolean => {
        if (++looked === count / 2) abort.abort()
        return true
      }
      await fails(c.connection.replay(aside, { where, signal: abort.signal }), 'ABORTED')
      const progress: ReplayProgress[] = []
      const report = await c.connection.replay(aside, { onProgress: (now) => progress.push({ ...now }) })
      assert.deepEqual(progress.at(-1), {
        looked: report.looked,
        matched: report.matched,
        replayed: report.replayed,
      })
      const back = await c.connection.receiver(orders)
      const first = new Set<number>()
      while (first.size < count) {
        const delivery = await take(back)
        first.add(delivery.body)
        await delivery.accept()
      }
      assert.deepEqual([...first], range(count))
      await nothing(await c.connection.receiver(aside), 50)
    },
  },
  {
    id: 'more-than-a-window',
    title: 'more letters than are looked at at once: exactly the chosen ones go, in order',
    needs: ['deadLetter', 'replay'],
    timeoutMs: 60_000,
    async run(c) {
      const aside = c.queue<number>('aside')
      const orders = c.queue<number>('orders')
      const sender = await c.connection.sender(aside)
      const count = 2_000
      const sent = range(count).map((body) =>
        sender.send(body, {
          properties: { [DEAD_LETTER_REASON]: `r${body % 5}`, [DEAD_LETTER_ORIGIN]: orders.name },
        }),
      )
      await (await c.connection.sender(orders)).close()
      await Promise.all(sent)
      const report = await c.connection.replay(aside, { where: because('r3') })
      assert.deepEqual([report.looked, report.replayed], [count, count / 5])
      const back = await c.connection.receiver(orders, { credit: 500 })
      assert.deepEqual(
        await bodies(back, count / 5),
        range(count).filter((body) => body % 5 === 3),
      )
      const left = await c.connection.receiver(aside, { credit: 500 })
      assert.deepEqual(
        await bodies(left, (count / 5) * 4),
        range(count).filter((body) => body % 5 !== 3),
      )
      await nothing(back, 50)
    },
  },
  {
    id: 'wrong-options',
    title: 'options that are wrong are refused at once',
    needs: ['replay'],
    async run(c) {
      const aside = c.queue('aside')
      const replay = (options: object): Promise<unknown> => c.connection.replay(aside, options)
      await fails(replay({ wher: () => true }), 'CONFIG_INVALID')
      await fails(replay({ limit: 0 }), 'CONFIG_INVALID')
      await assert.rejects(replay({ where: 'x' }), TypeError)
      await fails(replay({ to: `${c.name('nowhere')}` }), 'ADDRESS_NOT_FOUND')
    },
  },
])
