/** Swapping the broker is changing one URL: every example prints the same, byte for byte, wherever it runs. */
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { brokerUrl, isLeftOut } from '../support/brokers.ts'
import { uniqueName } from '../support/names.ts'
import { Commands, type Running } from './commands.ts'

const commands = new Commands()
let hub: Running
let hubUrl: string

const EXAMPLES = readdirSync(resolve(import.meta.dirname, '../../examples'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length))

/** Those that the user chose to do without are left out; the summary of the run says so. */
const BROKERS = (['rabbitmq', 'qpid', 'redis'] as const).filter((name) => !isLeftOut(name))

beforeAll(async () => {
  hub = commands.start({}, 'sluice', 'hub', '--json', '--listen', `ipc://${join(commands.scratch, 'hub')}`)
  await hub.printed(/"url"/)
  hubUrl = JSON.parse(hub.text).url
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  commands[Symbol.dispose]()
})

it.each(EXAMPLES)('%s', async (name) => {
  const urls = [
    'memory:',
    `file:${join(commands.scratch, uniqueName('store'))}`,
    hubUrl,
    ...BROKERS.map((broker) => brokerUrl(broker)),
  ]
  const runs = await Promise.all(urls.map((url) => commands.example(name, url)))
  const [first] = runs
  expect(first!.text.split('\n').length).toBeGreaterThan(2)
  const scheme = (url: string): string => url.slice(0, url.indexOf(':'))
  const seen = runs.map(({ code, err, text }, at) => ({ on: scheme(urls[at]!), code, err, text }))
  expect(seen).toEqual(urls.map((url) => ({ on: scheme(url), code: 0, err: '', text: first!.text })))
})
