/** Queues whose dead-letter addresses lead back to them. */
import { expect, test } from 'vitest'
import { connect, mailbox, queue, service } from '../../../src/index.ts'

test('a queue that would be its own dead-letter address is refused by every call', async () => {
  await using connection = await connect('memory:')
  const refused = { code: 'ADDRESS_OPTION_INVALID', context: { option: 'deadLetter' } }
  for (const node of [
    queue('own', { deadLetter: 'own' }),
    queue('own', { deadLetter: queue('own'), create: 'never' }),
    mailbox('own', { deadLetter: 'own' }),
    queue('outer', { deadLetter: queue('own', { deadLetter: 'own' }) }),
  ]) {
    await expect(connection.admin.declare(node)).rejects.toMatchObject(refused)
    if (node.name === 'outer') continue
    await expect(connection.send(node, 1)).rejects.toMatchObject(refused)
    await expect(connection.receiver(node)).rejects.toMatchObject(refused)
  }
  await expect(connection.admin.declare(service('own', { deadLetter: 'own' }))).rejects.toMatchObject(refused)
  expect(await connection.admin.inspect(queue('own'))).toBeUndefined()
})

test.each(['', 'type: queue, '])(
  'an address text whose queue is its own alternate exchange is refused (%s)',
  async (type) => {
    await using connection = await connect('memory:')
    const text = `circle; {create: always, node: {${type}x-declare: {alternate-exchange: circle}}}`
    for (const call of [
      () => connection.sender(text),
      () => connection.receiver(text),
      () => connection.admin.declare(text),
    ])
      await expect(call()).rejects.toMatchObject({
        code: 'ADDRESS_OPTION_INVALID',
        message: expect.stringContaining('alternate-exchange'),
      })
  },
)

test('two queues that are each other’s dead-letter address pass a message to and fro, and its deaths are counted', async () => {
  await using connection = await connect('memory:')
  const second = queue<string>('second', { deadLetter: 'first' })
  const first = queue<string>('first', { deadLetter: second })
  await connection.send(first, 'x')
  await using atFirst = await connection.receiver(first)
  await using atSecond = await connection.receiver(second)
  for (let round = 0; round < 3; round++) {
    for (const [receiver, name, deaths] of [
      [atFirst, 'first', 2 * round],
      [atSecond, 'second', 2 * round + 1],
    ] as const) {
      const delivery = (await receiver.receive({ timeoutMs: 5_000 }))!
      // Told from the second one on.
      expect(delivery.properties['sluice-deaths'] ?? Math.min(deaths, 1)).toBe(deaths)
      await delivery.reject(`bad in ${name}`)
    }
  }
  const again = (await atFirst.receive({ timeoutMs: 5_000 }))!
  expect(again.properties).toMatchObject({ 'sluice-reason': 'bad in second', 'sluice-deaths': 6 })
  await again.accept()
})
