/** Starting is quick: help loads neither the library nor any client library, a connection only the one it needs. */
import { readFileSync } from 'node:fs'
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
  expect(await commands.spawn({ env }, program, ...args)).toMatchObject({ code: 0, err: '' })
  return readFileSync(log, 'utf8').split('\n')
}

function clientLibraries(urls: readonly string[]): string[] {
  return CLIENT_LIBRARIES.filter((name) => urls.some((url) => url.includes(`/node_modules/${name}/`)))
}

it('help and the description of every verb load nothing but the tools', async () => {
  // The completion script is made from all verbs.
  const urls = await loadedBy('sluice', 'completion', 'bash')
  expect(urls.some((url) => url.endsWith('/cli/verbs/hub.js'))).toBe(true)
  expect(urls.filter((url) => /\/src\/(index|connect|adapters|broker|api\/connection)\b/.test(url))).toEqual(
    [],
  )
  expect(clientLibraries(urls)).toEqual([])
})

it.each([
  ['memory:', []],
  ['file:./store', ['lmdb']],
])('a connection to %s loads the client libraries %j', async (url, libraries) => {
  const urls = await loadedBy('spout', '-b', url, 'q; {create: always}', 'x')
  expect(clientLibraries(urls)).toEqual(libraries)
})

it('help is there within 150 ms', async () => {
  const times: number[] = []
  // Another process may take the processor away: the best of a few runs is what the start costs.
  while (times.length < 20 && !(Math.min(...times) < 150)) {
    const start = performance.now()
    await commands.spawn({}, 'sluice', 'browse', '--help')
    times.push(performance.now() - start)
  }
  expect(Math.min(...times)).toBeLessThan(150)
})
