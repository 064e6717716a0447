/** Limits: of a queue's length, of a message's size, of a node's life. */
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { chapter } from '../../case.ts'
import { becomes, bodies, fails, range, take } from '../../expect.ts'

/** A limit above this is too dear to be reached in a test. Unit: bytes. */
const REACHABLE_BYTES = 256 * 1024 * 1024

export const limitsChapter = chapter('limits', [
  {
    id: 'max-length',
    title:
      'a queue at its maxLength refuses with SEND_REJECTED, keeps what it has, and takes more once there is room',
    needs: ['maxLength'],
    async run(c) {
      const orders = c.queue<number>('orders', { maxLength: 3 })
      const sender = await c.connection.sender(orders)
      for (const at of range(3)) await sender.send(at)
      const error = await fails(sender.send(3), 'SEND_REJECTED')
      assert.equal(typeof error.hint, 'string')
      const receiver = await c.connection.receiver(orders, { credit: 1 })
      assert.deepEqual(await bodies(receiver, 1), [0])
      await becomes(
        () =>
          sender.send(4).then(
            () => 'taken',
            () => 'refused',
          ),
        'taken',
        'the send once there is room',
      )
      assert.deepEqual(await bodies(receiver, 3), [1, 2, 4])
    },
  },
  {
    id: 'max-length-concurrent',
    title: 'of concurrent sends to a bounded queue, exactly those that were accepted are there',
    needs: ['maxLength'],
    async run(c) {
      const orders = c.queue<number>('orders', { maxLength: 10 })
      const sender = await c.connection.sender(orders)
      const outcomes = await Promise.allSettled(range(30).map((at) => sender.send(at)))
      const accepted = range(30).filter((at) => outcomes[at]!.status === 'fulfilled')
      assert.ok(
        accepted.length >= 10 && accepted.length < 30,
        `${accepted.length} of 30 were accepted at a limit of 10`,
      )
      assert.deepEqual(await bodies(await c.connection.receiver(orders), accepted.length), accepted)
    },
  },
  {
    id: 'too-large',
    title: 'a body above the declared limit is MESSAGE_TOO_LARGE with both numbers; the connection goes on',
    async run(c) {
      const { maxBodyBytes } = c.connection.capabilities.limits
      const orders = c.queue<Uint8Array>()
      const sender = await c.connection.sender(orders)
      if (maxBodyBytes <= REACHABLE_BYTES) {
        const error = await fails(sender.send(new Uint8Array(maxBodyBytes + 1)), 'MESSAGE_TOO_LARGE')
        assert.match(error.message, new RegExp(`${maxBodyBytes + 1}.*${maxBodyBytes}`))
      }
      await sender.send(Buffer.from('small'))
      assert.equal(Buffer.from((await take(await c.connection.receiver(orders))).bytes).toString(), 'small')
    },
  },
  {
    id: 'sizes',
    title: 'bodies of 0 bytes to 4 MB arrive byte for byte, between small ones',
    async run(c) {
      const orders = c.queue<Uint8Array>()
      const sender = await c.connection.sender(orders)
      const receiver = await c.connection.receiver(orders)
      for (const size of [0, 1, 255, 256, 65_535, 65_536, 131_073, 1_048_576, 4_194_304]) {
        const body = Buffer.alloc(size)
        for (let at = 0; at < size; at += 997) body[at] = at % 251
        await sender.send(body)
        await sender.send(Buffer.from('between'))
        const large = await take(receiver)
        assert.ok(body.equals(large.bytes), `${size} bytes`)
        await large.accept()
        await (await take(receiver)).accept()
      }
    },
  },
  {
    id: 'many-properties',
    title: 'a hundred properties and a subject of 200 bytes arrive',
    async run(c) {
      const orders = c.queue()
      const properties = Object.fromEntries(range(100).map((at) => [`key-${at}`, `value ${at}`]))
      const subject = `${'word.'.repeat(39)}last`
      await c.connection.send(orders, 'x', { properties, subject })
      const delivery = await take(await c.connection.receiver(orders))
      assert.deepEqual({ ...delivery.properties }, properties)
      assert.equal(delivery.subject, subject)
    },
  },
  {
    id: 'expires',
    title: 'a node with expiresMs deletes itself when it has been unused that long',
    needs: ['expires', 'inspect'],
    async run(c) {
      const orders = c.queue('orders', { expiresMs: 400 })
      await (await c.connection.receiver(orders)).close()
      assert.ok(await c.connection.admin.inspect(orders), 'it is there at first')
      // Looking may count as use, so the looks are further apart than the life of the node.
      for (const _ of range(8)) {
        await pause(700)
        if ((await c.connection.admin.inspect(orders)) === undefined) return
      }
      assert.fail('the node is still there')
    },
  },
  {
    id: 'name-too-long',
    title: 'a name longer than the limit is ADDRESS_MALFORMED from the builder itself',
    async run(c) {
      await fails(() => c.queue('x'.repeat(300)), 'ADDRESS_MALFORMED')
    },
  },
])
