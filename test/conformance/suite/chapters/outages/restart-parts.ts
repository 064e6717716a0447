/**
 * What must survive a broker that went away, part by part: prepared before, looked at after. All parts share one restart
 * and one kill, because a broker takes its time to come back.
 */
import assert from 'node:assert/strict'
import {
  type Connection,
  connect,
  type Feature,
  mailbox,
  multicast,
  type QueueAddress,
  queue,
  topic,
} from 'sluice'
import type { CaseContext } from '../../context.ts'
import { allBodies, becomes, bodies, range, sorted, take } from '../../expect.ts'

export type Way = 'restart' | 'kill'

export interface Part {
  readonly id: string
  readonly title: string
  readonly needs: readonly Feature[]
  prepare(before: Connection, unique: string, c: CaseContext): Promise<unknown>
  verify(after: Connection, unique: string, c: CaseContext, way: Way): Promise<void>
}

const CREATED_AT = new Date('2024-05-06T07:08:09.010Z')
/** How long a broker that has just come back may take for its first delivery. Unit: ms. */
const BACK_MS = 30_000
const PROPERTIES = { big: 2n ** 61n, when: CREATED_AT, none: null, text: 'ü' }

export const parts: readonly Part[] = [
  {
    id: 'messages',
    title:
      'sent while nobody listens, received in order after both the sender and the broker went and came back',
    needs: ['storeAndForward'],
    async prepare(before, unique) {
      const sender = await before.sender(mailbox<number>(`alice-${unique}`))
      await Promise.all(range(200).map((at) => sender.send(at)))
    },
    async verify(after, unique, c) {
      const receiver = await after.receiver(c.own(mailbox<number>(`alice-${unique}`)))
      assert.deepEqual(await bodies(receiver, 200), range(200))
    },
  },
  {
    id: 'fields',
    title: 'fields, properties and body survive unchanged',
    needs: ['storeAndForward'],
    async prepare(before, unique) {
      const fields = {
        id: 's-1',
        subject: 'a.b',
        correlationId: 'c',
        createdAt: CREATED_AT,
        properties: PROPERTIES,
      }
      await before.send(queue<unknown>(`fields-${unique}`), { deep: [1] }, fields)
    },
    async verify(after, unique, c) {
      const delivery = await take(await after.receiver(c.own(queue<unknown>(`fields-${unique}`))))
      const { id, subject, correlationId, createdAt } = delivery
      assert.deepEqual(delivery.body, { deep: [1] })
      assert.deepEqual([id, subject, correlationId, createdAt], ['s-1', 'a.b', 'c', CREATED_AT])
      assert.deepEqual({ ...delivery.properties }, PROPERTIES)
    },
  },
  {
    id: 'subscription',
    title: 'a durable named subscription survives with what it retained, and goes on',
    needs: ['storeAndForward', 'topic', 'namedSubscription'],
    async prepare(before, unique) {
      const news = topic<string>(`news-${unique}`)
      await (await before.receiver(news.matching('a.*').subscription('archive'))).close()
      await before.send(news, 'before', { subject: 'a.b' })
    },
    async verify(after, unique, c) {
      const news = c.own(topic<string>(`news-${unique}`))
      await after.send(news, 'after', { subject: 'a.c' })
      const archive = await after.receiver(c.own(news.matching('a.*').subscription('archive')))
      assert.deepEqual(await bodies(archive, 2), ['before', 'after'])
    },
  },
  {
    id: 'members',
    title: 'multicast members and what waits for them survive',
    needs: ['storeAndForward', 'multicast'],
    async prepare(before, unique) {
      const fleet = multicast<string>(`fleet-${unique}`)
      await (await before.receiver(fleet.member('t'))).close()
      await before.send(fleet.to('t'), 'one')
    },
    async verify(after, unique, c) {
      const fleet = c.own(multicast<string>(`fleet-${unique}`))
      await after.send(fleet.to('t'), 'two')
      assert.deepEqual(await bodies(await after.receiver(c.own(fleet.member('t'))), 2), ['one', 'two'])
    },
  },
  {
    id: 'settled',
    title: 'what was not accepted comes back; what was does not, unless a kill cost the verdict',
    needs: ['storeAndForward'],
    async prepare(before, unique) {
      const orders = queue<number>(`settled-${unique}`)
      const sender = await before.sender(orders)
      for (const at of range(10)) await sender.send(at)
      const receiver = await before.receiver(orders, { credit: 5 })
      for (const _ of range(4)) await (await take(receiver)).accept()
      await take(receiver)
      // Closing flushes the verdicts: an accept is on its way when it returns, not yet at the broker.
      await receiver.close()
    },
    async verify(after, unique, c, way) {
      const receiver = await after.receiver(c.own(queue<number>(`settled-${unique}`)))
      const back = sorted(await allBodies(receiver, 500))
      // A kill may cost verdicts that the broker had not written yet: another delivery, which at-least-once allows.
      const owed = way === 'kill' ? back.filter((at) => at >= 4) : back
      assert.deepEqual(owed, range(10).slice(4))
    },
  },
  {
    id: 'delayed',
    title: 'a delayed message survives and comes when it is due',
    needs: ['storeAndForward', 'delay'],
    async prepare(before, unique, c) {
      // Not due when the broker is killed: what it moves on its own at that moment is no delay any more.
      const { standsAfterMs = 0 } = await c.broker()
      const delayMs = 3_000 + 2 * standsAfterMs
      await before.send(queue<string>(`delayed-${unique}`), 'later', { delayMs })
    },
    async verify(after, unique, c) {
      const orders = c.own(queue<string>(`delayed-${unique}`))
      const receiver = await after.receiver(orders)
      const delivery = await receiver.receive({ timeoutMs: BACK_MS })
      assert.ok(delivery, `the delayed message is gone: ${await depths(after, orders)}`)
      assert.equal(delivery.body, 'later')
    },
  },
  {
    id: 'dead-letters',
    title: 'dead letters survive with their reason',
    needs: ['storeAndForward', 'deadLetter'],
    async prepare(before, unique) {
      const aside = queue(`aside-${unique}`)
      const orders = queue<string>(`rejecting-${unique}`, { deadLetter: aside })
      const receiver = await before.receiver(orders)
      await before.send(orders, 'bad')
      await (await take(receiver)).reject('kept reason')
      if (before.capabilities.features.inspect.level !== 'unsupported')
        await becomes(async () => (await before.admin.inspect(aside))?.depth, 1, 'the dead letter')
    },
    async verify(after, unique, c) {
      const orders = c.own(queue(`rejecting-${unique}`))
      const aside = c.own(queue(`aside-${unique}`))
      const receiver = await after.receiver(aside)
      // A broker that was killed may be slow for a while; a letter that is lost is told apart from one that is late.
      const letter = await receiver.receive({ timeoutMs: BACK_MS })
      assert.ok(letter, `the dead letter is gone: ${await depths(after, aside, orders)}`)
      assert.equal(letter.properties['sluice-reason'], 'kept reason')
    },
  },
]

