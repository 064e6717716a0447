/** The session that the Qpid documentation shows with spout and drain, as processes of their own. */
import { afterAll, describe, expect, test } from 'vitest'
import { connect, queue, topic } from '../../../src/index.ts'
import { Commands } from '../../cli/commands.ts'
import { eventually } from '../../support/eventually.ts'
import { uniqueName } from '../../support/names.ts'
import { url } from './fixture.ts'

const commands = new Commands()
afterAll(() => commands[Symbol.dispose]())

describe('spout and drain', () => {
  test('news to a topic exchange reach every drain whose pattern fits', async () => {
    const name = uniqueName('news-service')
    await using connection = await connect(url)
    await using exchange = await connection.sender(
      `${name}; {create: always, delete: always, node: {type: topic, x-declare: {type: topic}}}`,
    )
    expect(await connection.admin.inspect(topic(name))).toMatchObject({ type: 'topic' })
    const drains = [1, 2].map(() =>
      commands.start({}, 'drain', '-b', url, '-t', '120', '-c', '1', `${name}/#.news`),
    )
    // They say nothing until a message comes: the broker tells when both have bound their queues.
    const bound = async (): Promise<boolean> => (await connection.admin.inspect(topic(name)))?.receivers === 2
    await eventually(bound, { timeoutMs: 15_000 })
    const spout = await commands.spawn({}, 'spout', '-b', url, `${name}/news`, 'Hello', 'news')
    expect(spout).toMatchObject({ code: 0, err: '' })
    for (const drain of drains) {
      const { code, text, err } = await drain.ended
      expect({ code, err }).toEqual({ code: 0, err: '' })
      expect(text).toContain("content='Hello news'")
      expect(text).toContain("subject='news'")
    }
    expect(exchange.unsettled).toBe(0)
  })

  test('a queue that one drain browsed is still there for the other', async () => {
    const name = uniqueName('browsed')
    await using connection = await connect(url)
    await connection.admin.declare(queue(name))
    const spout = await commands.spawn({}, 'spout', '-b', url, '-c', '3', '-I', 'run', name, 'x')
    expect(spout).toMatchObject({ code: 0, err: '' })
    const ids = ['-p', '%(P["spout-id"])s']
    for (const address of [`${name}; {mode: browse}`, `${name}; {mode: browse}`, name]) {
      const drain = await commands.spawn({}, 'drain', '-b', url, ...ids, address)
      expect(drain).toMatchObject({ code: 0, err: '', text: 'run:0\nrun:1\nrun:2\n' })
    }
    expect(await connection.admin.inspect(queue(name))).toMatchObject({ depth: 0 })
    await connection.admin.delete(queue(name))
  })
})
