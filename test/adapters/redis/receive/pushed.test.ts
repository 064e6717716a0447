/** Messages that other programs push into the list of a queue: many, large ones, and what becomes of them where this user may not do all of it. */
import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { connect, queue } from '../../../../src/index.ts'
import { eventually } from '../../../support/eventually.ts'
import { uniqueName } from '../../../support/names.ts'
import { Fixture, keys, url } from '../fixture.ts'

const on = new Fixture()

describe('what was pushed', () => {
  it('comes without a pause, however much it is', async () => {
    const all = 5_000
    const node = await on.node()
    const { inbox } = await on.receiver(node, { credit: 2 * all })
    const bodies = Array.from({ length: all }, (_, at) => String(at))
    await on.bare.rpush(`${keys.queue(node.name)}#in`, ...bodies)
    await eventually(() => inbox.deliveries.length === all, { timeoutMs: 10_000 })
  })

  it('is shown and counted whole where it is large, and purged', async () => {
    const node = await on.node()
    const list = `${keys.queue(node.name)}#in`
    const large = Buffer.alloc(1_500_000, 'x')
    for (let at = 0; at < 8; at++) await on.bare.rpush(list, large)
    await using connection = await connect(url)
    let shown = 0
    for await (const { bytes } of connection.browse(queue<string>(node.name))) shown += bytes.length
    expect(shown).toBe(8 * large.length)
    for (let at = 0; at < 3; at++) await on.bare.rpush(list, 'small')
    expect(await on.connection.purge(node)).toBe(11)
    expect(await on.bare.exists(list)).toBe(0)
  })

  it('is there once, also when a user has looked for it who may not take it off the list', async () => {
    const node = await on.node()
    const list = `${keys.queue(node.name)}#in`
    const name = `user-${randomUUID()}`
    await on.bare.call('ACL', 'SETUSER', name, 'on', '>secret', '~*', '&*', '+@all', '-ltrim')
    on.atEnd(() => on.bare.call('ACL', 'DELUSER', name))
    const login = new URL(url)
    login.username = name
    login.password = 'secret'
    await on.bare.rpush(list, 'a', 'b', 'c')
    await using weak = await connect(login.href)
    const detached: string[] = []
    weak.on('detached', ({ error }) => detached.push(error.code))
    weak.on('warning', () => {})
    const consumer = await weak.consume(queue(node.name), () => {})
    await eventually(() => detached.length > 1, { timeoutMs: 10_000 })
    await consumer.close()
    expect(new Set(detached)).toEqual(new Set(['UNAUTHORIZED']))
    expect(await on.bare.hlen(`${keys.queue(node.name)}#msg`)).toBe(0)
    const { inbox } = await on.receiver(node)
    await inbox.take(3)
    expect(await on.connection.inspect(node)).toMatchObject({ depth: 0, details: { unsettled: 3 } })
  })
})

it('times that no timer of Node can wait are waited for all the same', async () => {
  const told: string[] = []
  const note = ({ name }: Error): void => void told.push(name)
  process.on('warning', note)
  on.atEnd(() => process.off('warning', note))
  const long = 10_000_000_000
  await using connection = await connect({ url, heartbeatMs: long, native: { leaseMs: long, pollMs: long } })
  const jobs = queue<string>(uniqueName('long'))
  on.atEnd(() => on.connection.delete({ name: jobs.name, type: 'queue' }))
  await using receiver = await connection.receiver(jobs)
  const waiting = receiver.receive({ timeoutMs: 5_000 })
  await connection.send(jobs, 'x')
  const delivery = (await waiting)!
  await delivery.accept()
  // Warnings of Node come in the next turn.
  await new Promise((resolve) => setImmediate(resolve))
  expect(told).toEqual([])
})
