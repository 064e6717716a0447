/**
 * What can go wrong before a command begins its work, with every verb: exit code, code of the error, cure, time, and nothing
 * secret in it.
 */
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { brokerUrl, isLeftOut } from '../support/brokers.ts'
import { uniqueName } from '../support/names.ts'
import { Commands, type Ended } from './commands.ts'

const commands = new Commands()
afterAll(() => commands[Symbol.dispose]())

const SECRET = 'not-the-password'
/** Longest until a failure is told. Unit: ms. */
const PATIENCE_MS = 10_000

/** Every verb that goes to a broker, with all it needs but the broker. */
const VERBS: readonly (readonly [verb: string, line: (url: string) => readonly string[]])[] = [
  ['spout', (url) => ['-b', url, 'q', 'x']],
  ['drain', (url) => ['-b', url, 'q']],
  ['browse', (url) => ['-b', url, 'q']],
  ['tap', (url) => ['-b', url, 't']],
  ['request', (url) => ['-b', url, 's', 'x']],
  ['respond', (url) => ['-b', url, 's', '--echo']],
  ['declare', (url) => ['-b', url, 'q']],
  ['delete', (url) => ['-b', url, 'q']],
  ['bind', (url) => ['-b', url, 't', 'q']],
  ['list', (url) => ['-b', url]],
  ['inspect', (url) => ['-b', url, 'q']],
  ['purge', (url) => ['-b', url, 'q']],
  ['bridge', (url) => [`${url}#q`, 'memory:#q']],
  ['bridge', (url) => ['memory:#q', `${url}#q`, '--create']],
  ['replay', (url) => ['-b', url, 'q']],
  ['doctor', (url) => [url]],
  ['tour', (url) => [url]],
]

async function failed(run: () => Promise<Ended>): Promise<Ended> {
  const begun = performance.now()
  const ended = await run()
  expect(performance.now() - begun).toBeLessThan(PATIENCE_MS)
  expect(ended.err).not.toContain(SECRET)
  expect(ended.text).not.toContain(SECRET)
  expect(ended.err).not.toMatch(/^ +at /m)
  return ended
}

/** One line with the code, and one with what to do about it. */
function expectError({ code, err, text }: Ended, errorCode: string): void {
  expect({ code, text }, err).toEqual({ code: 1, text: '' })
  expect(err).toMatch(new RegExp(`: (error: )?${errorCode}: \\S.*\\n {2}\\S.*\\n$`))
}

/** A node for the sources of bridges from `memory:`. */
const prepared = commands.run('sluice', 'declare', '-b', 'memory:', 'q')

const ABSENT = [
  'rabbitmq://me:SECRET@127.0.0.1:1',
  'qpid://me:SECRET@127.0.0.1:1',
  'redis://me:SECRET@127.0.0.1:1',
  'zmq://127.0.0.1:1',
]

describe.concurrent.each(ABSENT.map((url) => url.replace('SECRET', SECRET)))('nobody at %s', (url) => {
  it.each(VERBS)('%s', async (verb, line) => {
    await prepared
    expectError(await failed(() => commands.run('sluice', verb, ...line(url))), 'CONNECT_FAILED')
  })
})

const GUARDED = (['rabbitmq', 'qpid', 'redis'] as const).filter((name) => !isLeftOut(name))

describe.concurrent.each(GUARDED)('a wrong password for %s', (name) => {
  it.each(VERBS)('%s', async (verb, line) => {
    await prepared
    const url = brokerUrl(name).replace(/:[^:@/]+@/, `:${SECRET}@`)
    expectError(await failed(() => commands.run('sluice', verb, ...line(url))), 'UNAUTHENTICATED')
  })
})

describe('a store that cannot be opened', () => {
  it.each(VERBS)('%s', async (verb, line) => {
    expectError(
      await failed(() => commands.run('sluice', verb, ...line('file:/dev/null/store'))),
      'CONNECT_FAILED',
    )
  })
})

describe('an unknown scheme', () => {
  it.each(VERBS)('%s', async (verb, line) => {
    expectError(
      await failed(() => commands.run('sluice', verb, ...line(`nosuch://me:${SECRET}@host`))),
      'CONFIG_INVALID',
    )
  })
})

describe('an address that is none', () => {
  it.each(VERBS.filter(([verb]) => !['list', 'doctor', 'tour'].includes(verb)))('%s', async (verb, line) => {
    const words = line('memory:').map((word) => word.replace(/^(memory:#)?[qst]$/, '$1q;{create'))
    expectError(await failed(() => commands.run('sluice', verb, ...words)), 'ADDRESS_MALFORMED')
  })
})

describe('an option that is none', () => {
  it.each([
    ...VERBS,
    ['hub', () => []] as const,
    ['compare', () => ['memory:']] as const,
    ['completion', () => ['bash']] as const,
  ])('%s', async (verb, line) => {
    const { code, text, err } = await failed(() =>
      commands.run('sluice', verb, ...line('memory:'), `--nosuch=${SECRET}`),
    )
    expect({ code, text }).toEqual({ code: 2, text: '' })
    expect(err).toMatch(
      new RegExp(`^Usage: (sluice )?${verb} .*\\n\\nsluice ${verb}: error: no such option: --nosuch`),
    )
  })
})

/** Hides a package from the process. */
function without(library: string): Readonly<Record<string, string>> {
  const hook = `export async function resolve(name, context, next) {
    if (name === '${library}' || name.startsWith('${library}/')) throw Object.assign(new Error("Cannot find package '${library}'"), { code: 'ERR_MODULE_NOT_FOUND' })
    return next(name, context)
  }`
  const url = (source: string): string => `data:text/javascript,${encodeURIComponent(source)}`
  return {
    NODE_OPTIONS: `--import ${url(`import { register } from 'node:module'\nregister(${JSON.stringify(url(hook))})`)}`,
  }
}

describe.concurrent.each([
  ['amqplib', 'rabbitmq://127.0.0.1:1'],
  ['rhea', 'qpid://127.0.0.1:1'],
  ['ioredis', 'redis://127.0.0.1:1'],
  ['zeromq', 'zmq://127.0.0.1:1'],
  ['lmdb', `file:${join(commands.scratch, uniqueName('store'))}`],
])('without the package %s', (library, url) => {
  it.each(VERBS.filter(([verb]) => ['list', 'doctor'].includes(verb)))('%s', async (verb, line) => {
    const ended = await failed(() => commands.spawn({ env: without(library) }, 'sluice', verb, ...line(url)))
    expectError(ended, 'CLIENT_LIBRARY_MISSING')
    expect(ended.err).toContain(`npm install ${library}`)
  })
})
