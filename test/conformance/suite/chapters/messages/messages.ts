/** Messages: the same fields and value types on every adapter. */
import assert from 'node:assert/strict'
import type { MessageFields, PropertyValue } from 'sluice'
import { chapter } from '../../case.ts'
import type { CaseContext } from '../../context.ts'
import { fails, take } from '../../expect.ts'

/** Sends the properties through a queue and gives what came out. */
async function through(
  c: CaseContext,
  properties: Record<string, PropertyValue>,
): Promise<Record<string, PropertyValue>> {
  const orders = c.queue()
  await c.connection.send(orders, 'x', { properties })
  const delivery = await take(await c.connection.receiver(orders))
  return Object.fromEntries(Object.entries(delivery.properties).map(([key, value]) => [key, plain(value)]))
}

/** Byte arrays of any class compare by their bytes. */
function plain(value: PropertyValue): PropertyValue {
  return value instanceof Uint8Array ? Uint8Array.from(value) : value
}

export const messagesChapter = chapter('messages', [
  {
    id: 'all-fields',
    title: 'every field arrives as it was sent',
    async run(c) {
      const orders = c.queue<string>()
      const fields: MessageFields = {
        id: 'id-1',
        subject: 'a.b.c',
        contentType: 'text/plain',
        properties: { key: 'value' },
        replyTo: 'answers',
        correlationId: 'corr-1',
        groupId: 'group-1',
        createdAt: new Date('2023-04-05T06:07:08.901Z'),
        durable: true,
      }
      await c.connection.send(orders, 'body', fields)
      const delivery = await take(await c.connection.receiver(orders))
      const { id, subject, contentType, replyTo, correlationId, groupId, createdAt, durable } = delivery
      assert.deepEqual(
        {
          id,
          subject,
          contentType,
          replyTo,
          correlationId,
          groupId,
          createdAt,
          durable,
          properties: { ...delivery.properties },
        },
        fields,
      )
      assert.equal(delivery.body, 'body')
    },
  },
  {
    id: 'defaults',
    title: 'fields that were not set are undefined, createdAt is the time of sending',
    async run(c) {
      const orders = c.queue<string>()
      const before = Date.now()
      await c.connection.send(orders, 'x')
      const delivery = await take(await c.connection.receiver(orders))
      const { subject, replyTo, correlationId, ttlMs, groupId } = delivery
      assert.deepEqual(
        [subject, replyTo, correlationId, ttlMs, groupId],
        [undefined, undefined, undefined, undefined, undefined],
      )
      assert.ok(delivery.createdAt instanceof Date, 'createdAt is a Date')
      assert.ok(
        delivery.createdAt.getTime() >= before && delivery.createdAt.getTime() <= Date.now(),
        'createdAt is the time of sending',
      )
      assert.deepEqual(Object.keys(delivery.properties), [])
      assert.ok(delivery.id.length > 0, 'an id was made')
    },
  },
  {
    id: 'priority-shown',
    title: 'a delivery shows the priority it was sent with, and 4 where it was sent without',
    needs: ['priority'],
    async run(c) {
      const orders = c.queue<string>()
      const receiver = await c.connection.receiver(orders)
      for (const priority of [0, 4, 7, 9]) {
        await c.connection.send(orders, 'x', { priority })
        const delivery = await take(receiver)
        assert.equal(delivery.priority, priority)
        await delivery.accept()
      }
      await c.connection.send(orders, 'x')
      assert.equal((await take(receiver)).priority, 4)
    },
  },
  {
    id: 'user-id',
    title: 'userId arrives as sent, or is refused where it is not the logged-in user; never changed silently',
    async run(c) {
      const orders = c.queue<string>()
      const sent = await c.connection.send(orders, 'x', { userId: 'somebody' }).then(
        () => true,
        (error) => {
          assert.match(error.code, /^(SEND_REJECTED|UNAUTHORIZED|DETACHED|NOT_SUPPORTED)$/)
          return false
        },
      )
      if (sent) assert.equal((await take(await c.connection.receiver(orders))).userId, 'somebody')
    },
  },
  {
    id: 'property-types',
    title: 'string, number, bigint, boolean, Date, bytes and null keep type and value',
    async run(c) {
      const properties: Record<string, PropertyValue> = {
        text: 'plain',
        empty: '',
        zero: 0,
        whole: 42,
        negative: -7,
        fraction: 3.25,
        big: 9_007_199_254_740_993n,
        small: 5n,
        yes: true,
        no: false,
        when: new Date('2024-02-29T12:34:56.789Z'),
        bytes: Uint8Array.of(0, 1, 128, 255),
        noBytes: new Uint8Array(0),
        nothing: null,
      }
      assert.deepEqual(await through(c, properties), properties)
    },
  },
  {
    id: 'property-numbers',
    title: 'numbers at the edges keep their value and stay numbers',
    async run(c) {
      const properties: Record<string, PropertyValue> = {
        maxSafe: Number.MAX_SAFE_INTEGER,
        minSafe: Number.MIN_SAFE_INTEGER,
        max: Number.MAX_VALUE,
        min: Number.MIN_VALUE,
        tenth: 0.1,
        int8: -128,
        int16: -32_768,
        int32: -2_147_483_648,
        uint32: 4_294_967_295,
        past53: 2 ** 60,
        minusZero: -0,
        infinity: Number.POSITIVE_INFINITY,
        notANumber: Number.NaN,
      }
      assert.deepEqual(await through(c, properties), properties)
    },
  },
  {
    id: 'property-bigints',
    title: 'bigints from -2^63 to 2^64-1 keep their value and stay bigints',
    async run(c) {
      const properties = {
        min: -(2n ** 63n),
        max: 2n ** 63n - 1n,
        umax: 2n ** 64n - 1n,
        one: 1n,
        minusOne: -1n,
        zero: 0n,
      }
      assert.deepEqual(await through(c, properties), properties)
    },
  },
  {
    id: 'property-dates',
    title: 'dates keep their milliseconds, before 1970 too',
    async run(c) {
      const properties = {
        epoch: new Date(0),
        millisecond: new Date('2024-01-01T00:00:00.001Z'),
        old: new Date('1901-02-03T04:05:06.007Z'),
        far: new Date('2262-04-11T23:47:16.854Z'),
      }
      assert.deepEqual(await through(c, properties), properties)
    },
  },
  {
    id: 'property-keys',
    title: 'keys with slashes, quotes, spaces, control characters and unicode are kept',
    async run(c) {
      const properties: Record<string, PropertyValue> = {}
      for (const key of [
        'a/b',
        'a"b',
        "a'b",
        'a b',
        'a.b',
        'ключ',
        '鍵',
        '🔑',
        'tab\there',
        'x-y_z',
        'UPPER',
        'upper',
        '1',
        ':colon',
        '{brace}',
      ]) {
        properties[key] = `value of ${key}`
      }
      assert.deepEqual(await through(c, properties), properties)
    },
  },
  {
    id: 'property-values-odd',
    title: 'values with quotes, control characters, unicode and 10,000 characters are kept',
    async run(c) {
      const properties = {
        quotes: `"'\``,
        control: '\u0001\n\r\t\u007f',
        unicode: '日本🚀ﷺ',
        long: 'x'.repeat(10_000),
        brace: '{}[]',
      }
      assert.deepEqual(await through(c, properties), properties)
    },
  },
  {
    id: 'property-prototype',
    title: 'keys like __proto__ and constructor are data, never behaviour',
    async run(c) {
      const properties: Record<string, PropertyValue> = Object.create(null)
      for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty'])
        properties[key] = `data ${key}`
      const orders = c.queue()
      await c.connection.send(orders, 'x', { properties })
      const delivery = await take(await c.connection.receiver(orders))
      for (const key of Object.keys(properties)) assert.equal(delivery.properties[key], `data ${key}`, key)
      assert.equal(({} as Record<string, unknown>).data, undefined)
      assert.equal(Object.getPrototypeOf({}), Object.prototype)
    },
  },
  {
    id: 'property-undefined',
    title: 'a property that is undefined is left out',
    async run(c) {
      const orders = c.queue()
      await c.connection.send(orders, 'x', { properties: { here: 1, gone: undefined } })
      const delivery = await take(await c.connection.receiver(orders))
      assert.deepEqual(Object.keys(delivery.properties), ['here'])
    },
  },
  {
    id: 'property-refused',
    title:
      'what no wire can carry is refused at send: lone surrogates, too large bigints, invalid dates, functions',
    async run(c) {
      const sender = await c.connection.sender(c.queue())
      await fails(sender.send('x', { properties: { bad: '\ud800' } }), 'ENCODE_FAILED')
      await fails(sender.send('x', { properties: { '\udfff': 1 } }), 'ENCODE_FAILED')
      await fails(sender.send('x', { properties: { big: 2n ** 64n } }), 'ENCODE_FAILED')
      await fails(sender.send('x', { properties: { when: new Date(Number.NaN) } }), 'ENCODE_FAILED')
      await assert.rejects(sender.send('x', { properties: { f: (() => 1) as never } }), TypeError)
    },
  },
  {
    id: 'same-through-topic',
    title: 'fields and properties survive a topic as they do a queue',
    needs: ['topic'],
    async run(c) {
      const news = c.topic<unknown>()
      const receiver = await c.connection.receiver(news.matching('#'))
      const createdAt = new Date('2024-05-06T07:08:09.010Z')
      await c.connection.send(
        news,
        { n: null },
        {
          id: 't-1',
          subject: 's.t',
          correlationId: 'cc',
          createdAt,
          replyTo: 'r',
          properties: { big: 7n, when: createdAt, no: null },
        },
      )
      const delivery = await take(receiver)
      assert.deepEqual(delivery.body, { n: null })
      assert.deepEqual(
        [delivery.id, delivery.subject, delivery.correlationId, delivery.createdAt, delivery.replyTo],
        ['t-1', 's.t', 'cc', createdAt, 'r'],
      )
      assert.deepEqual({ ...delivery.properties }, { big: 7n, when: createdAt, no: null })
    },
  },
  {
    id: 'field-strings-odd',
    title: 'ids, subjects and correlation ids may hold spaces, quotes and unicode',
    async run(c) {
      const orders = c.queue()
      const odd = { id: 'id "1" ü', subject: 'süb jekt/🚀', correlationId: "c'or;r", groupId: 'g r' }
      await c.connection.send(orders, 'x', odd)
      const { id, subject, correlationId, groupId } = await take(await c.connection.receiver(orders))
      assert.deepEqual({ id, subject, correlationId, groupId }, odd)
    },
  },
  {
    id: 'to-json',
    title: 'a delivery can be printed as JSON with all its fields',
    async run(c) {
      const orders = c.queue()
      await c.connection.send(orders, { a: 1 }, { id: 'j-1', subject: 's', properties: { p: 'q' } })
      const plainForm = JSON.parse(JSON.stringify(await take(await c.connection.receiver(orders))))
      assert.deepEqual(
        [plainForm.id, plainForm.subject, plainForm.body, plainForm.properties],
        ['j-1', 's', { a: 1 }, { p: 'q' }],
      )
      assert.equal(plainForm.deliveryCount, 1)
    },
  },
])
