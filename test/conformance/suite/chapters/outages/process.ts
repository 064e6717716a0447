/** Between processes: another program on the same broker, also one that dies. */
import assert from 'node:assert/strict'
import type { CaseDefinition } from '../../case.ts'
import { chapter } from '../../case.ts'
import { bodies, fails, range, sorted, take, takeMany, within } from '../../expect.ts'
import { SecondProcess } from '../../second-process.ts'

const definitions: CaseDefinition[] = [
  {
    id: 'receives-theirs',
    title: 'what another process sends arrives here',
    async run(c) {
      const orders = c.queue<number>()
      const receiver = await c.connection.receiver(orders)
      const other = await SecondProcess.start(c)
      await other.run({ do: 'send', queue: orders.name, bodies: range(20) })
      assert.deepEqual(await bodies(receiver, 20), range(20))
    },
  },
  {
    id: 'kept-for-them',
    title: 'what is sent here before another process lives is received there',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const at of range(10)) await sender.send(at)
      const other = await SecondProcess.start(c)
      assert.deepEqual(await other.run({ do: 'receive', queue: orders.name, count: 10 }), range(10))
    },
  },
  {
    id: 'killed-receiver',
    title: 'unsettled deliveries of a process that is killed come back, marked redelivered',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const at of range(50)) await sender.send(at)
      const other = await SecondProcess.start(c)
      assert.deepEqual(await other.run({ do: 'hold', queue: orders.name, count: 50 }), range(50))
      await other.kill()
      const again = await takeMany(await c.connection.receiver(orders), 50)
      assert.deepEqual(sorted(again.map((delivery) => delivery.body)), range(50))
      assert.ok(
        again.every((delivery) => delivery.redelivered),
        'all are marked redelivered',
      )
    },
  },
  {
    id: 'killed-sender',
    title: 'what a process was told to be accepted is there although it was killed at once',
    async run(c) {
      const orders = c.queue<number>()
      await c.connection.send(orders, -1)
      const other = await SecondProcess.start(c)
      await other.run({ do: 'send', queue: orders.name, bodies: range(30) })
      await other.kill()
      assert.deepEqual(
        sorted(await bodies(await c.connection.receiver(orders), 31)),
        range(31).map((at) => at - 1),
      )
    },
  },
  {
    id: 'request',
    title: 'a service in another process answers',
    needs: ['request'],
    async run(c) {
      const echo = c.service<string, string>()
      const other = await SecondProcess.start(c)
      await other.run({ do: 'respond', service: echo.name })
      assert.equal((await c.connection.request(echo, 'hi', { timeoutMs: 8_000 })).body, 'echo hi')
    },
  },
  {
    id: 'broadcast',
    title: 'a broadcast from another process reaches the receivers here',
    needs: ['broadcast'],
    async run(c) {
      const alerts = c.broadcast<string>()
      const receivers = [await c.connection.receiver(alerts), await c.connection.receiver(alerts)]
      const other = await SecondProcess.start(c)
      await other.run({ do: 'broadcast', broadcast: alerts.name, body: 'to all' })
      for (const receiver of receivers) assert.equal((await take(receiver)).body, 'to all')
    },
  },
  {
    id: 'exits',
    title: 'a process that has closed its connection ends by itself within 5 s, with everything sent',
    async run(c) {
      const orders = c.queue<number>()
      const other = await SecondProcess.start(c)
      await other.run({ do: 'leave', queue: orders.name, bodies: range(100) })
      assert.equal(await within(other.exited, 5_000, 'the end of the process'), 0)
      assert.deepEqual(await bodies(await c.connection.receiver(orders), 100), range(100))
    },
  },
]

const refused: CaseDefinition = {
  id: 'refused',
  title: 'where one process at a time may open the broker, a second gets a clear error at once',
  async run(c) {
    const { code, target } = c.harness.processRefusal!
    const error = await fails(SecondProcess.start(c, target()), code, 15_000)
    assert.ok(error.hint.length > 0, 'the error has a hint')
  },
}

export const processChapter = chapter('process', [
  ...definitions.map((one): CaseDefinition => ({ uses: ['process'], timeoutMs: 30_000, ...one })),
  { ...refused, uses: ['processRefusal'], timeoutMs: 30_000 },
])
