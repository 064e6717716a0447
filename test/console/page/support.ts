/** A console and a browser that walks through its page, as a user would: by names and roles, keys and clicks. */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { type ConsoleOptions, createConsole } from '../../../src/console/index.ts'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Debian's Chromium: `npm test` installs it. */
export function launch(): Promise<Browser> {
  const executablePath = PLACES.find((path) => existsSync(path))
  if (executablePath === undefined)
    throw new Error('No Chromium is installed. Run npm test, or first: apt-get install chromium')
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}

/** One tab in a console. What the browser complains of is a failure of the walk. */
export class Walk implements AsyncDisposable {
  readonly page: Page
  readonly complaints: string[] = []
  /** Lines of the console's log. */
  readonly log: string[]
  readonly #end: () => Promise<void>

  private constructor(page: Page, log: string[], end: () => Promise<void>) {
    this.page = page
    this.log = log
    this.#end = end
    page.setDefaultTimeout(15_000)
    page.on('pageerror', (error) => this.complaints.push(error.stack ?? error.message))
    page.on('dialog', (dialog) => this.complaints.push(`dialog: ${dialog.message()}`))
    page.on('console', (message) => {
      // A refusal that the page shows is told by the browser as well.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        this.complaints.push(message.text())
    })
  }

  static async begin(
    browser: Browser,
    options: Omit<ConsoleOptions, 'log'>,
    look: BrowserContextOptions = {},
  ): Promise<Walk> {
    const log: string[] = []
    const console = await createConsole({ ...options, log: (line) => void log.push(line) })
    const context = await browser.newContext({ viewport: { width: 1360, height: 850 }, ...look })
    const page = await context.newPage()
    const walk = new Walk(page, log, async () => {
      await context.close()
      await console.close()
    })
    await page.goto(console.url)
    await page.getByRole('heading', { name: 'Brokers', level: 1 }).waitFor()
    return walk
  }

  /** To a place of the page, as by a link of somebody else. */
  async go(hash: string): Promise<void> {
    await this.page.evaluate((to) => {
      location.hash = to
    }, hash)
  }

  /** To a node by the palette. */
  async find(name: string, broker: string): Promise<void> {
    await this.page.keyboard.press('Control+k')
    await this.page.getByRole('combobox', { name: 'Name of a node' }).fill(`${name} ${broker}`)
    // Some brokers list nothing: then the palette offers to open the name.
    const option = this.page.getByRole('option').filter({ hasText: name }).filter({ hasText: broker })
    await option.first().click()
    await this.page.getByRole('heading', { name, level: 1 }).waitFor()
  }

  button(name: string) {
    return this.page.getByRole('button', { name, exact: true })
  }

  /** The dialog that is open. */
  get dialog() {
    return this.page.getByRole('dialog')
  }

  /** The rows of the list of messages. */
  get rows() {
    return this.page.locator('table.messages tbody tr')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end()
    if (this.complaints.length > 0) throw new Error(`The browser complained:\n${this.complaints.join('\n')}`)
  }
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe finds against the page as it is, with the elements concerned. */
export async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof import('axe-core') }
    const { violations } = await axe.run(document, { resultTypes: ['violations'] })
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary ?? ''}`),
    )
  })
}
