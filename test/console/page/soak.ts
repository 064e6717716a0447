/**
 * `sluice console` over six brokers, clicked through for long: its memory and the page's have to stay where they are.
 *
 *     npm run brokers -- up redis rabbitmq qpid
 *     npm run soak:console -- [MINUTES]      (default 60)
 *
 * First, how long the command took until its page was there. Then one line a minute: the process's resident memory, the page's heap after a collection, and what was done.
 * Ends with 1 where the last quarter stands more than a tenth (or 10 MB) above the second, or the page complained.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { testEnvironment } from '../../../scripts/brokers/environment.ts'
import { defaultHome } from '../../../scripts/brokers/home.ts'
import { createHub } from '../../../src/hub.ts'
import { launch } from './support.ts'

const CLICK_MS = 250
const MINUTE_MS = 60_000
const SLACK_BYTES = 10 * 1024 * 1024
const minutes = Number(process.argv[2] ?? 60)

const scratch = mkdtempSync(join(tmpdir(), 'sluice-soak-console-'))
const environment = testEnvironment(defaultHome())
const hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
const brokers: Record<string, string | undefined> = {
  memory: 'memory:soak',
  file: `file:${join(scratch, 'store')}`,
  hub: hub.urls[0],
  redis: environment.SLUICE_TEST_REDIS,
  rabbitmq: environment.SLUICE_TEST_RABBITMQ,
  qpid: environment.SLUICE_TEST_QPID,
}
const missing = Object.keys(brokers).filter((name) => brokers[name] === undefined)
if (missing.length > 0)
  throw new Error(`Not up: ${missing.join(', ')}. Run: npm run brokers -- up ${missing.join(' ')}`)

const browser = await launch()
const page = await browser.newPage({ viewport: { width: 1360, height: 850 } })
page.setDefaultTimeout(30_000)
const complaints: string[] = []
page.on('pageerror', (error) => complaints.push(error.stack ?? error.message))

const begun = performance.now()
const program = spawn(
  process.execPath,
  [
    resolve(import.meta.dirname, '../../../dist/cli/sluice.cjs'),
    'console',
    '--write',
    '--json',
    ...Object.entries(brokers).map(([name, url]) => `${name}=${url}`),
  ],
  { stdio: ['ignore', 'pipe', 'ignore'] },
)
const [first] = (await once(createInterface(program.stdout), 'line')) as [string]
const { url } = JSON.parse(first) as { url: string }
await page.goto(url)
const told = (what: string): void =>
  console.log(`${what}: ${Math.round(performance.now() - begun)} ms after the command`)
const count = Object.keys(brokers).length
await page
  .locator('.cards > *')
  .nth(count - 1)
  .waitFor()
told('first page, with every broker')
await page.getByText(`${count} of ${count} connected`).waitFor()
told('all connected')

let clicks = 0
const samples: { readonly resident: number; readonly heap: number }[] = []
try {
  for (let round = 0; performance.now() - begun < minutes * MINUTE_MS; round++) {
    for (const broker of Object.keys(brokers)) await walk(page, broker)
    if (round % 5 === 4) await page.reload()
    if (performance.now() - begun >= (samples.length + 1) * MINUTE_MS) await sample()
  }
} finally {
  await browser.close()
  program.kill('SIGINT')
  await once(program, 'exit')
  await hub.close()
  rmSync(scratch, { recursive: true, force: true })
}
judge()

/** What a user does with one broker: send some, look, open, chart, compare, tap, purge. */
async function walk(page: Page, broker: string): Promise<void> {
  await send(page, broker)
  await show(page, `#/nodes?broker=${broker}`)
  await show(page, `#/node/${broker}/soak-console`)
  const look = page.getByRole('button', { name: 'Look at the messages', exact: true })
  const rows = page.locator('table.messages tbody tr')
  await look.or(rows.first()).first().waitFor()
  if (await look.isVisible()) {
    await look.click()
    await page.getByRole('dialog').getByRole('button', { name: 'Look anyway' }).click()
  }
  await rows.first().waitFor()
  const message = page.getByRole('article', { name: 'Message' })
  // A list that has just come anew has not heard a key that was pressed while it came.
  for (let tries = 0; tries < 20 && !(await message.isVisible()); tries++) {
    await page.keyboard.press('j')
    await delay(CLICK_MS)
  }
  await message.waitFor()
  await page.keyboard.press('Escape')
  for (const tab of ['charts', 'dead-letters', 'settings'])
    await show(page, `#/node/${broker}/soak-console/${tab}`)
  await show(page, `#/node/${broker}/soak-console-news/tap`)
  await show(page, `#/capabilities`)
  await show(page, `#/compare?lb=${broker}&la=soak-console&rb=memory&ra=soak-console`)
  await show(page, `#/node/${broker}/soak-console`)
  await page.getByRole('button', { name: 'Purge', exact: true }).click()
  await page.getByRole('dialog').getByRole('textbox').fill('soak-console')
  await page.getByRole('dialog').getByRole('button', { name: 'Go on' }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
}

async function send(page: Page, broker: string): Promise<void> {
  await show(page, `#/send?broker=${broker}&address=soak-console`)
  await page.getByLabel('To: broker').selectOption(broker)
  await page.getByLabel('To: address').fill('soak-console')
  await page.getByLabel('Body', { exact: true }).fill(JSON.stringify({ text: 'x'.repeat(2_000), clicks }))
  const make = page.getByLabel('Make the queue when it is missing')
  if (await make.isVisible()) await make.check()
  for (let at = 0; at < 3; at++) {
    await page.getByRole('button', { name: 'Send', exact: true }).click()
    await delay(CLICK_MS)
    clicks++
  }
}

async function show(page: Page, hash: string): Promise<void> {
  await page.evaluate((to) => {
    location.hash = to
  }, hash)
  await page.getByRole('heading', { level: 1 }).waitFor()
  clicks++
  await delay(CLICK_MS)
}

async function sample(): Promise<void> {
  const client = await page.context().newCDPSession(page)
  await client.send('HeapProfiler.enable')
  await client.send('HeapProfiler.collectGarbage')
  const { usedSize } = await client.send('Runtime.getHeapUsage')
  await client.detach()
  samples.push({ resident: residentOf(program.pid!), heap: usedSize })
  const { resident, heap } = samples.at(-1)!
  console.log(`${samples.length} min: process ${mega(resident)}, page ${mega(heap)}, ${clicks} clicks`)
}

function residentOf(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!
  return Number(kilobytes) * 1024
}

function judge(): void {
  const quarter = Math.floor(samples.length / 4)
  for (const what of ['resident', 'heap'] as const) {
    const of = (from: number): number => median(samples.slice(from, from + quarter).map((each) => each[what]))
    const [early, late] = [of(quarter), of(samples.length - quarter)]
    const grown = late - early > Math.max(early / 10, SLACK_BYTES)
    console.log(
      `${what}: ${mega(early)} in the second quarter, ${mega(late)} in the last${grown ? ': grows' : ''}`,
    )
    if (grown) process.exitCode = 1
  }
  for (const complaint of complaints) console.log(`the page complained: ${complaint}`)
  if (complaints.length > 0) process.exitCode = 1
}

function mega(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
