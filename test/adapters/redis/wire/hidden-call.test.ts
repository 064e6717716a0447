/** Calls of which nobody but the caller can read arguments, reply and error, whoever listens to ioredis. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Command, Redis } from 'ioredis'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type CommandLibrary, callHidden } from '../../../../src/adapters/redis/wire/hidden-call.ts'
import { everythingIn } from '../../../telemetry/support/canary.ts'
import { url } from '../fixture.ts'

/** An ioredis that is built as expected. */
const LIBRARY: CommandLibrary = { Command, found: new Set(['bytesAsTheyAre', 'repliesByCommand']) }
const SECRET = 'secret-0815'
const CHANNELS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map(
  (part) => `tracing:ioredis:command:${part}`,
)

let client: Redis
let heard: string[]
const listen = (message: unknown, name: string | symbol): void => {
  heard.push(`${String(name)} ${everythingIn(message)}`)
}
beforeEach(async () => {
  client = new Redis(url, { protocol: 2 })
  await client.ping()
  heard = []
  for (const name of CHANNELS) subscribe(name, listen)
})
afterEach(() => {
  for (const name of CHANNELS) unsubscribe(name, listen)
  client.disconnect()
})

const secretHeard = (): string[] => heard.filter((line) => line.includes(SECRET))

it('arguments and reply reach the caller alone', async () => {
  const reply = await callHidden(client, LIBRARY, 'EVAL', ['return ARGV[1]', 0], [SECRET])
  expect(String(reply)).toBe(SECRET)
  expect(heard.map((line) => line.split(' ')[0])).toContain('tracing:ioredis:command:asyncEnd')
  expect(secretHeard()).toEqual([])
  // The same by the library’s own way is heard, in both.
  await client.eval('return ARGV[1]', 0, SECRET)
  expect(secretHeard().map((line) => line.split(' ')[0])).toEqual(
    expect.arrayContaining(['tracing:ioredis:command:start', 'tracing:ioredis:command:asyncEnd']),
  )
})

it('a refusal says nothing of the arguments, not even where the server quotes them', async () => {
  for (const name of ['EVAL', 'NO-SUCH-COMMAND']) {
    const error = await callHidden(client, LIBRARY, name, ['no lua', 0], [SECRET]).catch((problem) => problem)
    expect(error).toBeInstanceOf(Error)
    expect(everythingIn(error)).not.toContain(SECRET)
  }
  expect(heard.map((line) => line.split(' ')[0])).toContain('tracing:ioredis:command:error')
  expect(secretHeard()).toEqual([])
})
