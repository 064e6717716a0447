import { Command, Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { scriptsFor } from '../../../../src/adapters/redis/scripts/index.ts'
import { ScriptCalls } from '../../../../src/adapters/redis/wire/script-calls.ts'
import { becomes, Fixture, url } from '../fixture.ts'

const on = new Fixture()

it('calls that a forgotten script held up settle in the order of the server, with those behind them', async () => {
  const [client, slow] = [new Redis(url, { protocol: 2 }), new Redis(url, { protocol: 2 })]
  on.atEnd(() => [client, slow].map((each) => each.disconnect()))
  const failures: unknown[] = []
  const scripts = scriptsFor({ prefix: on.name(), cluster: false, flags: true })
  const calls = new ScriptCalls(scripts, false, { Command, found: new Set() }, (error) =>
    failures.push(error),
  )
  const order: string[] = []
  const run = (what: string, by: Redis): Promise<unknown> =>
    calls.run(by, 'tidy', [on.name()], [1]).then(() => order.push(what))
  await slow.ping()
  // Its refusal comes late: until then all that is refused is held.
  slow.stream.pause()
  const first = [run('slow', slow), run('refused', client)]
  await client.ping()
  const held = run('held', client)
  slow.stream.resume()
  await becomes(() => calls.repeats === 3, 'they are written with their text')
  const later = run('later', client)
  await Promise.all([...first, held, later])
  expect(order.filter((what) => what !== 'slow')).toEqual(['refused', 'held', 'later'])
  expect(failures).toEqual([])
})
