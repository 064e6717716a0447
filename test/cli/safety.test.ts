/** A message of a stranger cannot move the cursor, colour the screen, reverse the writing, or forge a line. */
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Connection, connect, queue, service, topic } from '../../src/index.ts'
import { eventually } from '../support/eventually.ts'
import { uniqueName } from '../support/names.ts'
import { Commands, type Ended } from './commands.ts'

const commands = new Commands()
afterAll(() => commands[Symbol.dispose]())

const EVIL =
  'a\x1b[2J\x1b]0;title\x07\r\nforged: line\n\x9b31m\x85\u2028\u2029\u202edesrever\u2066\u200f\x7f\0\x08b'
const EVIL_BYTES = Buffer.concat([Buffer.from(EVIL), Buffer.from([0xff, 0xc2, 0x9b, 0x80])])
// biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
const HARM = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/

let url: string
let connection: Connection
beforeEach(async () => {
  url = `memory:${uniqueName('safety')}`
  connection = await connect(url)
  await connection.admin.declare(queue('q'))
})
afterEach(() => connection.close())

async function sendEvil(body: unknown, contentType?: string): Promise<void> {
  await connection.send(queue<unknown>('q'), body, {
    id: EVIL,
    subject: EVIL,
    replyTo: `'${'x\\x1b[2J'}'`,
    correlationId: EVIL,
    userId: EVIL,
    groupId: EVIL,
    properties: { [EVIL]: EVIL, k: EVIL, bytes: EVIL_BYTES },
    ...(contentType !== undefined && { contentType }),
  })
}

function harmless(ended: Ended, lines: number): void {
  expect(ended.err).not.toMatch(HARM)
  expect(ended.text).not.toMatch(HARM)
  expect(ended.text.split('\n')).toHaveLength(lines + 1)
}

const BODIES: readonly (readonly [string, unknown, string | undefined])[] = [
  ['text', EVIL, undefined],
  ['bytes', EVIL_BYTES, undefined],
  ['JSON', { [EVIL]: [EVIL] }, undefined],
  ['a map', { [EVIL]: EVIL }, 'amqp/map'],
  ['bytes of a strange type', EVIL_BYTES, 'x-strange/type'],
]
const FORMATS = [
  '%(M.subject)s',
  '%(P["k"])s',
  '%(P)s',
  '%(M.id)s %(M.user_id)s %(M.correlation_id)s',
  '%(M.properties)j',
  '%(C)r',
  '%(C)j',
  '%(P["bytes"])s',
]

describe.each(BODIES)('a body that is %s', (_, body, contentType) => {
  it.each([[[]], [['--json']], [['--dump']], ...FORMATS.map((format): [string[]] => [['-p', format]])])(
    'drain and browse %j',
    async (options) => {
      await sendEvil(body, contentType)
      for (const terminal of [false, true]) {
        harmless(await commands.runWith({ terminal }, 'sluice', 'browse', '-b', url, 'q', ...options), 1)
      }
      harmless(await commands.run('drain', '-b', url, 'q', ...options), 1)
    },
  )

  it.each([[['--content-only']], [['-p', '%(C)s']], [['-p', '%(C)5s']], [['-p', '%(C).9s']]])(
    'its own bytes on a terminal, %j',
    async (options) => {
      await sendEvil(body, contentType)
      harmless(await commands.runWith({ terminal: true }, 'drain', '-b', url, 'q', ...options), 1)
    },
  )
})

it('what spout prints of what it sends', async () => {
  harmless(
    await commands.run('spout', '-b', url, '-S', 'x\x1b[2J', '-P', 'k\n=v\n', 'q', EVIL.replaceAll('\0', '')),
    1,
  )
})

it('what a topic brings', async () => {
  const news = topic<string>('news')
  await connection.admin.declare(news)
  const tapping = commands.run(
    'sluice',
    'tap',
    '-b',
    url,
    'news',
    '-c',
    '1',
    '-p',
    '%(M.subject)s %(P["k"])s',
  )
  // Its subscription is there.
  await eventually(async () => (await connection.admin.inspect(news))?.receivers)
  await connection.send(news, EVIL, { subject: EVIL, properties: { k: EVIL } })
  const { text } = await tapping
  expect(text).not.toMatch(HARM)
  expect(text.split('\n')).toHaveLength(2)
})

it('names of nodes', async () => {
  await connection.admin.declare(queue('evil\x1b[2J\u2028\u202ename\x9b31m'))
  for (const options of [[], ['--names'], ['--json']])
    harmless(
      await commands.runWith({ terminal: true }, 'sluice', 'list', '-b', url, 'evil*', ...options),
      options.length === 0 ? 2 : 1,
    )
  const { text } = await commands.run(
    'sluice',
    'inspect',
    '-b',
    url,
    "'evil\\x1b[2J\\u2028\\u202ename\\x9b31m'",
  )
  expect(text).not.toMatch(HARM)
})

it('what a responder says of its failure', async () => {
  await connection.respond(service('s'), () => {
    throw new Error(EVIL)
  })
  const { code, text, err } = await commands.run('sluice', 'request', '-b', url, 's', 'x')
  expect({ code, text }).toEqual({ code: 1, text: '' })
  expect(err).not.toMatch(HARM)
  expect(err.split('\n')).toHaveLength(3)
})

describe('an address that was copied from a message', () => {
  const name = "'evil\\x1b[2J\\u2028\\u202ename\\x9b31m\\x07'"

  it.each([
    ['spout', '-b', 'URL', name, 'x'],
    ['drain', '-b', 'URL', name],
    ['browse', '-b', 'URL', name],
    ['tap', '-b', 'URL', name],
    ['request', '-b', 'URL', '-t', '0.1', name, 'x'],
    ['delete', '-b', 'URL', name],
    ['bind', '-b', 'URL', name, name],
    ['inspect', '-b', 'URL', name],
    ['purge', '-b', 'URL', name],
    ['replay', '-b', 'URL', name],
    ['list', '-b', 'URL', 'x\x1b[2J\u202e'],
    ['bridge', `URL#${name}`, 'URL#q', '-t', '0'],
    ['drain', '-b', 'URL', 'q\x1b[2J\n; {cre\x9bate: \u202e'],
    ['drain', '-b', 'URL', 'q', '--\x1b[2Jnosuch'],
    ['compare', '--render', '\x1b[2J\nnosuch.json'],
  ])('%s', async (...words) => {
    const ended = await commands.runWith(
      { terminal: true },
      'sluice',
      ...words.map((word) => word.replace('URL', url)),
    )
    expect(ended.code).not.toBe(0)
    expect(ended.text + ended.err).not.toMatch(HARM)
  })

  it('bridge, of a message that has been there', async () => {
    await connection.admin.declare(queue('q2'))
    await sendEvil('x')
    const line = [`${url}#q`, `${url}#q2`, '-t', '0', '-q']
    expect(await commands.run('sluice', 'bridge', ...line)).toMatchObject({ code: 0, err: '' })
    const { code, err } = await commands.run('sluice', 'bridge', line[1]!, line[0]!, '-t', '0', '-q')
    expect(code).toBe(1)
    expect(err).toContain('has been at the target before')
    expect(err).not.toMatch(HARM)
    expect(err.split('\n')).toHaveLength(3)
  })
})
