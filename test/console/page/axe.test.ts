/** Every view, in light and in dark, on a wide screen and on a phone, is one that axe finds nothing against. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Connection, connect, queue, topic } from '../../../src/index.ts'
import { eventually } from '../../support/eventually.ts'
import { uniqueName } from '../../support/names.ts'
import { axeFindings, launch, Walk } from './support.ts'

const url = `memory:${uniqueName()}`
const DEAD_PORT = 'redis://127.0.0.1:1'
const orders = queue('orders', { deadLetter: 'orders-dead' })

let browser: Browser
let connection: Connection

beforeAll(async () => {
  browser = await launch()
  connection = await connect(url)
  await using sender = await connection.sender(orders)
  for (let index = 0; index < 12; index++)
    await sender.send(
      { index, note: null, paid: true, text: 'x' },
      { subject: 'order.paid', priority: index % 10, properties: { index } },
    )
  await using receiver = await connection.receiver(orders)
  for (let index = 0; index < 3; index++)
    await (await receiver.receive({ timeoutMs: 5000 }))!.reject('card declined')
  await (await receiver.receive({ timeoutMs: 5000 }))!.release()
  await connection.admin.declare(topic('news'))
}, 60_000)

afterAll(async () => {
  await connection?.close()
  await browser?.close()
})

/** Where, and what is done there before axe looks. */
const VIEWS: readonly (readonly [view: string, hash: string, act: (walk: Walk) => Promise<unknown>])[] = [
  ['brokers', '#/', ({ page }) => page.getByText('not reachable').first().waitFor()],
  ['nodes', '#/nodes', ({ page }) => page.getByRole('link', { name: 'orders-dead' }).first().waitFor()],
  [
    'messages',
    '#/node/here/orders',
    async ({ rows, page }) => {
      await rows.nth(1).getByRole('button').click()
      await page.getByRole('article', { name: 'Message' }).waitFor()
    },
  ],
  ['a dead letter', '#/node/here/orders-dead', ({ rows }) => rows.first().getByRole('button').click()],
  [
    'dead letters',
    '#/node/here/orders-dead/dead-letters',
    ({ page }) => page.getByRole('row', { name: /card declined/ }).waitFor(),
  ],
  [
    'replay',
    '#/node/here/orders-dead/dead-letters',
    async (walk) => {
      await walk.page
        .getByRole('row', { name: /card declined/ })
        .getByRole('button', { name: 'Replay' })
        .click()
      await walk.dialog.waitFor()
    },
  ],
  ['charts', '#/node/here/orders/charts', ({ page }) => page.getByRole('figure').first().waitFor()],
  ['settings', '#/node/here/orders/settings', ({ page }) => page.getByText('Bind this queue').waitFor()],
  [
    'tap',
    '#/node/here/news/tap',
    async (walk) => {
      await walk.page.getByText('Listening').waitFor()
      await connection.send(topic('news'), 'hello', { subject: 'us.weather' })
      await walk.rows.first().waitFor()
    },
  ],
  ['capabilities', '#/capabilities/here', ({ page }) => page.getByText('store and forward').waitFor()],
  [
    'compare',
    '#/compare?lb=here&la=orders&rb=here&ra=orders-dead',
    async ({ page }) => {
      await page.locator('form').getByRole('button', { name: 'Compare' }).click()
      await page.getByRole('group', { name: 'Outcome' }).waitFor()
    },
  ],
  [
    'send',
    '#/send?broker=here&address=orders',
    ({ page }) => page.getByRole('heading', { name: 'Send', level: 1 }).waitFor(),
  ],
  ['request', '#/request', ({ page }) => page.getByRole('heading', { name: 'Request', level: 1 }).waitFor()],
  [
    'copy or move',
    '#/node/here/orders',
    async (walk) => {
      await walk.page.locator('.page-head').getByRole('button', { name: 'Copy or move' }).click()
      await walk.dialog.waitFor()
    },
  ],
  [
    'purge',
    '#/node/here/orders',
    async (walk) => {
      await walk.button('Purge').click()
      await walk.dialog.waitFor()
    },
  ],
  [
    'palette',
    '#/',
    async ({ page }) => {
      await page.keyboard.press('Control+k')
      await page.getByRole('option', { name: /orders-dead/ }).waitFor()
    },
  ],
  [
    'help',
    '#/',
    async (walk) => {
      // The page hears keys a moment after it is drawn.
      await eventually(async () => {
        await walk.page.keyboard.press('?')
        return walk.dialog.isVisible()
      })
    },
  ],
]

const LOOKS = [
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['phone', { colorScheme: 'light', viewport: { width: 390, height: 844 } }],
] as const

describe.each(LOOKS)('in %s', (_name, look) => {
  let walk: Walk

  beforeAll(async () => {
    // No place of an earlier walk, and nothing that moves while axe looks.
    walk = await Walk.begin(
      browser,
      { connections: { here: url, away: DEAD_PORT }, production: ['away'], write: true },
      { ...look, reducedMotion: 'reduce' },
    )
  }, 60_000)
  afterAll(async () => {
    await walk?.[Symbol.asyncDispose]()
  })

  it.each(VIEWS)(
    '%s',
    async (_view, hash, act) => {
      await walk.page.keyboard.press('Escape')
      await walk.go('#/compare')
      await walk.page.getByRole('heading', { name: 'Compare', level: 1 }).waitFor()
      await walk.go(hash)
      await act(walk)
      expect(await axeFindings(walk.page)).toEqual([])
      // Nothing lies beside the window.
      expect(
        await walk.page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
      ).toBeLessThanOrEqual(0)
      while (await walk.dialog.first().isVisible()) await walk.page.keyboard.press('Escape')
    },
    40_000,
  )
})
