/** `sluice/console`: one page over all brokers. This file has no types but its own and the library's: the server behind it is bundled. */
import type { Console, ConsoleOptions } from './options.ts'

export type { Console, ConsoleOptions } from './options.ts'

/**
 * Starts a console: a page over the brokers given, on this machine alone unless `host` says otherwise.
 *
 * Resolves when the page can be opened; the brokers are connected to in the background, and one that is away is shown so. The page
 * looks and changes nothing, unless `write` is true.
 *
 * @throws `CONFIG_INVALID` when an option is wrong: an unknown one, no connection, a `host` beyond this machine without a password,
 * a port that is taken
 * @example
 * import { createConsole } from 'sluice/console'
 *
 * const console = await createConsole({
 *   connections: { orders: 'rabbitmq://localhost', archive: 'file:./archive' },
 *   write: true,
 * })
 * process.stdout.write(`${console.url}\n`)
 */
export async function createConsole(options: ConsoleOptions): Promise<Console> {
  const { startConsole } = await import('./console.ts')
  return startConsole(options)
}
