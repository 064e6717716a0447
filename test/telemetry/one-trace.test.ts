/** One trace over two brokers, a bridge, a handler that throws, a dead letter and its replay: the picture in docs/telemetry.md as it comes out. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { connect, queue } from '../../src/index.ts'
import { Commands } from '../cli/commands.ts'
import { brokerUrl, isLeftOut } from '../support/brokers.ts'
import { uniqueName } from '../support/names.ts'
import { picture } from './support/picture.ts'
import { Recording } from './support/recording.ts'

const PAGE = join(import.meta.dirname, '../../docs/telemetry.md')
const commands = new Commands()
afterAll(() => commands[Symbol.dispose]())

describe.skipIf(isLeftOut('rabbitmq') || isLeftOut('redis'))('one trace', () => {
  test('RabbitMQ, bridge, Redis, handler, dead letter, replay', async () => {
    const [from, to] = [brokerUrl('rabbitmq'), brokerUrl('redis')]
    const [orders, dead] = [queue<string>(uniqueName('orders')), queue<string>(uniqueName('dead'))]
    const work = queue<string>(uniqueName('work'), { maxDeliveries: 1, deadLetter: dead })
    const recording = new Recording({ settleSpans: true })
    await using rabbitmq = await connect(from)
    await using redis = await connect(to)
    try {
      await redis.admin.declare(work)
      await redis.admin.declare(dead)
      await rabbitmq.send(orders, 'an order')
      const ends = [`${from}#${orders.name}`, `${to}#${work.name}`]
      expect((await commands.run('sluice', 'bridge', ...ends, '-t', '0')).code).toBe(0)
      let well = false
      await using _ = await redis.consume(
        work,
        () => {
          if (!well) throw new Error('the printer is on fire')
        },
        { onError: () => {} },
      )
      const ended = (operation: string, system: string): number =>
        recording
          .finished()
          .filter(
            ({ attributes: of }) =>
              of['messaging.operation.name'] === operation && of['messaging.system'] === system,
          ).length
      await expect.poll(() => ended('reject', 'redis'), { timeout: 10_000 }).toBe(1)
      well = true
      expect(await redis.replay(dead)).toMatchObject({ replayed: 1 })
      await expect.poll(() => ended('accept', 'redis'), { timeout: 10_000 }).toBe(1)
      const names = new Map(
        [
          [orders, 'orders'],
          [work, 'work'],
          [dead, 'dead'],
        ].map(([node, role]) => [(node as typeof orders).name, role as string]),
      )
      const drawn = picture(recording.finished(), (name) =>
        name.replace(/\S+$/, (node) => names.get(node) ?? node),
      )
      const page = readFileSync(PAGE, 'utf8')
      const shown = /(?<=<!-- picture -->\n```text\n)[\s\S]*?(?=```\n<!-- \/picture -->)/
      if (process.env.SLUICE_WRITE_DOCS) writeFileSync(PAGE, page.replace(shown, `${drawn}\n`))
      else expect(shown.exec(page)?.[0]).toBe(`${drawn}\n`)
    } finally {
      await recording[Symbol.asyncDispose]()
      await rabbitmq.admin.delete(orders)
      await redis.admin.delete(work)
      await redis.admin.delete(dead)
    }
  })
})