async function depths(by: Connection, ...nodes: QueueAddress[]): Promise<string> {
  if (by.capabilities.features.inspect.level === 'unsupported') return 'this broker tells no depths'
  const told = await Promise.all(nodes.map((node) => by.admin.inspect(node)))
  return nodes.map(({ name }, at) => `${told[at]?.depth ?? 'no'} in ${name}`).join(', ')
}

/** How each part was prepared before its broker went away: nothing, or what went wrong. */
export type Prepared = ReadonlyMap<string, { error: unknown } | undefined>

/** Prepares every part that the broker can do, closes the connection, and lets the broker go and come back. */
export async function prepareAll(
  c: CaseContext,
  unique: string,
  goAndComeBack: () => Promise<void>,
): Promise<Prepared> {
  const prepared = new Map<string, { error: unknown } | undefined>()
  const before = await connect(c.target())
  for (const { id, needs, prepare } of parts) {
    if (!needs.every((feature) => c.has(feature))) continue
    prepared.set(
      id,
      await prepare(before, unique, c).then(
        () => undefined,
        (error: unknown) => ({ error }),
      ),
    )
  }
  await before.close({ timeoutMs: 1_000 })
  // Where the broker lives with its connections, none may stay open.
  await c.connection.close({ timeoutMs: 1_000 })
  await goAndComeBack()
  return prepared
}
