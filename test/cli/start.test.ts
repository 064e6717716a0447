/** Starting is quick: help loads neither the library nor any client library, a connection only the one it needs. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { uniqueName } from '../support/names.ts'
import { Commands } from './commands.ts'

const commands = new Commands()
afterAll(() => commands[Symbol.dispose]())

const CLIENT_LIBRARIES = ['amqplib', 'rhea', 'ioredis', 'zeromq', 'lmdb', 'echarts', 'yaml']

/** Writes the URL of every module that is loaded to the file that `LOADED` names. */
const HOOK = `import { appendFileSync } from 'node:fs'
export async function load(url, context, next) {
  appendFileSync(process.env.LOADED, url + '\\n')
  return next(url, context)
}`
const REGISTER = `import { register } from 'node:module'\nregister(${JSON.stringify(dataUrl(HOOK))})`

function dataUrl(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`
}

async function loadedBy(program: 'spout' | 'sluice', ...args: string[]): Promise<string[]> {
  const log = join(commands.scratch, uniqueName('loaded'))
  const env = { LOADED: log, NODE_OPTIONS: `--import ${dataUrl(REGISTER)}` }
  const { err } = await commands.spawn({ env }, program, ...args)
  // A broker that is not there is asked for all the same.
  expect(err).toMatch(/^$|CONNECT_FAILED/)
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').filter(isOfPackage) : []
}

/** The command itself is one file, which must not count. */
function isOfPackage(url: string): boolean {
  return !url.startsWith('node:') && !url.endsWith('.cjs')
}

function clientLibraries(urls: readonly string[]): string[] {
  return CLIENT_LIBRARIES.filter((name) => urls.some((url) => url.includes(`/node_modules/${name}/`)))
}

it('help and the description of every verb load nothing but the tools', async () => {
  // The completion script is made from all verbs.
  expect(await loadedBy('sluice', 'completion', 'bash')).toEqual([])
})

it.concurrent.each([
  ['memory:', []],
  ['file:./store', ['lmdb']],
  ['rabbitmq://127.0.0.1:1', ['amqplib']],
  ['qpid://127.0.0.1:1', ['rhea']],
  ['redis://127.0.0.1:1', ['ioredis']],
  ['zmq://127.0.0.1:1', ['zeromq']],
])('a connection to %s loads the client libraries %j', async (url, libraries) => {
  const urls = await loadedBy('spout', '-b', url, 'q; {create: always}', 'x')
  expect(clientLibraries(urls)).toEqual(libraries)
})

it('help is there within 150 ms', async () => {
  const timed = async (run: () => Promise<unknown>): Promise<number> => {
    const start = performance.now()
    await run()
    return performance.now() - start
  }
  let help = Infinity
  let bare = Infinity
  // The best of a few runs is what the start costs, and a machine on which Node alone takes 60 ms is busy.
  const bound = (): number => Math.max(150, 2.5 * bare)
  for (let runs = 0; runs === 0 || (runs < 20 && help > bound()); runs++) {
    help = Math.min(help, await timed(() => commands.spawn({}, 'sluice', 'browse', '--help')))
    bare = Math.min(bare, await timed(() => once(spawn(process.execPath, ['-e', '0']), 'exit')))
  }
  expect(help).toBeLessThan(bound())
})
