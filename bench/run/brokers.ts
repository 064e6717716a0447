/** Brokers of one run alone, by the same script that brings up those of the tests. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

export class Brokers {
  readonly #checkout: string
  readonly #environment: NodeJS.ProcessEnv

  constructor(checkout: string, home: string) {
    this.#checkout = checkout
    // Brokers that the environment names may be shared, or set up otherwise: these are its own.
    const others = Object.entries(process.env).filter(([name]) => !name.startsWith('SLUICE_TEST_'))
    this.#environment = { ...Object.fromEntries(others), SLUICE_BROKERS_HOME: home }
  }

  /** Resolves with the URL. */
  async up(name: string, variable: string): Promise<string> {
    await this.#command('up', name)
    const { stdout } = await this.#command('env')
    const url = new RegExp(`^export ${variable}='(.*)'$`, 'm').exec(stdout)?.[1]
    if (url === undefined) throw new Error(`${name} is not up`)
    return url
  }

  async down(): Promise<void> {
    await this.#command('down')
  }

  #command(...args: string[]): Promise<{ stdout: string }> {
    const node = [...process.execArgv, join(this.#checkout, 'scripts', 'brokers.ts'), ...args]
    return promisify(execFile)(process.execPath, node, { env: this.#environment, cwd: this.#checkout })
  }
}
