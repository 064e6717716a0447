import { describe, expect, test } from 'vitest'
import { connect } from '../../../../src/index.ts'
import { Fixture, message, nodeSpec, rejection, sendOk, url } from '../fixture.ts'

const fixture = new Fixture()

describe('nodes', () => {
  test('declaring again with the same settings changes nothing, with others is ADDRESS_MISMATCH', async () => {
    const node = await fixture.node({ ttlMs: 60_000, maxLength: 5 })
    const sender = await fixture.sender(node)
    await sendOk(sender)
    await fixture.connection.declare(node)
    for (const changes of [
      { ttlMs: 1000 },
      { durable: false },
      { maxLength: undefined },
      { maxDeliveries: 3 },
    ]) {
      expect(await rejection(fixture.connection.declare({ ...node, ...changes }))).toMatchObject({
        code: 'ADDRESS_MISMATCH',
      })
    }
    expect(await fixture.connection.inspect(node)).toMatchObject({ depth: 1 })
    const topic = await fixture.node({ type: 'topic' })
    await fixture.connection.declare(topic)
    expect(await rejection(fixture.connection.declare({ ...topic, type: 'broadcast' }))).toMatchObject({
      code: 'ADDRESS_MISMATCH',
    })
  })

  test('inspect, purge and delete; a queue wins over an exchange of its name', async () => {
    const node = await fixture.node()
    const { name } = node
    fixture.remove({ name, type: 'topic' })
    await fixture.connection.declare(nodeSpec({ name, type: 'topic' }))
    const sender = await fixture.sender(node)
    for (let n = 0; n < 3; n++) await sendOk(sender)
    expect(await fixture.connection.inspect({ name, type: undefined })).toMatchObject({
      type: 'queue',
      depth: 3,
      receivers: 0,
    })
    expect(await fixture.connection.inspect({ name, type: 'topic' })).toMatchObject({
      type: 'topic',
      depth: undefined,
    })
    expect(await fixture.connection.purge({ name, type: undefined })).toBe(3)
    expect(await fixture.connection.delete({ name, type: undefined })).toBe(true)
    expect(await fixture.connection.inspect({ name, type: undefined })).toMatchObject({ type: 'topic' })
    expect(await fixture.connection.purge({ name, type: 'topic' })).toBe(0)
    expect(await fixture.connection.delete({ name, type: undefined })).toBe(true)
    expect(await fixture.connection.delete({ name, type: undefined })).toBe(false)
    expect(await fixture.connection.inspect({ name, type: undefined })).toBeUndefined()
    expect(await rejection(fixture.connection.purge({ name, type: 'queue' }))).toMatchObject({
      code: 'ADDRESS_NOT_FOUND',
    })
  })

  test('an unused queue deletes itself', async () => {
    const node = await fixture.node({ expiresMs: 100 })
    await expect
      .poll(() => fixture.connection.inspect(node), { interval: 300, timeout: 5000 })
      .toBeUndefined()
  })

  test('auto-delete goes with the last receiver, but not because its window was closed', async () => {
    const node = await fixture.node({ autoDelete: true })
    const sender = await fixture.sender(node)
    const { receiver, inbox } = await fixture.receiver(node, { autoDelete: true })
    receiver.flow(0)
    await receiver.flush()
    await sendOk(sender, message('waits'))
    expect(inbox.deliveries).toEqual([])
    receiver.flow(10)
    await inbox.next()
    await receiver.close()
    expect(await fixture.connection.inspect(node)).toBeUndefined()
  })

  test('bindings are made with the node', async () => {
    const source = await fixture.node({ type: 'topic' })
    const node = await fixture.node({ bindings: [{ source: source.name, key: 'a.*' }] })
    const sender = await fixture.sender(source)
    await sendOk(sender, message('x', { subject: 'a.b' }))
    await sendOk(sender, message('x', { subject: 'b.b' }))
    expect(await fixture.connection.inspect(node)).toMatchObject({ depth: 1 })
    const error = await rejection(
      fixture.connection.declare({ ...node, bindings: [{ source: fixture.name(), key: '#' }] }),
    )
    expect(error).toMatchObject({ code: 'ADDRESS_NOT_FOUND' })
  })

  test('native options: quorum queues, raw arguments; unknown ones are refused by name', async () => {
    const quorum = await fixture.node({ native: { queueType: 'quorum' } })
    const sender = await fixture.sender(quorum)
    await sendOk(sender, message('x', { priority: 9 }))
    const { receiver, inbox } = await fixture.receiver(quorum)
    const delivery = await inbox.next()
    await receiver.settle(delivery, { kind: 'release', delayMs: 0, unseen: true })
    expect(await inbox.next()).toMatchObject({ deliveryCount: 2 })
    await fixture.node({ native: { arguments: { 'x-queue-mode': 'lazy' }, maxPriority: 0 } })
    const wrong = nodeSpec({ name: fixture.name(), native: { queueTyp: 'quorum' } })
    expect(await rejection(fixture.connection.declare(wrong))).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/queueTyp.*queueType/),
    })
    const qpid = nodeSpec({ name: fixture.name(), native: { arguments: { 'qpid.last_value_queue': true } } })
    expect(await rejection(fixture.connection.declare(qpid))).toMatchObject({ code: 'NOT_SUPPORTED' })
    const bad = nodeSpec({ name: fixture.name(), native: { arguments: { 'x-max-length': 'many' } } })
    expect(await rejection(fixture.connection.declare(bad))).toMatchObject({ code: 'ADDRESS_OPTION_INVALID' })
    const reserved = nodeSpec({ name: 'amq.mine' })
    expect(await rejection(fixture.connection.declare(reserved))).toMatchObject({ code: 'NOT_SUPPORTED' })
  })

  test('failing calls at the same time do not disturb each other', async () => {
    const node = await fixture.node()
    const calls = Array.from({ length: 40 }, (_, n) =>
      n % 2 === 0
        ? fixture.connection.inspect(node)
        : fixture.connection.inspect({ name: fixture.name(), type: undefined }),
    )
    const found = await Promise.all(calls)
    expect(found.map((info) => info?.name)).toEqual(
      Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? node.name : undefined)),
    )
  })

  test('listing is refused with the reason where the management API was not given', async () => {
    expect(fixture.connection.capabilities.features.list.level).toBe('unsupported')
    expect(await rejection(fixture.connection.list())).toMatchObject({ code: 'NOT_SUPPORTED' })
    const connection = await connect(url)
    await connection.close()
    expect(await rejection(connection.admin.list())).toMatchObject({ code: 'CLOSED' })
  })

  test('a management API that does not answer is an error, not a hang', async () => {
    const { connection } = await fixture.connect({ url: `${url}?managementUrl=http://127.0.0.1:1` })
    expect(connection.capabilities.features.list.level).toBe('native')
    expect(await rejection(connection.list())).toMatchObject({ code: 'CONNECT_FAILED' })
  })
})

const management = process.env.SLUICE_TEST_RABBITMQ_MANAGEMENT
describe.skipIf(!management)('listing by the management API (SLUICE_TEST_RABBITMQ_MANAGEMENT)', () => {
  test('shows queues and topics, not the broker’s and not our own', async () => {
    const { connection } = await fixture.connect({ native: { managementUrl: management } })
    const queue = await fixture.node()
    const topic = await fixture.node({ type: 'broadcast' })
    const subscription = { name: 's', durable: true }
    fixture.remove({ name: topic.name, type: topic.type, subscription: 's' })
    await fixture.receiver(topic, { subscription })
    await fixture.receiver(topic)
    const names = async (): Promise<string[]> => (await connection.list()).map(({ name }) => name)
    await expect.poll(names, { timeout: 10_000, interval: 200 }).toContain(queue.name)
    const listed = await connection.list()
    expect(listed.find(({ name }) => name === topic.name)).toMatchObject({ type: 'broadcast', durable: true })
    expect(
      listed.map(({ name }) => name).filter((name) => /^amq\.|^$|:bindings:|:patterns:/.test(name)),
    ).toEqual([])
  })
})
