import { expect, it } from 'vitest'
import type { AdapterSender } from '../../../src/contract/adapter.ts'
import type { MessagingError } from '../../../src/model/errors.ts'
import { Fixture, message, nodeSpec } from './fixture.ts'
import { RedisServer } from './redis-server.ts'

const on = new Fixture()

function outcome(
  sender: AdapterSender,
  ...args: Parameters<typeof message>
): Promise<MessagingError | undefined> {
  return new Promise((settle) => {
    sender.send({ message: message(...args), resend: false, settle })
  })
}

it.each([['proto-max-bulk-len'], ['client-query-buffer-limit']])(
  'what is longer than %s is refused alone; batches are cut to fit, and nothing ends the connection',
  async (setting) => {
    await using server = await RedisServer.start([[setting, '1mb']])
    const { connection, reports } = await on.connect({}, server.url)
    const { maxBodyBytes } = connection.capabilities.limits
    expect(maxBodyBytes).toBeGreaterThan(900_000)
    expect(maxBodyBytes).toBeLessThan(1_048_576)
    const queue = nodeSpec({ name: 'orders' })
    await connection.declare(queue)
    const sender = await on.sender(queue, {}, connection)
    const small = Array.from({ length: 150 }, () => outcome(sender, 'z'.repeat(10_000)))
    const large = outcome(sender, Buffer.alloc(2_000_000))
    const wordy = outcome(sender, 'x', { properties: { words: 'w'.repeat(1_100_000) } })
    const largest = outcome(sender, Buffer.alloc(maxBodyBytes))
    expect((await Promise.all(small)).filter(Boolean)).toEqual([])
    for (const refused of [large, wordy]) {
      expect(await refused).toMatchObject({ code: 'MESSAGE_TOO_LARGE', retryable: false })
    }
    expect(await largest).toBeUndefined()
    expect((await connection.inspect(queue))?.depth).toBe(151)
    expect(reports.lost).toEqual([])
  },
)

it.each([['proto-max-bulk-len'], ['client-query-buffer-limit']])(
  'a user who may not read %s: what is too long is refused alone, nothing ends the connection, order is kept',
  async (setting) => {
    await using server = await RedisServer.start([[setting, '3mb']])
    const user = await server.user('app', '~*', '&*', '+@all', '-config')
    const { connection, reports } = await on.connect({}, user)
    const [queue, other] = [nodeSpec({ name: 'orders' }), nodeSpec({ name: 'other' })]
    for (const each of [queue, other]) await connection.declare(each)
    const sender = await on.sender(queue, {}, connection)
    const before = outcome(sender, 'before')
    const large = outcome(sender, Buffer.alloc(4_000_000))
    const fitting = outcome(sender, Buffer.alloc(2_000_000))
    const small = Array.from({ length: 150 }, () => outcome(sender, 'z'.repeat(10_000)))
    const elsewhere = outcome(await on.sender(other, {}, connection), 'x')
    expect(await large).toMatchObject({ code: 'MESSAGE_TOO_LARGE', retryable: false })
    for (const sent of [before, fitting, elsewhere, ...small]) expect(await sent).toBeUndefined()
    const { inbox } = await on.receiver(queue, { credit: 200 }, connection)
    const sizes = (await inbox.take(152)).map(({ message: { body } }) => (body as Uint8Array).byteLength)
    expect(sizes.slice(0, 3)).toEqual([6, 2_000_000, 10_000])
    expect(reports.lost).toEqual([])
  },
)
