/**
 * `npm run docs:console`: the pictures of docs/console.md and the README, from a console over brokers that this script fills
 * itself: the embedded one, a hub, and those that `npm run brokers -- up` has started.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { createConsole } from '../../src/console/index.ts'
import { createHub } from '../../src/hub.ts'
import { connect } from '../../src/index.ts'
import { launch } from '../../test/console/page/support.ts'
import { testEnvironment } from '../brokers/environment.ts'
import { defaultHome } from '../brokers/home.ts'
import { fillShop, keepMoving } from './shop.ts'

const OUT = join(import.meta.dirname, '../../docs/console')

interface Picture {
  readonly name: string
  readonly hash: string
  readonly look: 'light' | 'dark' | 'phone'
  readonly act?: (page: Page) => Promise<unknown>
}

const openMessage = async (page: Page): Promise<void> => {
  await page.locator('table.messages tbody tr').nth(12).waitFor()
  for (let row = 0; row < 12; row++) await page.keyboard.press('j')
  await page.getByRole('article', { name: 'Message' }).waitFor()
}

const PICTURES: readonly Picture[] = [
  { name: 'brokers', hash: '#/', look: 'light' },
  { name: 'messages', hash: '#/node/shop/orders', look: 'light', act: openMessage },
  { name: 'messages-dark', hash: '#/node/shop/orders', look: 'dark', act: openMessage },
  { name: 'nodes-dark', hash: '#/nodes?sort=depth', look: 'dark' },
  {
    name: 'replay',
    hash: '#/node/shop/orders-dead/dead-letters',
    look: 'light',
    act: async (page) => {
      await page
        .getByRole('row', { name: /card declined/ })
        .getByRole('button', { name: 'Replay' })
        .click()
      await page.getByRole('button', { name: 'Dry run' }).click()
      await page.getByText(/would go back/).waitFor()
    },
  },
  {
    name: 'compare',
    hash: '#/compare?lb=shop&la=orders&rb=archive&ra=orders',
    look: 'light',
    act: async (page) => {
      await page.locator('form').getByRole('button', { name: 'Compare' }).click()
      await page
        .getByRole('group', { name: 'Outcome' })
        .getByRole('button', { name: /different/ })
        .click()
      await page.locator('table.messages tbody tr').first().click()
    },
  },
  {
    name: 'charts-dark',
    hash: '#/node/shop/invoices/charts',
    look: 'dark',
    act: (page) => page.locator('.chart canvas').first().waitFor(),
  },
  { name: 'brokers-phone', hash: '#/', look: 'phone' },
  { name: 'messages-phone', hash: '#/node/shop/orders', look: 'phone' },
]

const scratch = mkdtempSync(join(tmpdir(), 'sluice-pictures-'))
// The picture shows a path, and no one's own.
process.chdir(scratch)
const environment = testEnvironment(defaultHome())
const hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
const urls: Record<string, string> = {
  shop: 'memory:shop',
  archive: 'file:./archive',
  devices: hub.urls[0]!,
}
for (const [name, variable] of [
  ['edge', 'SLUICE_TEST_REDIS'],
  ['ledger', 'SLUICE_TEST_QPID'],
  ['billing', 'SLUICE_TEST_RABBITMQ'],
] as const) {
  const url = Object.entries(environment).find(([key]) => key === variable)?.[1]
  if (url !== undefined) urls[name] = url
}
const connections = new Map(
  await Promise.all(Object.entries(urls).map(async ([name, url]) => [name, await connect(url)] as const)),
)
await fillShop(connections)
const rest = keepMoving(connections)
const console_ = await createConsole({
  connections: urls,
  production: ['billing'],
  write: true,
  log: () => {},
})
const browser = await launch()
mkdirSync(OUT, { recursive: true })

try {
  const context = await browser.newContext({ reducedMotion: 'reduce' })
  const page = await context.newPage()
  await page.goto(console_.url)
  await page.getByRole('heading', { name: 'Brokers', level: 1 }).waitFor()
  // Lines need a few looks.
  await page.waitForFunction(
    () => (document.querySelector('.deepest .spark-line')?.getAttribute('d') ?? '').split('L').length > 8,
    undefined,
    { timeout: 90_000 },
  )
  for (const { name, hash, look, act } of PICTURES) {
    await page.emulateMedia({ colorScheme: look === 'dark' ? 'dark' : 'light' })
    await page.setViewportSize(look === 'phone' ? { width: 390, height: 780 } : { width: 1280, height: 760 })
    await page.evaluate((to) => {
      location.hash = to
    }, hash)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.waitForFunction(() => document.querySelector('.loading') === null)
    await act?.(page)
    await page.screenshot({ path: join(OUT, `${name}.png`) })
    await page.keyboard.press('Escape')
    process.stdout.write(`docs/console/${name}.png\n`)
  }
} finally {
  rest()
  await browser.close()
  await console_.close()
  await Promise.all([...connections.values()].map((connection) => connection.close()))
  await hub.close()
  rmSync(scratch, { recursive: true, force: true })
}
