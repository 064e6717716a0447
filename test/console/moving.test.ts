/** Messages moved from one broker to another through the console, while the target is killed and brought back. */
import { expect, test } from 'vitest'
import type { ActResult, TaskView } from '../../src/console/protocol.ts'
import { connect, queue } from '../../src/index.ts'
import { brokerUrl, isLeftOut, PrivateBroker } from '../support/brokers.ts'
import { eventually } from '../support/eventually.ts'
import { uniqueName } from '../support/names.ts'
import { TestConsole } from './client.ts'

const COUNT = 3_000
const BODY = 'x'.repeat(4_000)

// Reason of a skip: the user chose to do without them, which the summary of the run says.
test.skipIf(isLeftOut('rabbitmq') || isLeftOut('redis'))(
  'RabbitMQ to Redis: Redis is killed in the middle and comes back; nothing is lost',
  async () => {
    await using redis = await PrivateBroker.start('redis')
    const url = brokerUrl('rabbitmq')
    const name = uniqueName()
    const orders = queue<string>(name)
    {
      await using source = await connect(url)
      await source.admin.declare(orders)
      await using sender = await source.sender(orders)
      await Promise.all(
        Array.from({ length: COUNT }, (_, at) =>
          sender.send(`${at} ${BODY}`, { id: `id-${at}`, durable: true }),
        ),
      )
      await using target = await connect(redis.url)
      await target.admin.declare(orders)
    }
    await using console = await TestConsole.start({
      connections: { rabbit: url, redis: redis.url },
      write: true,
    })
    await console.connected('rabbit', 'redis')
    const task = async (): Promise<TaskView> =>
      (await console.got<{ tasks: TaskView[] }>('/api/tasks')).tasks[0]!
    const { task: begun } = await console.posted<ActResult>('/api/acts', {
      act: 'move',
      from: { broker: 'rabbit', address: name },
      to: { broker: 'redis', address: name },
    })
    expect(begun).toMatchObject({ state: 'running', total: COUNT })
    await eventually(async () => (await task()).count > 0, { intervalMs: 2 })
    await redis.kill()
    const { count, state } = await task()
    expect([state, count < COUNT]).toEqual(['running', true])
    await eventually(async () => {
      const [, view] = await console.got<{ state: string }[]>('/api/brokers')
      return view!.state === 'reconnecting'
    })
    // The other broker is as quick as ever.
    expect((await console.get(`/api/brokers/rabbit/nodes/${name}`)).status).toBe(200)
    await redis.start()
    const ended = await eventually(
      async () => {
        const view = await task()
        return view.state === 'running' ? undefined : view
      },
      { timeoutMs: 60_000 },
    )
    expect(ended).toMatchObject({ state: 'done' })
    await using target = await connect(redis.url)
    await using receiver = await target.receiver(orders)
    const ids = new Set<string>()
    while (ids.size < COUNT) {
      const got = await receiver.receive({ timeoutMs: 10_000 })
      if (!got) break
      expect(got.body.slice(0, 10)).toBe(`${got.id.slice(3)} ${BODY}`.slice(0, 10))
      ids.add(got.id)
      await got.accept()
    }
    expect(ids.size).toBe(COUNT)
    await using source = await connect(url)
    expect((await source.admin.inspect(orders))?.depth).toBe(0)
    await source.admin.delete(orders)
  },
  120_000,
)

test('a move that is stopped ends at a message’s end: every message is at one side or the other', async () => {
  const url = `memory:${uniqueName()}`
  await using broker = await connect(url)
  const [from, to] = [queue<string>('from'), queue<string>('to')]
  await broker.admin.declare(to)
  await using sender = await broker.sender(from)
  await Promise.all(Array.from({ length: 50_000 }, (_, at) => sender.send(`${at}`)))
  await using console = await TestConsole.start({ connections: { it: url }, write: true })
  await console.connected('it')
  const { task } = await console.posted<ActResult>('/api/acts', {
    act: 'move',
    from: { broker: 'it', address: 'from' },
    to: { broker: 'it', address: 'to' },
  })
  await console.post(`/api/tasks/${task!.id}/stop`, {})
  const ended = await eventually(async () => {
    const { tasks } = await console.got<{ tasks: TaskView[] }>('/api/tasks')
    return tasks.find(({ id, state }) => id === task!.id && state !== 'running')
  })
  expect(ended.state).toBe('stopped')
  const [left, moved] = [await broker.admin.inspect(from), await broker.admin.inspect(to)]
  expect(moved!.depth).toBe(ended.count)
  expect(left!.depth! + moved!.depth!).toBe(50_000)
  expect(left!.depth).toBeGreaterThan(0)
})
