/** `--trace`: whoever sends and whoever receives by the tools are told the same trace. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type Connection, connect, service } from '../../src/index.ts'
import { uniqueName } from '../support/names.ts'
import { Commands, type Ended } from './commands.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const TRACEPARENT = `00-${TRACE}-00f067aa0ba902b7-01`

const commands = new Commands()
afterAll(() => commands[Symbol.dispose]())

/** Trace ids that were told, by operation. */
function told({ err }: Ended, operation: string): string[] {
  return [...err.matchAll(new RegExp(`^trace (\\S+) ${operation} `, 'gm'))].map((match) => match[1]!)
}

describe('--trace', () => {
  it('spout begins a trace for each message, drain tells it', async () => {
    const broker = ['-b', `memory:${uniqueName()}`]
    await using _ = await connect(broker[1])
    const sent = await commands.run('spout', ...broker, '--trace', '-c', '2', 'q; {create: always}', 'x')
    const taken = await commands.run('drain', ...broker, '--trace', 'q')
    const traces = told(sent, 'send')
    expect(traces).toHaveLength(2)
    expect(new Set(traces).size).toBe(2)
    for (const trace of traces) expect(trace).toMatch(/^[0-9a-f]{32}$/)
    expect(told(taken, 'receive')).toEqual(traces)
  })

  it('nothing is told, and nothing is added, without it', async () => {
    const broker = ['-b', `memory:${uniqueName()}`]
    await using _ = await connect(broker[1])
    const sent = await commands.run('spout', ...broker, 'q; {create: always}', 'x')
    const taken = await commands.run('drain', ...broker, '--trace', '--json', 'q')
    expect(sent.err).toBe('')
    expect(told(taken, 'receive')).toEqual(['none'])
    expect(JSON.parse(taken.text).properties).not.toHaveProperty('traceparent')
  })

  it('a trace of the environment goes on, a property of the user’s own stays', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-trace-'))
    const broker = ['-b', `file:${folder}`]
    const env = { TRACEPARENT }
    await commands.runWith({ env }, 'spout', ...broker, '--trace', 'q; {create: always}', 'x')
    const own = TRACEPARENT.replaceAll('4bf9', '1111')
    await commands.run('spout', ...broker, '--trace', '-P', `traceparent=${own}`, 'q', 'x')
    const taken = await commands.run('drain', ...broker, '--trace', 'q')
    rmSync(folder, { recursive: true })
    expect(told(taken, 'receive')).toEqual([TRACE, own.split('-')[1]])
  })

  it('request tells the trace that the handler finds', async () => {
    const url = `memory:${uniqueName()}`
    await using connection: Connection = await connect(url)
    const seen: unknown[] = []
    await using _ = await connection.respond(service('upper'), (request) => {
      seen.push(request.properties.traceparent)
      return 'answer'
    })
    const asked = await commands.run('sluice', 'request', '-b', url, '--trace', 'upper', 'x')
    expect(asked.text).toBe('answer\n')
    expect(told(asked, 'request')).toEqual([String(seen[0]).split('-')[1]])
  })

  it('respond tells it, and hands it to its command', async () => {
    const url = `memory:${uniqueName()}`
    await using connection: Connection = await connect(url)
    const responding = commands.runUntil(
      /^trace /m,
      'sluice',
      'respond',
      '-b',
      url,
      '--trace',
      'env',
      '-e',
      'printf "%s" "$TRACEPARENT"',
    )
    const { body } = await connection.request(service('env'), 'x', {
      properties: { traceparent: TRACEPARENT },
    })
    expect(body).toBe(TRACEPARENT)
    expect(told(await responding, 'respond')).toEqual([TRACE])
  })
})
