/** Dead letters: what is rejected, or delivered too often, goes aside with reason, count and origin. */
import assert from 'node:assert/strict'
import {
  DEAD_LETTER_DEATHS,
  DEAD_LETTER_DELIVERIES,
  DEAD_LETTER_ERROR,
  DEAD_LETTER_ORIGIN,
  DEAD_LETTER_REASON,
  type Delivery,
  isMessagingError,
  queue,
} from 'sluice'
import { chapter } from '../../case.ts'
import { becomes, bodies, nothing, range, take } from '../../expect.ts'

function facts(letter: Delivery<unknown>): [unknown, unknown, unknown] {
  const { properties } = letter
  return [
    properties[DEAD_LETTER_REASON],
    Number(properties[DEAD_LETTER_DELIVERIES]),
    properties[DEAD_LETTER_ORIGIN],
  ]
}

export const deadLetterChapter = chapter('dead-letter', [
  {
    id: 'rejected',
    title: 'a rejected message goes to the dead-letter address with reason, count and origin',
    needs: ['deadLetter'],
    async run(c) {
      const aside = c.queue('aside')
      const orders = c.queue('orders', { deadLetter: aside })
      const receiver = await c.connection.receiver(orders)
      await c.connection.send(orders, 'bad')
      await (await take(receiver)).reject('no such item')
      const letter = await take(await c.connection.receiver(aside))
      assert.equal(letter.body, 'bad')
      assert.deepEqual(facts(letter), ['no such item', 1, orders.name])
    },
  },
  {
    id: 'keeps-message',
    title: 'a dead letter keeps id, subject, properties, content type and body bytes',
    needs: ['deadLetter'],
    async run(c) {
      const aside = c.queue('aside')
      const orders = c.queue('orders', { deadLetter: aside })
      const receiver = await c.connection.receiver(orders)
      const createdAt = new Date('2025-01-02T03:04:05.678Z')
      await c.connection.send(
        orders,
        { deep: [1, { x: null }] },
        {
          id: 'dl-1',
          subject: 'a.b',
          correlationId: 'corr',
          createdAt,
          properties: { text: 'ü', big: 2n ** 61n },
        },
      )
      await (await take(receiver)).reject('why not')
      const letter = await take(await c.connection.receiver(aside))
      assert.deepEqual(letter.body, { deep: [1, { x: null }] })
      assert.deepEqual(
        [letter.id, letter.subject, letter.correlationId, letter.contentType, letter.createdAt],
        ['dl-1', 'a.b', 'corr', 'application/json', createdAt],
      )
      assert.deepEqual([letter.properties.text, letter.properties.big], ['ü', 2n ** 61n])
    },
  },
  {
    id: 'queue-exists',
    title: 'the dead-letter queue is there although nobody declared it',
    needs: ['deadLetter'],
    async run(c) {
      const aside = c.name('aside')
      const orders = c.queue('orders', { deadLetter: aside })
      c.queue('aside')
      const receiver = await c.connection.receiver(orders)
      await c.connection.send(orders, 'bad')
      await (await take(receiver)).reject('r')
      assert.equal((await take(await c.connection.receiver(aside))).body, 'bad')
    },
  },
  {
    id: 'max-deliveries',
    title: 'after maxDeliveries deliveries a message goes to the dead-letter address, its count with it',
    needs: ['deadLetter', 'maxDeliveries'],
    async run(c) {
      const aside = c.queue('aside')
      const orders = c.queue('orders', { deadLetter: aside, maxDeliveries: 3 })
      const receiver = await c.connection.receiver(orders)
      await c.connection.send(orders, 'poison')
      for (const _ of range(3)) await (await take(receiver)).release()
      const letter = await take(await c.connection.receiver(aside))
      await nothing(receiver)
      const [reason, count, origin] = facts(letter)
      assert.equal(letter.body, 'poison')
      assert.ok(typeof reason === 'string' && reason.length > 0, 'there is a reason')
      if (c.isNative('deliveryCount')) assert.equal(count, 3)
      else assert.ok((count as number) >= 3, `count ${count}`)
      assert.equal(origin, orders.name)
    },
  },
  {
    id: 'made-with-options',
    title:
      'a dead-letter address that is missing is made with the options it is written with, another is used as it is',
    needs: ['deadLetter', 'maxLength', 'inspect'],
    async run(c) {
      const aside = c.queue<string>('aside', { maxLength: 7, durable: false })
      const orders = c.queue<string>('orders', { deadLetter: aside })
      const others = c.queue<string>('others', { deadLetter: queue(aside.name, { maxLength: 8 }) })
      for (const source of [orders, others]) {
        const receiver = await c.connection.receiver(source)
        await c.connection.send(source, source.name)
        await (await take(receiver)).reject('bad')
      }
      // It would not open where the settings are others.
      assert.deepEqual(await bodies(await c.connection.receiver(aside), 2), [orders.name, others.name])
    },
  },
  {
    id: 'max-deliveries-alone',
    title: 'without a dead-letter address a message over maxDeliveries is not delivered again',
    needs: ['maxDeliveries'],
    async run(c) {
      const orders = c.queue<string>('orders', { maxDeliveries: 2 })
      const receiver = await c.connection.receiver(orders)
      await c.connection.send(orders, 'poison')
      for (const _ of range(2)) await (await take(receiver)).release()
      await nothing(receiver, 300)
      await receiver.close()
      await nothing(await c.connection.receiver(orders))
    },
  },
  {
    id: 'no-limit',
    title: 'without maxDeliveries a message may be released for ever',
    async run(c) {
      const orders = c.queue()
      const receiver = await c.connection.receiver(orders)
      await c.connection.send(orders, 'x')
      for (const _ of range(25)) await (await take(receiver)).release()
      await (await take(receiver)).accept()
    },
  },
  {
    id: 'closed-receivers-count',
    title: 'receivers that die on a message count as deliveries: it does not go round for ever',
    needs: ['deadLetter', 'maxDeliveries', 'deliveryCount'],
    async run(c) {
      const aside = c.queue('aside')
      const orders = c.queue('orders', { deadLetter: aside, maxDeliveries: 2 })
      await c.connection.send(orders, 'poison')
      for (const _ of range(2)) {
        const receiver = await c.connection.receiver(orders, { credit: 1 })
        await take(receiver)
        await receiver.close()
      }
      const last = await c.connection.receiver(orders)
      await nothing(last, 300)
      assert.equal((await take(await c.connection.receiver(aside))).body, 'poison')
    },
  },
  {
    id: 'neighbours',
    title: 'a poisonous message holds up none of its neighbours',
    needs: ['deadLetter', 'maxDeliveries'],
    async run(c) {
      const aside = c.queue<number>('aside')
      const orders = c.queue<number>('orders', { deadLetter: aside, maxDeliveries: 2 })
      const receiver = await c.connection.receiver(orders)
      const sender = await c.connection.sender(orders)
      for (const at of range(10)) await sender.send(at)
      const good = new Set<number>()
      const handling = (async () => {
        for await (const delivery of receiver) {
          if (delivery.body === 3) await delivery.release()
          else {
            good.add(delivery.body)
            await delivery.accept()
          }
        }
      })()
      assert.deepEqual(await bodies(await c.connection.receiver(aside), 1), [3])
      await becomes(() => good.size, 9, 'neighbours')
      await receiver.close()
      await handling
    },
  },
  {
    id: 'rejected-dead-letter',
    title: 'a dead letter is a message like any other: read, rejected again, it is gone',
    needs: ['deadLetter'],
    async run(c) {
      const aside = c.queue('aside')
      const orders = c.queue('orders', { deadLetter: aside })
      const receiver = await c.connection.receiver(orders)
      await c.connection.send(orders, 'bad')
      await (await take(receiver)).reject('first')
      const letters = await c.connection.receiver(aside)
      await (await take(letters)).reject('second')
      await nothing(letters)
      await nothing(receiver, 50)
    },
  },
  {
    id: 'subscription',
    title: 'a named subscription has its dead letters too, with the topic as origin',
    needs: ['topic', 'namedSubscription', 'deadLetter'],
    async run(c) {
      const aside = c.queue('aside')
      const news = c.topic('news', { deadLetter: aside })
      const receiver = await c.connection.receiver(c.own(news.matching('a.*').subscription('work')))
      await c.connection.send(news, 'bad', { subject: 'a.b' })
      await (await take(receiver)).reject('unreadable')
      const letter = await take(await c.connection.receiver(aside))
      const [reason, count, origin] = facts(letter)
      assert.deepEqual([letter.body, letter.subject, reason, count], ['bad', 'a.b', 'unreadable', 1])
      assert.match(String(origin), new RegExp(news.name))
    },
  },
  {
    id: 'odd-reasons',
    title: 'reasons of any text arrive whole',
    needs: ['deadLetter'],
    async run(c) {
      const aside = c.queue('aside')
      const orders = c.queue('orders', { deadLetter: aside })
      const receiver = await c.connection.receiver(orders)
      const letters = await c.connection.receiver(aside)
      for (const reason of ['ünïcödé "quoted"', 'line\nbreak', 'x'.repeat(500)]) {
        await c.connection.send(orders, 'bad')
        await (await take(receiver)).reject(reason)
        const letter = await take(letters)
        assert.equal(letter.properties[DEAD_LETTER_REASON], reason)
        await letter.accept()
      }
    },
  },
  {
    id: 'error',
    title: 'a dead letter says what the handler threw: name, message, stack, at most 4 KiB, and no password',
    needs: ['deadLetter', 'maxDeliveries'],
    async run(c) {
      const aside = c.queue('aside')
      const orders = c.queue('orders', { deadLetter: aside, maxDeliveries: 1 })
      const letters = await c.connection.receiver(aside)
      const secret = 'rabbitmq://guest:hunter2@broker'
      await using _ = await c.connection.consume(
        orders,
        (delivery) => {
          throw new RangeError(`no ${delivery.body} at ${secret} ${'ü'.repeat(5_000)}`)
        },
        { onError: () => {} },
      )
      await c.connection.send(orders, 'item')
      const letter = await take(letters)
      const text = letter.properties[DEAD_LETTER_ERROR]
      assert.ok(typeof text === 'string', `sluice-error is ${text}`)
      assert.match(text, /^RangeError: no item at rabbitmq:\/\/guest:\*\*\*@broker ü/)
      assert.match(text, /\n\s+at /)
      assert.ok(Buffer.byteLength(text) <= 4_096, 'at most 4 KiB')
      assert.ok(!JSON.stringify(letter).includes('hunter2'), 'no password')
      assert.equal(letter.properties[DEAD_LETTER_DEATHS], undefined)
    },
  },
  {
    id: 'error-off',
    title: 'with deadLetter.error false a dead letter says the reason only',
    needs: ['deadLetter', 'maxDeliveries'],
    async run(c) {
      const aside = c.queue('aside')
      const orders = c.queue('orders', { deadLetter: aside, maxDeliveries: 1 })
      const letters = await c.connection.receiver(aside)
      await using _ = await c.connection.consume(
        orders,
        () => {
          throw new Error('no such item')
        },
        { onError: () => {}, deadLetter: { error: false } },
      )
      await c.connection.send(orders, 'item')
      const letter = await take(letters)
      assert.equal(letter.properties[DEAD_LETTER_REASON], 'no such item')
      assert.ok(!(DEAD_LETTER_ERROR in letter.properties))
    },
  },
  {
    id: 'died-twice',
    title: 'a message that dies twice tells its last death, and that it was the second',
    needs: ['deadLetter'],
    async run(c) {
      const last = c.queue('last')
      const aside = c.queue('aside', { deadLetter: last })
      const orders = c.queue('orders', { deadLetter: aside })
      const receiver = await c.connection.receiver(orders)
      await c.connection.send(orders, 'bad')
      await (await take(receiver)).reject('first', { error: new Error('one') })
      const again = await c.connection.receiver(aside)
      await (await take(again)).reject('second')
      const letter = await take(await c.connection.receiver(last))
      assert.deepEqual(facts(letter), ['second', 1, aside.name])
      assert.equal(Number(letter.properties[DEAD_LETTER_DEATHS]), 2)
      assert.ok(
        !(DEAD_LETTER_ERROR in letter.properties),
        'the error of the first death is not told as that of the second',
      )
    },
  },
  {
    id: 'full',
    title:
      'a full dead-letter queue loses nothing: it takes the letter all the same, or the delivery stays open for another verdict',
    needs: ['deadLetter', 'maxLength'],
    async run(c) {
      const aside = c.queue('aside', { maxLength: 1 })
      const orders = c.queue('orders', { deadLetter: aside })
      await c.connection.send(aside, 'there')
      await c.connection.send(orders, 'bad')
      const receiver = await c.connection.receiver(orders)
      const delivery = await take(receiver)
      try {
        await delivery.reject('no room')
      } catch (error) {
        assert.ok(isMessagingError(error, 'SEND_REJECTED'), String(error))
        assert.equal(delivery.settled, false)
        await delivery.release()
        assert.equal((await take(receiver)).body, 'bad')
        return
      }
      assert.deepEqual(await bodies(await c.connection.receiver(aside), 2), ['there', 'bad'])
    },
  },
])
