/** A thousand messages moved from RabbitMQ to Redis by the page, while Redis is killed and comes back. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connect, queue } from '../../../src/index.ts'
import { brokerUrl, isLeftOut, PrivateBroker } from '../../support/brokers.ts'
import { eventually } from '../../support/eventually.ts'
import { uniqueName } from '../../support/names.ts'
import { launch, Walk } from './support.ts'

const COUNT = 1_000
const BODY = 'x'.repeat(16_000)

let browser: Browser

beforeAll(async () => {
  browser = await launch()
}, 60_000)
afterAll(() => browser?.close())

// Reason of a skip: the user chose to do without them, which the summary of the run says.
it.skipIf(isLeftOut('rabbitmq') || isLeftOut('redis'))(
  'none is lost; the page shows how far it is, and that the target is away',
  async () => {
    await using redis = await PrivateBroker.start('redis')
    const name = uniqueName('move')
    const orders = queue<string>(name)
    await using source = await connect(brokerUrl('rabbitmq'))
    await source.admin.declare(orders)
    {
      await using sender = await source.sender(orders)
      await Promise.all(
        Array.from({ length: COUNT }, (_, at) =>
          sender.send(`${at} ${BODY}`, { id: `id-${at}`, durable: true }),
        ),
      )
    }
    await using walk = await Walk.begin(browser, {
      connections: { rabbit: brokerUrl('rabbitmq'), redis: redis.url },
      write: true,
    })
    await walk.find(name, 'rabbit')
    await walk.page.locator('.page-head').getByRole('button', { name: 'Copy or move' }).click()
    await walk.dialog.getByLabel('To: broker').selectOption('redis')
    await walk.dialog.getByLabel('To: address').fill(name)
    await walk.dialog.getByLabel('Make the queue when it is missing').check()
    await walk.dialog.getByRole('button', { name: 'Move', exact: true }).click()

    const tasks = walk.page.getByRole('region', { name: 'Tasks' })
    const bar = tasks.getByRole('progressbar')
    await eventually(async () => Number(await bar.getAttribute('value')) > 0, {
      timeoutMs: 15_000,
      intervalMs: 5,
    })
    await redis.kill()
    await walk.page.locator('.sidebar').getByRole('img', { name: 'away' }).waitFor()
    await tasks
      .getByText(/running/)
      .first()
      .waitFor()
    expect(Number(await bar.getAttribute('value'))).toBeLessThan(COUNT)
    await redis.start()
    await tasks.getByText(`done · 1,000 of 1,000 messages`).waitFor({ timeout: 60_000 })
    await tasks.getByText(/sluice bridge/).waitFor()

    const ids = new Set<string>()
    await using target = await connect(redis.url)
    for await (const message of target.browse(orders)) ids.add(message.id)
    expect(ids.size).toBe(COUNT)
    expect((await source.admin.inspect(orders))?.depth).toBe(0)
    await source.admin.delete(orders)
  },
  120_000,
)
