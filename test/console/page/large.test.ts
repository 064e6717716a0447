/** A page over much: ten thousand nodes, a million messages, five thousand messages a second. It stays small and answers at once. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Connection, connect, queue, topic } from '../../../src/index.ts'
import { eventually } from '../../support/eventually.ts'
import { uniqueName } from '../../support/names.ts'
import { launch, Walk } from './support.ts'

const MILLION = 1_000_000
const url = `memory:${uniqueName()}`
let browser: Browser
let walk: Walk
let broker: Connection

beforeAll(async () => {
  browser = await launch()
  broker = await connect(url)
  walk = await Walk.begin(browser, { connections: { it: url } })
}, 60_000)

afterAll(async () => {
  await walk?.[Symbol.asyncDispose]()
  await browser?.close()
  await broker?.close()
}, 60_000)

it('of ten thousand nodes only those in sight exist, by filter and at the end of the list', async () => {
  for (let at = 0; at < 10_000; at++) await broker.admin.declare(queue(`node-${String(at).padStart(5, '0')}`))
  await walk.go('#/nodes/it')
  const rows = walk.page.getByRole('row')
  await walk.page.getByText('node-00000', { exact: true }).waitFor()
  expect(await rows.count()).toBeLessThan(200)
  await walk.page.getByRole('table').evaluate((table) => table.scrollTo(0, table.scrollHeight))
  await walk.page.getByText('node-09999', { exact: true }).waitFor()
  expect(await rows.count()).toBeLessThan(200)
  await walk.page.keyboard.press('/')
  await walk.page.keyboard.type('node-04711')
  await walk.page.getByText('node-04711', { exact: true }).waitFor()
  await eventually(async () => (await rows.count()) === 2)
}, 180_000)

it('of a million messages one page is held, and the next', async () => {
  await using sender = await broker.sender(queue<number>('long'))
  for (let at = 0; at < MILLION; at += 10_000)
    await sender.sendAll(Array.from({ length: 10_000 }, (_, offset) => at + offset))
  await walk.go('#/node/it/long')
  await walk.rows.nth(49).waitFor()
  expect(await walk.rows.count()).toBe(50)
  await walk.button('Next page').click()
  await walk.page.getByRole('cell', { name: '99', exact: true }).first().waitFor()
  expect(await walk.rows.count()).toBe(50)
  expect((await broker.admin.inspect(queue('long')))!.depth).toBe(MILLION)
}, 180_000)

it('a topic with five thousand messages a second is tapped: some are shown, the rest is counted, the page answers', async () => {
  await broker.admin.declare(topic('busy'))
  await walk.go('#/node/it/busy/tap')
  await walk.page.getByText('Listening').waitFor()
  await using sender = await broker.sender(topic<string>('busy'))
  const PER_TURN = 500
  let sent = 0
  const timer = setInterval(() => {
    for (let at = 0; at < PER_TURN; at++) void sender.send(`number ${sent++} ${'x'.repeat(200)}`)
  }, 100)
  try {
    await walk.page.getByText(/left out: they came too fast to show/).waitFor()
    await eventually(async () => sent >= 15_000 && (await walk.rows.count()) > 0, {
      timeoutMs: 60_000,
    })
    expect(await walk.rows.count()).toBeLessThan(1_000)
    // A click is answered while they come.
    await walk.button('Pause').click()
    await walk.page.getByText(/passed while paused/).waitFor()
  } finally {
    clearInterval(timer)
  }
}, 180_000)
