/** The broker is stopped or killed and comes back: what was accepted at a durable place is still there. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { CaseDefinition } from '../../case.ts'
import { chapter } from '../../case.ts'
import type { CaseContext } from '../../context.ts'
import { becomes, bodies, Events, eventually, range, within } from '../../expect.ts'
import type { Facility } from '../../harness.ts'
import { SecondProcess } from '../../second-process.ts'
import { type Part, type Prepared, parts, prepareAll, type Way } from './restart-parts.ts'

const RESTART_MS = 150_000
const BACK_MS = 60_000

/** A part as a case: the first of them takes the broker down and up for all. */
function survives(part: Part, way: Way, words: string): CaseDefinition {
  return {
    id: `${way}-${part.id}`,
    title: `${words}: ${part.title}`,
    needs: part.needs,
    uses: way === 'kill' ? ['kill'] : [],
    async run(c) {
      const { unique, prepared } = await scenario(c, way)
      const outcome = prepared.get(part.id)
      if (outcome) throw outcome.error
      assert.ok(prepared.has(part.id), 'the part was prepared')
      await part.verify(await c.connect(), unique, c, way)
    },
  }
}

function scenario(c: CaseContext, way: Way): Promise<{ unique: string; prepared: Prepared }> {
  return c.once(`broker ${way}`, async () => {
    const broker = await c.broker()
    const unique = randomBytes(5).toString('hex')
    const prepared = await prepareAll(c, unique, async () => {
      if (way === 'restart') return broker.restart()
      await c.nodesStand()
      await broker.kill!()
    })
    return { unique, prepared }
  })
}

const killedProgram: CaseDefinition = {
  id: 'survives-killed-program',
  title: 'what a program was told is accepted is there after that program was killed at once',
  needs: ['storeAndForward'],
  async run(c) {
    const orders = c.queue<number>()
    await c.connection.close()
    const { target } = await c.broker()
    const other = await SecondProcess.start(c, target())
    await other.run({ do: 'send', queue: orders.name, bodies: range(200) })
    await other.kill()
    const owner = await c.connect()
    assert.deepEqual(await bodies(await owner.receiver(orders), 200), range(200))
  },
}

/** Cases whose connections stay open while the broker goes away and returns. */
const openMeanwhile: CaseDefinition[] = [
  {
    id: 'links-return',
    title: 'senders, receivers, subscriptions and responders come back after a restart without user code',
    needs: ['broadcast', 'request'],
    async run(c) {
      const orders = c.queue<string>()
      const alerts = c.broadcast<string>()
      const echo = c.service<string, string>()
      const sender = await c.connection.sender(orders)
      const receiver = await c.connection.receiver(orders)
      const listener = await c.connection.receiver(alerts)
      await using _ = await c.connection.respond(echo, (request) => request.body)
      const events = new Events(c.connection)
      await (await c.broker()).restart()
      await events.waitFor('reconnected', { timeoutMs: BACK_MS })
      await sender.send('x')
      assert.deepEqual(await bodies(receiver, 1), ['x'])
      await c.connection.send(alerts, 'alert')
      assert.deepEqual(await bodies(listener, 1), ['alert'])
      assert.equal((await c.connection.request(echo, 'hi', { timeoutMs: 10_000 })).body, 'hi')
      await events.stop()
    },
  },
  {
    id: 'kill-under-load',
    uses: ['kill'],
    title: 'a broker killed while sends are in flight loses none that was accepted; the others end',
    needs: ['storeAndForward'],
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders, { capacity: 50 })
      await c.nodesStand()
      const accepted: number[] = []
      const sends = range(1500).map((at) =>
        sender.send(at, { timeoutMs: BACK_MS }).then(
          () => accepted.push(at),
          () => -1,
        ),
      )
      await eventually(() => accepted.length >= 100, 'the first hundred')
      await (await c.broker()).kill!()
      await within(Promise.all(sends), BACK_MS + 10_000, 'an outcome of every send')
      const seen = new Set<number>()
      const receiver = await c.connection.receiver(orders)
      const missing = (): number[] => accepted.filter((at) => !seen.has(at))
      const deadline = performance.now() + BACK_MS
      while (missing().length > 0 && performance.now() < deadline) {
        const delivery = await receiver.receive({ timeoutMs: 1_000 })
        if (delivery) seen.add(delivery.body)
        await delivery?.accept()
      }
      const told = `accepted and lost, of ${accepted.length} accepted and ${seen.size} received`
      assert.deepEqual(missing(), [], told)
    },
  },
  {
    id: 'consumer-continues',
    uses: ['kill'],
    title: 'consumers go on by themselves after a kill and handle everything that was accepted',
    needs: ['storeAndForward'],
    async run(c) {
      const orders = c.queue<number>()
      const seen = new Set<number>()
      await using _ = await c.connection.consume(orders, (delivery) => {
        seen.add(delivery.body)
      })
      const sender = await c.connection.sender(orders)
      await c.nodesStand()
      for (const at of range(100)) await sender.send(at)
      await (await c.broker()).kill!()
      for (const at of range(100)) await sender.send(100 + at, { timeoutMs: BACK_MS })
      await becomes(() => seen.size, 200, 'handled messages', BACK_MS)
    },
  },
]

function using(definition: CaseDefinition, ...facilities: Facility[]): CaseDefinition {
  return { timeoutMs: RESTART_MS, ...definition, uses: [...facilities, ...(definition.uses ?? [])] }
}

export const restartChapter = chapter('restart', [
  using(killedProgram, 'broker'),
  ...parts.map((part) => using(survives(part, 'restart', 'after a restart'), 'broker')),
  ...parts.map((part) => using(survives(part, 'kill', 'after a kill'), 'broker')),
  ...openMeanwhile.map((one) => using(one, 'broker', 'liveRestart')),
])
