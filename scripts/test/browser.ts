/** The browser that walks through the console's page. Without it those tests fail, and say what to do. */
import { find } from '../brokers/commands.ts'
import type { Progress } from '../brokers/kind.ts'
import { installPackages } from '../brokers/software/packages.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']

export async function installBrowser(progress: Progress): Promise<void> {
  if (NAMES.some((name) => find(name) !== undefined)) return
  try {
    await installPackages('browser', ['chromium'], progress)
  } catch (error) {
    progress(`${(error as Error).message}: the tests of the console's page will fail`)
  }
}
