/** What a message looks like in a log. */
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { connect, queue } from '../../../../src/index.ts'

async function delivered(body: unknown, contentType?: string) {
  const connection = await connect('memory:received-message')
  const orders = queue('orders')
  const properties = { big: 2n ** 60n, bytes: Uint8Array.of(1, 2), when: new Date(0) }
  await connection.send(orders, body, { id: 'i', properties, ...(contentType && { contentType }) })
  const delivery = (await (await connection.receiver(orders)).receive({ timeoutMs: 1_000 }))!
  await delivery.accept()
  await connection.close()
  return delivery
}

test('every message is JSON: big integers are text, bytes base64', async () => {
  const plain = JSON.parse(JSON.stringify(await delivered({ a: 1 })))
  expect(plain).toMatchObject({
    id: 'i',
    body: { a: 1 },
    priority: 4,
    deliveryCount: 1,
    properties: { big: '1152921504606846976', bytes: 'AQI=', when: '1970-01-01T00:00:00.000Z' },
  })
  expect(JSON.parse(JSON.stringify(await delivered({ n: 5n }, 'amqp/map'))).body).toEqual({ n: '5' })
})

test('a body of bytes, or one that cannot be decoded, stands as base64', async () => {
  expect(JSON.parse(JSON.stringify(await delivered(Uint8Array.of(1, 2))))).toMatchObject({ bytes: 'AQI=' })
  const broken = await delivered(Buffer.from('{'), 'application/json')
  expect(JSON.parse(JSON.stringify(broken))).toMatchObject({ bytes: 'ew==' })
})

test('console.log shows the fields that are set', async () => {
  const shown = inspect(await delivered({ a: 1 }))
  expect(shown).toMatch(/^Delivery \{/)
  expect(shown).toMatch(/body: .*a: 1/)
  expect(shown).toContain("id: 'i'")
  expect(shown).not.toContain('undefined')
})
