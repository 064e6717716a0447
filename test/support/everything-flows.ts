/** Messages flow over a connection, whatever is under it. */
import { expect } from 'vitest'
import { type Connection, queue, service } from '../../src/index.ts'
import { uniqueName } from './names.ts'

/** Confirmed, refused and returned sends, headers, verdicts, a request, large and small bodies. */
export async function everythingFlows(
  connection: Connection,
  atEnd: (cleanup: () => unknown) => void,
): Promise<void> {
  const orders = queue<{ n: number; text: string }>(uniqueName('reaches'))
  atEnd(() => connection.admin.delete(orders))
  const sender = await connection.sender(orders)
  const text = (n: number): string => 'x'.repeat(n % 5 === 0 ? 200_000 : 10)
  const count = 40
  await Promise.all(
    Array.from({ length: count }, (_, n) =>
      sender.send({ n, text: text(n) }, { properties: { n, name: `no ${n}`, day: new Date(n) } }),
    ),
  )
  const receiver = await connection.receiver(orders, { credit: 10 })
  const seen: number[] = []
  for (let released = false; seen.length < count; ) {
    const delivery = await receiver.receive({ timeoutMs: 10_000 })
    if (!delivery) break
    const { n } = delivery.body
    expect(delivery.properties).toEqual({ n, name: `no ${n}`, day: new Date(n) })
    expect(delivery.body.text).toBe(text(n))
    if (n === 7 && !released) {
      released = true
      await delivery.release()
      continue
    }
    await delivery.accept()
    seen.push(n)
  }
  expect(seen.toSorted((one, other) => one - other)).toEqual(Array.from({ length: count }, (_, n) => n))
  await expect(connection.send(`${uniqueName('nowhere')}`, 'x')).rejects.toMatchObject({
    code: expect.stringMatching(/^(ADDRESS_NOT_FOUND|SEND_UNROUTABLE)$/),
  })
  const doubling = service<number, number>(uniqueName('doubling'))
  atEnd(() => connection.admin.delete(doubling))
  await connection.respond(doubling, ({ body }) => body * 2)
  const { body } = await connection.request(doubling, 21)
  expect(body).toBe(42)
}
