/** A real browser's eye on a page: headless Chromium, with a script of the test's own that measures what is shown. */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** `undefined`: none is installed. */
export const browser = PLACES.find((path) => existsSync(path))

export interface Sight {
  /** Whether the page is wider than the window. */
  readonly overflow: boolean
  readonly background: string
  /** Charts that are shown and have a size. */
  readonly charts: number
}

const SCRIPT = `<script>
const shown = [...document.querySelectorAll('svg')].filter((svg) => svg.getBoundingClientRect().width > 100)
document.body.innerHTML = '<pre id="sight">' + JSON.stringify({
  overflow: document.documentElement.scrollWidth > window.innerWidth,
  background: getComputedStyle(document.body).backgroundColor,
  charts: shown.length,
}) + '</pre>'
</script>`

export async function lookAt(page: string, width: number, options: readonly string[]): Promise<Sight> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-page-'))
  try {
    const file = join(folder, 'page.html')
    writeFileSync(file, page.replace('</body>', `${SCRIPT}</body>`))
    const { stdout } = await promisify(execFile)(browser!, [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      `--user-data-dir=${join(folder, 'profile')}`,
      `--window-size=${width},900`,
      ...options,
      '--dump-dom',
      `file://${file}`,
    ])
    return JSON.parse(/<pre id="sight">(.*?)<\/pre>/.exec(stdout)![1]!)
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
