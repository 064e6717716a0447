/** `sluice bridge` between RabbitMQ and a `file:` broker, killed on the way. */
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { brokerUrl, isLeftOut } from '../support/brokers.ts'
import { becomes } from '../support/contract.ts'
import { uniqueName } from '../support/names.ts'
import { Commands, type Ended } from './commands.ts'

const commands = new Commands()
afterAll(() => commands[Symbol.dispose]())

function ok(ended: Ended): string {
  expect(ended.code, ended.err).toBe(0)
  return ended.text
}

const run = (verb: string, ...args: string[]): Promise<Ended> => commands.run('sluice', verb, ...args)

// Reason of a skip: the user chose to do without RabbitMQ, which the summary of the run says.
describe.skipIf(isLeftOut('rabbitmq'))('bridge', () => {
  const rabbit = isLeftOut('rabbitmq') ? '' : brokerUrl('rabbitmq')

  it('moves everything there and back while it is killed, in order, duplicates with the same id only', async () => {
    const queue = uniqueName('bridged')
    const store = `file:${join(commands.scratch, uniqueName('store'))}`
    const input = Array.from({ length: 20_000 }, (_, index) => `message ${index}\n`).join('')
    ok(
      await commands.runWith(
        { input },
        'spout',
        '-b',
        rabbit,
        '-d',
        `${queue}; {create: always, node: {durable: True}}`,
        '--content-stdin',
      ),
    )
    ok(await run('declare', '-b', store, 'middle'))
    for (let kills = 0; kills < 3; kills++) {
      const moving = commands.start({}, 'sluice', 'bridge', `${rabbit}#${queue}`, `${store}#middle`)
      // Until something was moved, as the source's depth tells.
      const before = await depth(rabbit, queue)
      while ((await depth(rabbit, queue)) >= before) await new Promise((resolve) => setTimeout(resolve, 20))
      await moving.kill('SIGKILL')
    }
    ok(await run('bridge', `${rabbit}#${queue}`, `${store}#middle`, '-t', '1'))
    expect(await depth(rabbit, queue)).toBe(0)
    ok(await run('bridge', `${store}#middle`, `${rabbit}#${queue}`, '-t', '0', '--on-loop', 'ignore'))
    const lines = ok(await run('drain', '-b', rabbit, '-p', '%(M.id)s %(C)s', queue))
      .trim()
      .split('\n')
    const ids = new Map<string, string>()
    for (const line of lines) {
      const [id, ...body] = line.split(' ')
      const seen = ids.get(id!)
      if (seen !== undefined) expect(body.join(' ')).toBe(seen)
      else ids.set(id!, body.join(' '))
    }
    expect([...ids.values()].sort(byNumber)).toEqual(input.trim().split('\n'))
    ok(await run('delete', '-b', rabbit, queue))
  }, 180_000)

  it.each(['SIGINT', 'SIGTERM'] as const)(
    '%s in the middle ends it with 0: nothing is lost, nothing moved twice',
    async (signal) => {
      const count = 10_000
      const queue = uniqueName('bridged')
      const store = `file:${join(commands.scratch, uniqueName('store'))}`
      ok(
        await run(
          'spout',
          '-b',
          rabbit,
          '-q',
          '-c',
          String(count),
          '--content-size',
          '10',
          '-d',
          `${queue}; {create: always}`,
        ),
      )
      ok(await run('declare', '-b', store, 'middle'))
      const capacity = 500
      const moving = commands.start(
        {},
        'sluice',
        'bridge',
        `${rabbit}#${queue}`,
        `${store}#middle`,
        '--json',
        '--capacity',
        String(capacity),
      )
      // More is gone from the source than can be under way: something was moved.
      await becomes(async () => (await depth(rabbit, queue)) < count - capacity, 'begun', 30_000)
      const { code, text, err } = await moving.kill(signal)
      expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/^\d+ moved, \d+\/s\n$/) })
      const { moved } = JSON.parse(text)
      expect(moved).toBeGreaterThan(0)
      expect(await depth(store, 'middle')).toBe(moved)
      // The broker takes back what a connection held only after it has said farewell.
      await becomes(async () => (await depth(rabbit, queue)) === count - moved, 'all the rest is back')
      expect(
        ok(await run('bridge', `${rabbit}#${queue}`, `${store}#middle`, '-t', '0', '-q', '--json')),
      ).toContain(`{"moved":${count - moved},`)
      expect(await depth(store, 'middle')).toBe(count)
      ok(await run('delete', '-b', rabbit, queue))
    },
    60_000,
  )

  it('keeps every field, and what is left of the time to live', async () => {
    const queue = uniqueName('bridged')
    const store = `file:${join(commands.scratch, uniqueName('store'))}`
    const options = [
      '-d',
      '-S',
      'us.weather',
      '-R',
      'answers',
      '-P',
      'k=v',
      '-P',
      'none',
      '--priority',
      '7',
      '--ttl',
      '60000',
      '--correlation-id',
      'c',
    ]
    ok(await run('spout', '-b', rabbit, '-I', 'i', ...options, `${queue}; {create: always}`, 'body'))
    const [before] = parse(ok(await run('browse', '-b', rabbit, queue, '--dump')))
    ok(
      await run(
        'bridge',
        `${rabbit}#${queue}`,
        `${store}#middle`,
        '--create',
        '-t',
        '0',
        '-m',
        'us.#=usa.$1',
      ),
    )
    const [after] = parse(ok(await run('drain', '-b', store, 'middle', '--dump')))
    // What stood on RabbitMQ's wire is no part of it any more.
    const { native, ...fields } = before!
    expect(native).toMatchObject({ adapter: 'rabbitmq' })
    expect(after).toEqual({
      ...fields,
      subject: 'usa.weather',
      ttlMs: expect.any(Number),
      properties: { ...before!.properties, 'sluice-via': expect.stringMatching(/^[\w-]{12}$/) },
    })
    expect(after!.ttlMs).toBeLessThanOrEqual(before!.ttlMs!)
    expect(after!.ttlMs).toBeGreaterThan(30_000)
    ok(await run('delete', '-b', rabbit, queue))
  }, 60_000)

  it('stops at a message that comes back to where it has been, and leaves it', async () => {
    const queue = uniqueName('bridged')
    const store = `file:${join(commands.scratch, uniqueName('store'))}`
    ok(await run('spout', '-b', rabbit, '-d', `${queue}; {create: always}`, 'body'))
    ok(await run('bridge', `${rabbit}#${queue}`, `${store}#middle`, '--create', '-t', '0'))
    const { code, err } = await run('bridge', `${store}#middle`, `${rabbit}#${queue}`, '-t', '0')
    expect(code).toBe(1)
    expect(err).toContain('has been at the target before; it stays at the source')
    expect(
      ok(
        await run(
          'bridge',
          `${store}#middle`,
          `${rabbit}#${queue}`,
          '-t',
          '0',
          '--on-loop',
          'drop',
          '--json',
          '-q',
        ),
      ),
    ).toBe('{"moved":0,"expired":0,"looped":1,"refused":0}\n')
    ok(await run('delete', '-b', rabbit, queue))
  }, 60_000)

  it('a target that is missing, or refuses, stops it, and nothing is lost', async () => {
    const queue = uniqueName('bridged')
    const store = `file:${join(commands.scratch, uniqueName('store'))}`
    ok(await run('spout', '-b', rabbit, '-d', '-c', '3', `${queue}; {create: always}`, 'body'))
    for (const [from, to] of [
      [`${rabbit}#${queue}`, `${store}#middle`],
      [`${rabbit}#${queue}-nosuch`, `${store}#middle; {create: always}`],
    ]) {
      const { code, err } = await run('bridge', from!, to!, '-t', '0', '-q')
      expect(code).toBe(1)
      expect(err).toMatch(/^sluice bridge: ADDRESS_NOT_FOUND: .*\n {2}\S.*\n$/)
    }
    ok(await run('delete', '-b', store, 'middle', '--if-exists'))
    ok(await run('declare', '-b', store, 'middle', '--max-length', '1'))
    const refused = await run('bridge', `${rabbit}#${queue}`, `${store}#middle`, '-t', '0')
    expect(refused.code).toBe(1)
    expect(refused.err).toContain('SEND_REJECTED')
    expect(await depth(rabbit, queue)).toBe(2)
    expect(ok(await run('drain', '-b', store, 'middle', '-p', '%(C)s'))).toBe('body\n')
    ok(await run('delete', '-b', rabbit, queue))
  }, 60_000)

  async function depth(broker: string, queue: string): Promise<number> {
    return JSON.parse(ok(await run('inspect', '-b', broker, queue, '--json'))).depth
  }
})

interface Line {
  readonly ttlMs?: number
  readonly properties?: Record<string, unknown>
  readonly native?: unknown
}

function parse(text: string): Line[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

function byNumber(a: string, b: string): number {
  return Number(a.split(' ')[1]) - Number(b.split(' ')[1])
}
