/** `sluice relay` on a real PostgreSQL. */
import { afterAll, describe, expect, it } from 'vitest'
import { connect, queue } from '../../src/index.ts'
import { outbox, SCHEMA_SQL } from '../../src/outbox/index.ts'
import { Commands } from '../cli/commands.ts'
import { uniqueName } from '../support/names.ts'
import { Database, withoutPostgres } from './database.ts'

const commands = new Commands()
afterAll(() => commands[Symbol.dispose]())

describe.skipIf(withoutPostgres)('sluice relay', () => {
  it('makes the tables, prints their SQL, hands on what waits and tells the counts', async () => {
    await using database = await Database.make()
    await database.pool.query('DROP TABLE sluice_outbox, sluice_inbox')
    const url = `memory:${uniqueName('relay')}`
    await using connection = await connect(url)
    const without = await commands.run('sluice', 'relay', '--once', database.url, url)
    expect(without).toMatchObject({ code: 1, text: '' })
    expect(without.err).toMatch(/sluice relay --init/)
    expect(await commands.run('sluice', 'relay', '--init', database.url)).toMatchObject({
      code: 0,
      text: '',
      err: '',
    })
    expect((await commands.run('sluice', 'relay', '--sql')).text).toBe(SCHEMA_SQL)
    await database.transaction(async (client) => {
      for (let at = 0; at < 100; at++) await outbox(client).send(queue('orders'), at)
      await outbox(client).send('missing', 1)
    })
    const { code, text, err } = await commands.run('sluice', 'relay', '--once', '--json', database.url, url)
    expect(code, err).toBe(0)
    expect(JSON.parse(text)).toEqual({ handedOn: 100, waiting: 0, aside: 1, oldestMs: 0 })
    expect(err).toMatch(/^put aside: \S+ for text missing: ADDRESS_NOT_FOUND: no such queue: missing$/m)
    expect(err).toMatch(/^100 handed on, \d+\/s$/m)
    expect((await connection.admin.inspect('orders'))?.depth).toBe(100)
  })

  it('a database that is not there is one line, without its password', async () => {
    const { code, err } = await commands.run(
      'sluice',
      'relay',
      'postgres://sluice:hunter2@127.0.0.1:1/x',
      'memory:',
    )
    expect(code).toBe(1)
    expect(err).toMatch(/^sluice relay: (error: )?the database: .*ECONNREFUSED.*\n {2}Check /)
    expect(err).not.toContain('hunter2')
    expect((await commands.run('sluice', 'relay', 'mysql://x', 'memory:')).code).toBe(2)
    expect((await commands.run('sluice', 'relay')).code).toBe(2)
  })
})
