/** The scripts of Qpid's users do the same on every broker: only `-b` changes. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect } from '../../../src/index.ts'
import { brokerUrl, isLeftOut } from '../../support/brokers.ts'
import { uniqueName } from '../../support/names.ts'
import { Commands, type Ended } from '../commands.ts'
import { type BackEnd, type Line, SCRIPTS, type Script } from './qpid-scripts.ts'

const commands = new Commands()
afterAll(() => commands[Symbol.dispose]())

const BACK_ENDS = (['file', 'zmq', 'redis', 'rabbitmq', 'qpid'] as const).filter(
  // Those that the user chose to do without; the summary of the run says so.
  (name) => name === 'file' || name === 'zmq' || !isLeftOut(name),
)

describe.each(BACK_ENDS)('%s', (backEnd) => {
  let url: string
  let end: () => Promise<void> = async () => {}

  beforeAll(async () => {
    if (backEnd === 'file') url = `file:${join(commands.scratch, 'store')}`
    else if (backEnd !== 'zmq') url = brokerUrl(backEnd)
    else {
      const hub = commands.start(
        {},
        'sluice',
        'hub',
        '--json',
        '--listen',
        `ipc://${join(commands.scratch, 'hub')}`,
      )
      await hub.printed(/"url"/)
      url = JSON.parse(hub.text).url
      end = async () => {
        await hub.kill('SIGTERM')
      }
    }
  })
  afterAll(() => end())

  it.each(SCRIPTS.map((script) => [script.title, script] as const))('%s', (_, script) =>
    play(url, backEnd, script),
  )
})

async function play(url: string, backEnd: BackEnd, { lines, refused }: Script): Promise<void> {
  const option = refused?.[backEnd]
  const suffix = uniqueName('').slice(1)
  const names = ['Q', 'R', 'T', 'ready'].map((letter) => `${letter}-${suffix}`)
  await using connection = await connect(url)
  try {
    const refuses = (words: readonly string[]): boolean =>
      option !== undefined && words.some((word) => word.includes(`${option}:`))
    const beside: [Line, Promise<Ended>][] = []
    for (const line of lines) {
      const words = line.words.map((word) =>
        word.replace(/^[QRT](?=$|[;/])|(?<=['\s])[QRT](?=['},])/g, (letter) => `${letter}-${suffix}`),
      )
      const [program, ...args] = words as ['spout' | 'drain', ...string[]]
      if (line.listens && !refuses(words)) {
        const ready = `ready-${suffix}`
        await commands.run('sluice', 'declare', '-b', url, ready)
        beside.push([line, commands.run(program, '-b', url, ...args, '--ready-address', ready)])
        expect((await commands.run('drain', '-b', url, '-t', '10', '-c', '1', ready)).text).not.toBe('')
        continue
      }
      const ended = await commands.run(program, '-b', url, ...args)
      if (refuses(words)) {
        expect(ended.code, ended.err).toBe(1)
        expect(ended.err).toContain('NOT_SUPPORTED')
        expect(ended.err).toContain(option!)
        return
      }
      check(line, words, backEnd, ended)
    }
    for (const [line, ended] of beside) check(line, line.words, backEnd, await ended)
  } finally {
    for (const name of names) await connection.admin.delete(name)
  }
}

function check(line: Line, words: readonly string[], backEnd: BackEnd, { code, text, err }: Ended): void {
  const { out, err: complaint } = line
  const seen = `${backEnd}: ${words.join(' ')}\n${err}`
  expect(code, seen).toBe(line.code ?? 0)
  if (complaint) expect(err, seen).toMatch(complaint)
  else if (!line.code) expect(err, seen).toBe('')
  if (out === undefined) return
  if (typeof out === 'string') expect(text, seen).toBe(out)
  else expect(text, seen).toMatch(out)
}
