/** The examples in the help of every verb do what they say: each is run, on an embedded broker where the broker does not matter. */
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import type { Example } from '../../src/cli/command/command.ts'
import { VERBS } from '../../src/cli/verbs.ts'
import { type Connection, connect, queue, service, topic } from '../../src/index.ts'
import { Database } from '../outbox/database.ts'
import { brokerUrl, isLeftOut } from '../support/brokers.ts'
import { uniqueName } from '../support/names.ts'
import { Commands, type Ended } from './commands.ts'

const commands = new Commands()
afterAll(() => commands[Symbol.dispose]())
afterEach(() => vi.unstubAllEnvs())

/** Lines that run until Ctrl-C, and what they print when they are under way. */
const RUNS_ON: Readonly<Record<string, RegExp>> = {
  tap: /^watching /m,
  respond: /^answering on /m,
  hub: /^listening: /m,
  relay: /^handing on to /m,
  console: /^console: /m,
}

/** Lines that no other broker can stand in for. */
const ON_RABBITMQ = /--native /

/** The smallest comparison there is. */
const SMALL = ['--quick', '--without-bare', '--only', 'browse']

const SAVED = '{"id":"1","contentType":"text/plain","durable":true,"text":"saved"}\n'
const INPUT: Readonly<Record<string, string>> = {
  'some.log': 'one\ntwo\n',
  'saved.jsonl': SAVED,
  'in.png': '\x89PNG',
}

const cases: [verb: string, line: string][] = []
for (const [name, verb] of Object.entries(VERBS)) {
  const { examples } = await verb.load()
  cases.push(...examples.map(([line]: Example): [string, string] => [name, line]))
}

describe('examples of the help', () => {
  it.each(
    // Left out where the user chose to do without RabbitMQ or PostgreSQL, which the summary of the run says.
    cases.filter(
      ([verb, line]) =>
        (!ON_RABBITMQ.test(line) || !isLeftOut('rabbitmq')) && (verb !== 'relay' || !isLeftOut('postgres')),
    ),
  )('%s: %s', async (verb, line) => {
    const url = ON_RABBITMQ.test(line) ? brokerUrl('rabbitmq') : `memory:${uniqueName('help')}`
    vi.stubEnv('SLUICE_URL', url)
    const connection = await connect(url)
    await prepare(connection, verb)
    await using database = verb === 'relay' ? await Database.make() : undefined
    const { words, input } = taken(verb, line, url, database?.url)
    const { code, err } = await run(verb, words, input)
    expect({
      code,
      err: err.replace(
        /^(watching|answering on|handing on to|\d+ handed on|\d+ moved|\d+ copied|\d+ looked at|\d+\/\d+ ).*\n/gm,
        '',
      ),
    }).toEqual({
      code: 0,
      err: '',
    })
    if (ON_RABBITMQ.test(line)) await connection.admin.delete('jobs')
    await connection.close()
  })
})

async function run(verb: string, words: readonly string[], input: string): Promise<Ended> {
  const program = verb === 'spout' || verb === 'drain' ? verb : 'sluice'
  const args = program === 'sluice' ? [verb, ...words] : [...words]
  const until = RUNS_ON[verb]
  // What ends by itself.
  if (
    until === undefined ||
    ['--curve-keys', '--once', '--init', '--sql'].some((word) => words.includes(word))
  )
    return commands.runWith({ input }, program, ...args)
  const running = commands.runUntil(until, program, ...args)
  return running
}

/** What an example needs to find. */
async function prepare(connection: Connection, verb: string): Promise<void> {
  if (verb === 'compare') {
    await commands.run('sluice', 'compare', '--out', join(commands.scratch, 'old'), 'memory:', ...SMALL)
    copyFileSync(join(commands.scratch, 'old.json'), join(commands.scratch, 'new.json'))
    return
  }
  if (verb === 'console') writeFileSync(join(commands.scratch, 'console-password'), 'open sesame\n')
  if (verb === 'bind') await connection.admin.declare(queue('archive'))
  if (verb === 'declare' || verb === 'spout') {
    if (verb === 'spout') await connection.admin.declare(queue('orders'))
    return
  }
  const news = topic('news')
  await connection.admin.declare(news)
  await connection.admin.declare(news.matching('#').subscription('archive'))
  for (const name of ['hello', 'lines', 'orders', 'orders.failed']) {
    const waiting = queue<string>(name)
    await connection.admin.declare(waiting)
    const properties = { 'spout-id': 'x:0', 'sluice-origin': 'hello' }
    if (verb !== 'bridge' || name !== 'orders') {
      for (let count = 0; count < 12; count++)
        await connection.send(waiting, `message ${count}`, { subject: 's', properties })
    }
  }
  if (verb === 'request') {
    for (const name of ['quotes', 'fibonacci', 'resize'])
      await connection.respond(service(name), ({ body }) => body)
  }
}

/** The words of a line as a shell hands them on, with this test's broker, and what it reads. */
function taken(
  verb: string,
  line: string,
  url: string,
  database?: string,
): { words: string[]; input: string } {
  const input = INPUT[/ < (\S+)/.exec(line)?.[1] ?? ''] ?? ''
  const [command] = line.replace(/^eval "\$\((.*)\)"$/, '$1').split(/ [|<>] /)
  const words = [...command!.matchAll(/(?:'([^']*)'|"([^"]*)"|([^\s'"]+))/g)].map(
    (match) => match[1] ?? match[2] ?? match[3]!,
  )
  const own = words.slice(words.indexOf(verb) + 1).map((word) =>
    word
      .replace(/^(rabbitmq|qpid|redis|zmq):\/\/localhost/, url)
      .replace(/^postgres:\/\/localhost\/shop$/, () => database!)
      .replace(/^tcp:\/\/127\.0\.0\.1:5600$/, `ipc://${join(commands.scratch, uniqueName('hub'))}`)
      .replace(/^live=rabbitmq:\/\/localhost$/, `live=${url}`)
      .replace(/^10\.0\.0\.5$/, '127.0.0.1')
      .replace(/^8080$/, '0')
      .replace(/^\.\/(console-password)$/, (_, file) => join(commands.scratch, file))
      .replace(/^file:\.\/copy#/, `file:${join(commands.scratch, uniqueName('copy'))}#`)
      .replace(/^\.\/hub-data$/, join(commands.scratch, uniqueName('data')))
      .replace(/^(report|old\.json|new\.json)$/, (file) => join(commands.scratch, file)),
  )
  // The work is as much as shows that the line is right.
  if (verb === 'compare' && !own.includes('--diff')) own.push(...SMALL)
  // A bridge runs until Ctrl-C; here until there is nothing left to move.
  if (verb === 'bridge' && !own.includes('-t')) own.push('-t', '0')
  return { words: own, input }
}
