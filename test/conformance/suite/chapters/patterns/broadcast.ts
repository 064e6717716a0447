/** Broadcast: every receiver attached now, and nobody later. */
import assert from 'node:assert/strict'
import { chapter } from '../../case.ts'
import { allBodies, bodies, nothing, range, take } from '../../expect.ts'

export const broadcastChapter = chapter('broadcast', [
  {
    id: 'everyone-once',
    title: 'every attached receiver gets each message once',
    needs: ['broadcast'],
    async run(c) {
      const alerts = c.broadcast<number>()
      const other = await c.connect()
      const receivers = [
        ...(await Promise.all(range(3).map(() => c.connection.receiver(alerts)))),
        ...(await Promise.all(range(2).map(() => other.receiver(alerts)))),
      ]
      const sender = await c.connection.sender(alerts)
      for (const at of range(10)) await sender.send(at)
      for (const receiver of receivers) assert.deepEqual(await bodies(receiver, 10), range(10))
      for (const receiver of receivers) await nothing(receiver, 50)
    },
  },
  {
    id: 'live-at-once',
    title: 'receiver() resolves when it is live: the very next broadcast arrives',
    needs: ['broadcast'],
    async run(c) {
      const alerts = c.broadcast<number>()
      const sender = await (await c.connect()).sender(alerts)
      for (const at of range(10)) {
        const receiver = await c.connection.receiver(alerts)
        await sender.send(at)
        assert.equal((await take(receiver)).body, at)
        await receiver.close()
      }
    },
  },
  {
    id: 'own-receivers',
    title: "a broadcast reaches its own sender's receivers",
    needs: ['broadcast'],
    async run(c) {
      const alerts = c.broadcast<string>()
      const receiver = await c.connection.receiver(alerts)
      await c.connection.send(alerts, 'to all')
      assert.deepEqual(await bodies(receiver, 1), ['to all'])
    },
  },
  {
    id: 'nobody',
    title: 'a broadcast to nobody is no error',
    needs: ['broadcast'],
    async run(c) {
      const sender = await c.connection.sender(c.broadcast())
      for (const at of range(3)) await sender.send(at)
    },
  },
  {
    id: 'late-joiner',
    title: 'a receiver gets only what is sent after it joined',
    needs: ['broadcast'],
    async run(c) {
      const alerts = c.broadcast<string>()
      const early = await c.connection.receiver(alerts)
      await c.connection.send(alerts, 'one')
      const late = await c.connection.receiver(alerts)
      await c.connection.send(alerts, 'two')
      assert.deepEqual(await allBodies(early), ['one', 'two'])
      assert.deepEqual(await allBodies(late), ['two'])
    },
  },
  {
    id: 'leaver',
    title: 'when one receiver leaves, the others go on',
    needs: ['broadcast'],
    async run(c) {
      const alerts = c.broadcast<number>()
      const [first, second] = [await c.connection.receiver(alerts), await c.connection.receiver(alerts)]
      await c.connection.send(alerts, 1)
      await bodies(first, 1)
      await first.close()
      await c.connection.send(alerts, 2)
      assert.deepEqual(await bodies(second, 2), [1, 2])
    },
  },
  {
    id: 'slow-receiver',
    title: 'a receiver that does not settle holds up no other',
    needs: ['broadcast'],
    async run(c) {
      const alerts = c.broadcast<number>()
      const slow = await c.connection.receiver(alerts, { credit: 1 })
      const quick = await c.connection.receiver(alerts)
      const sender = await c.connection.sender(alerts)
      await Promise.all(range(50).map((at) => sender.send(at)))
      assert.deepEqual(await bodies(quick, 50), range(50))
      assert.equal((await take(slow)).body, 0)
    },
  },
  {
    id: 'order-and-fields',
    title: 'order, subject, properties and body types survive a broadcast',
    needs: ['broadcast'],
    async run(c) {
      const alerts = c.broadcast<{ at: number }>()
      const receiver = await c.connection.receiver(alerts)
      const sender = await c.connection.sender(alerts)
      await Promise.all(
        range(20).map((at) =>
          sender.send({ at }, { subject: `s.${at}`, properties: { at, big: BigInt(at) } }),
        ),
      )
      for (const at of range(20)) {
        const delivery = await take(receiver)
        assert.deepEqual([delivery.body, delivery.subject], [{ at }, `s.${at}`])
        assert.deepEqual({ ...delivery.properties }, { at, big: BigInt(at) })
        await delivery.accept()
      }
    },
  },
  {
    id: 'isolated',
    title: 'two broadcasts do not leak into each other',
    needs: ['broadcast'],
    async run(c) {
      const [left, right] = [c.broadcast<string>('left'), c.broadcast<string>('right')]
      const receivers = [await c.connection.receiver(left), await c.connection.receiver(right)]
      await c.connection.send(left, 'l')
      assert.deepEqual(await bodies(receivers[0]!, 1), ['l'])
      await nothing(receivers[1]!)
    },
  },
])
