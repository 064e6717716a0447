/** The outbox on a real PostgreSQL; the broker is the embedded one, which can be full, slow and empty at will. */

import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import knexFactory from 'knex'
import { describe, expect, it } from 'vitest'
import {
  type Connection,
  connect,
  type Delivery,
  isMessagingError,
  multicast,
  queue,
  topic,
} from '../../src/index.ts'
import { inbox, outbox, type Relay, type RelayStatus, relay } from '../../src/outbox/index.ts'
import { uniqueName } from '../support/names.ts'
import { Database, withoutPostgres } from './database.ts'

interface Setup extends AsyncDisposable {
  readonly database: Database
  readonly connection: Connection
  readonly told: RelayStatus[]
  start(options?: object): Relay
}

async function setup(): Promise<Setup> {
  const database = await Database.make()
  const connection = await connect(`memory:${uniqueName('outbox')}`)
  const told: RelayStatus[] = []
  const relays: Relay[] = []
  return {
    database,
    connection,
    told,
    start(options = {}) {
      const { pool } = database
      const started = relay({
        pool,
        connection,
        pollMs: 60_000,
        onStatus: (status) => told.push(status),
        ...options,
      })
      relays.push(started)
      return started
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(relays.map((one) => one.close()))
      await connection.close()
      await database[Symbol.asyncDispose]()
    },
  }
}

async function becomes(read: () => unknown, value: unknown): Promise<void> {
  await expect.poll(read, { timeout: 20_000 }).toBe(value)
}

async function take<Body>(connection: Connection, name: string, count: number): Promise<Delivery<Body>[]> {
  await using receiver = await connection.receiver(queue<Body>(name), { credit: 1_000 })
  const taken: Delivery<Body>[] = []
  while (taken.length < count) {
    const delivery = await receiver.receive({ timeoutMs: 20_000 })
    expect(delivery, `only ${taken.length} of ${count} came`).toBeDefined()
    taken.push(delivery!)
    await delivery!.accept()
  }
  return taken
}

describe.skipIf(withoutPostgres)('outbox', () => {
  it('a committed message leaves, a rolled-back one never does; NOTIFY wakes the relay', async () => {
    await using all = await setup()
    const { database, connection } = all
    const started = all.start()
    const orders = queue<number>('orders')
    const id = await database.transaction((client) => outbox(client).send(orders, 1))
    await expect(
      database.transaction(async (client) => {
        await outbox(client).send(orders, 2)
        throw new Error('rolled back')
      }),
    ).rejects.toThrow('rolled back')
    await database.transaction((client) => outbox(client).send(orders, 3))
    const taken = await take<number>(connection, 'orders', 2)
    expect(taken.map(({ body }) => body)).toEqual([1, 3])
    expect(taken[0]!.id).toBe(id)
    await becomes(() => database.count('sluice_outbox'), 0)
    await becomes(() => started.handedOn, 2)
    expect(await started.backlog()).toEqual({ waiting: 0, aside: 0, oldestMs: 0 })
  })

  it('a message arrives as connection.send would have sent it', async () => {
    await using all = await setup()
    const { database, connection } = all
    const createdAt = new Date('2025-01-02T03:04:05.678Z')
    const properties = {
      text: 'ü\u0000',
      big: 2n ** 61n,
      when: createdAt,
      raw: Buffer.from([0, 255]),
      none: null,
      half: -0.5,
    }
    const fields = {
      id: 'one',
      subject: 'a.b',
      correlationId: 'c',
      replyTo: 'answers',
      priority: 7,
      groupId: 'g',
      createdAt,
      properties,
    }
    const bodies = [{ deep: [1, null] }, 'text', Buffer.from([0, 1, 255]), null, 0, '']
    const direct = queue<unknown>('direct')
    for (const body of bodies) {
      await connection.send(direct, body, fields)
      await database.transaction((client) => outbox(client).send(queue<unknown>('outboxed'), body, fields))
    }
    all.start()
    const sent = await take(connection, 'direct', bodies.length)
    const relayed = await take(connection, 'outboxed', bodies.length)
    expect(relayed.map((one) => one.toJSON())).toEqual(sent.map((one) => one.toJSON()))
    expect(relayed[0]!.properties).toEqual(sent[0]!.properties)
    expect(relayed[0]!.durable).toBe(true)
  })

  it('checks address, fields and body at once', async () => {
    await using all = await setup()
    await all.database.transaction(async (client) => {
      const box = outbox(client)
      await expect(box.send(queue('q'), undefined)).rejects.toThrow(TypeError)
      await expect(box.send('a; {creat: always}', 1)).rejects.toMatchObject({
        code: 'ADDRESS_OPTION_INVALID',
      })
      await expect(box.send(queue('q'), 1, { priority: 11 })).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
      })
      await expect(box.send(queue('q'), new Map())).rejects.toMatchObject({ code: 'ENCODE_FAILED' })
      await expect(box.send(multicast('m') as never, 1)).rejects.toThrow(TypeError)
      const schema = {
        '~standard': {
          version: 1 as const,
          vendor: 'test',
          validate: () => ({ issues: [{ message: 'never' }] }),
        },
      }
      await expect(box.send(queue('q', { schema }), 1)).rejects.toMatchObject({ code: 'ENCODE_FAILED' })
    })
    expect(await all.database.count('sluice_outbox')).toBe(0)
  })

  it('topics, members and address strings are targets as well; the node is made with its options', async () => {
    await using all = await setup()
    const { database, connection } = all
    const news = await connection.receiver(topic<number>('news').matching('us.#'))
    const truck = await connection.receiver(multicast<number>('fleet').member('truck-1'))
    const limited = queue<number>('limited', {
      maxDeliveries: 3,
      deadLetter: queue('aside', { maxLength: 5 }),
    })
    await database.transaction(async (client) => {
      const box = outbox(client)
      await box.send(topic('news'), 1, { subject: 'us.weather' })
      await box.send(multicast('fleet').to('truck-1'), 2)
      await box.send('from-text; {create: always}', 3)
      await box.send(limited, 4)
    })
    all.start()
    for (const [receiver, body] of [
      [news, 1],
      [truck, 2],
    ] as const)
      expect((await receiver.receive({ timeoutMs: 20_000 }))!.body).toBe(body)
    await using text = await connection.receiver('from-text; {create: always}')
    expect((await text.receive({ timeoutMs: 20_000 }))!.body).toBe(3)
    // It would not open where the settings are others.
    await using receiver = await connection.receiver(limited)
    expect((await receiver.receive({ timeoutMs: 20_000 }))!.body).toBe(4)
  })

  it('several relays share the work, each message once, the order of each target kept', async () => {
    await using all = await setup()
    const { database, connection } = all
    const targets = 7
    const relays = Array.from({ length: 4 }, () => all.start({ batch: 17 }))
    const working = (): number => relays.filter((one) => one.handedOn > 0).length
    // Who is quick may have all of the first ones.
    let each = 0
    for (; each < 200 || (working() < 2 && each < 5_000); each++)
      await database.transaction(async (client) => {
        for (let target = 0; target < targets; target++)
          await outbox(client).send(queue<number>(`to-${target}`), each)
      })
    for (let target = 0; target < targets; target++) {
      const bodies = (await take<number>(connection, `to-${target}`, each)).map(({ body }) => body)
      expect(bodies).toEqual(Array.from({ length: each }, (_, at) => at))
    }
    await becomes(() => relays.reduce((sum, one) => sum + one.handedOn, 0), targets * each)
    expect(await database.count('sluice_outbox')).toBe(0)
    expect(working()).toBeGreaterThan(1)
  })

  it('a full node is held and told, others go on; with room it goes on in order', async () => {
    await using all = await setup()
    const { database, connection, told } = all
    const full = queue<number>('full', { maxLength: 2 })
    for (let at = 0; at < 6; at++) await database.transaction((client) => outbox(client).send(full, at))
    await database.transaction((client) => outbox(client).send(queue('free'), 1))
    const started = all.start({ retry: { minDelayMs: 20, maxDelayMs: 50 } })
    await take(connection, 'free', 1)
    await becomes(
      () => told.some((one) => one.type === 'held' && isMessagingError(one.error, 'SEND_REJECTED')),
      true,
    )
    const { waiting, oldestMs } = await started.backlog()
    expect(waiting).toBe(4)
    expect(oldestMs).toBeGreaterThan(0)
    await using receiver = await connection.receiver(full, { credit: 1 })
    const seen: number[] = []
    while (seen.length < 6) {
      const delivery = await receiver.receive({ timeoutMs: 20_000 })
      seen.push(delivery!.body)
      await delivery!.accept()
    }
    expect(seen).toEqual([0, 1, 2, 3, 4, 5])
    await becomes(() => told.some(({ type }) => type === 'resumed'), true)
  })

  it('what can never be sent is put aside with its error and blocks nobody; set free it is tried again', async () => {
    await using all = await setup()
    const { database, connection, told } = all
    const ids = await database.transaction(async (client) => {
      const box = outbox(client)
      return [await box.send('missing', 1), await box.send(queue('there'), 2), await box.send('missing', 3)]
    })
    const started = all.start()
    await take(connection, 'there', 1)
    await becomes(() => told.filter(({ type }) => type === 'aside').length, 2)
    expect(told.find((one) => one.type === 'aside')).toMatchObject({
      id: ids[0],
      error: { code: 'ADDRESS_NOT_FOUND' },
    })
    await becomes(async () => (await started.backlog()).aside, 2)
    const { rows } = await database.pool.query('SELECT error FROM sluice_outbox ORDER BY position')
    expect(rows[0].error).toMatch(/^ADDRESS_NOT_FOUND: /)
    await connection.admin.declare(queue('missing'))
    await database.pool.query('UPDATE sluice_outbox SET error = NULL')
    await database.transaction((client) => outbox(client).send('missing', 4))
    expect((await take<number>(connection, 'missing', 3)).map(({ body }) => body)).toEqual([1, 3, 4])
  })

  it('a relay that is closed in the midst of its work leaves the rest to the next', async () => {
    await using all = await setup()
    const { database, connection } = all
    const count = 500
    await database.transaction(async (client) => {
      for (let at = 0; at < count; at++) await outbox(client).send(queue<number>('orders'), at)
    })
    const first = all.start({ batch: 50 })
    await becomes(() => first.handedOn > 0, true)
    await first.close({ timeoutMs: 0 })
    await first.close()
    all.start()
    const bodies: number[] = []
    await using receiver = await connection.receiver(queue<number>('orders'), { credit: 1_000 })
    while (new Set(bodies).size < count) {
      const delivery = await receiver.receive({ timeoutMs: 20_000 })
      bodies.push(delivery!.body)
      await delivery!.accept()
    }
    expect([...new Set(bodies)]).toEqual(Array.from({ length: count }, (_, at) => at))
  })

  it('looks by itself where nobody notifies', async () => {
    await using all = await setup()
    const { database, connection } = all
    await database.pool.query('DROP TRIGGER sluice_outbox_notify ON sluice_outbox')
    all.start({ pollMs: 50 })
    await database.transaction((client) => outbox(client).send(queue('orders'), 1))
    await take(connection, 'orders', 1)
  })
})

describe.skipIf(withoutPostgres)('inbox', () => {
  it('does work once for each id, also for two at the same time; a transaction that is rolled back has done nothing', async () => {
    await using database = await Database.make()
    const insert = 'INSERT INTO facts (text) VALUES ($1)'
    const once = (id: string, fails = false): Promise<boolean> =>
      database.transaction(async (client) => {
        const done = await inbox(client).once({ id }, () => client.query(insert, [id]))
        if (fails) throw new Error('rolled back')
        return done
      })
    await expect(once('a', true)).rejects.toThrow('rolled back')
    const results = await Promise.all(Array.from({ length: 10 }, () => once('a')))
    expect(results.filter(Boolean)).toHaveLength(1)
    expect(await once('b')).toBe(true)
    expect(await once('b')).toBe(false)
    expect(await database.count('facts')).toBe(2)
    expect(await inbox(database.pool, { work: 'another' }).once({ id: 'a' }, () => {})).toBe(true)
    await expect(once('')).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    await inbox(database.pool).forget(new Date(Date.now() + 60_000))
    expect(await once('a')).toBe(true)
  })
})

describe.skipIf(withoutPostgres)('other clients, by one line each', () => {
  it('Knex', async () => {
    await using all = await setup()
    const knex = knexFactory({ client: 'pg', connection: all.database.url })
    try {
      const clientOf = (trx: typeof knex) => ({
        query: (text: string, values: unknown[]) => trx.raw(text.replace(/\$\d+/g, '?'), values as never[]),
      })
      await knex.transaction(async (trx) => {
        await trx('facts').insert({ text: 'knex' })
        await outbox(clientOf(trx)).send(queue('orders'), { by: 'knex' })
        expect(await inbox(clientOf(trx)).once({ id: 'k' }, () => {})).toBe(true)
        expect(await inbox(clientOf(trx)).once({ id: 'k' }, () => {})).toBe(false)
      })
      await expect(
        knex.transaction(async (trx) => {
          await outbox(clientOf(trx)).send(queue('orders'), 'never')
          throw new Error('rolled back')
        }),
      ).rejects.toThrow('rolled back')
    } finally {
      await knex.destroy()
    }
    all.start()
    expect((await take(all.connection, 'orders', 1))[0]!.body).toEqual({ by: 'knex' })
    expect(await all.database.count('sluice_outbox')).toBe(0)
  })

  it('Drizzle', async () => {
    await using all = await setup()
    const db = drizzle(all.database.pool)
    const clientOf = (tx: Pick<typeof db, 'execute'>) => ({
      query: (text: string, values: unknown[]) =>
        tx.execute(
          sql.join(
            text
              .split(/\$\d+/)
              .flatMap((part, at) => (at === 0 ? [sql.raw(part)] : [sql`${values[at - 1]}`, sql.raw(part)])),
          ),
        ),
    })
    await db.transaction(async (tx) => {
      await tx.execute(sql`INSERT INTO facts (text) VALUES ('drizzle')`)
      await outbox(clientOf(tx)).send(queue('orders'), { by: 'drizzle' })
      expect(await inbox(clientOf(tx)).once({ id: 'd' }, () => {})).toBe(true)
      expect(await inbox(clientOf(tx)).once({ id: 'd' }, () => {})).toBe(false)
    })
    await expect(
      db.transaction(async (tx) => {
        await outbox(clientOf(tx)).send(queue('orders'), 'never')
        throw new Error('rolled back')
      }),
    ).rejects.toThrow('rolled back')
    all.start()
    expect((await take(all.connection, 'orders', 1))[0]!.body).toEqual({ by: 'drizzle' })
    expect(await all.database.count('sluice_outbox')).toBe(0)
  })

  it('ids that no index or text of the database can hold are remembered all the same', async () => {
    await using all = await setup()
    const { database, connection } = all
    all.start()
    for (const id of ['with\0NUL', 'x'.repeat(100_000)]) {
      const odd = queue<number>(uniqueName('odd'))
      await database.transaction((client) => outbox(client).send(odd, 1, { id }))
      const [delivery] = await take<number>(connection, odd.name, 1)
      expect(delivery!.id).toBe(id)
      const once = () => database.transaction((client) => inbox(client).once(delivery!, () => {}))
      expect([await once(), await once()]).toEqual([true, false])
    }
  })

  it('a relay that is closed while its pool still connects ends at once, and keeps no connection', async () => {
    await using all = await setup()
    const { database } = all
    let open: () => void = () => {}
    const opened = new Promise<void>((resolve) => {
      open = resolve
    })
    const pool = {
      async connect() {
        await opened
        return database.pool.connect()
      },
    }
    const started = all.start({ pool })
    const closing = started.close()
    open()
    await closing
    await becomes(() => database.pool.totalCount - database.pool.idleCount, 0)
  })

  it('a relay whose database never answers is closed all the same', async () => {
    await using all = await setup()
    const pool = { connect: () => new Promise(() => {}) }
    await all.start({ pool }).close({ timeoutMs: 0 })
  })

  it('many relays on one pool leave one listener there', async () => {
    await using all = await setup()
    const before = all.database.pool.listenerCount('error')
    for (let relays = 0; relays < 12; relays++) await all.start().close()
    expect(all.database.pool.listenerCount('error')).toBe(before + 1)
  })

  it('an onStatus that rejects, or throws what is no error, ends neither the relay nor the process', async () => {
    await using all = await setup()
    const { database, connection } = all
    const faults = [() => Promise.reject(new Error('theirs')), () => Promise.reject(undefined)]
    all.start({
      onStatus: () => {
        const fault = faults.shift()
        if (fault) return fault()
        throw Object.create(null)
      },
    })
    for (let round = 0; round < 3; round++) {
      await database.transaction((client) => outbox(client).send(queue('told'), round))
      await take(connection, 'told', 1)
    }
  })

  it('a pool with room for one connection is refused: nothing would ever be handed on', async () => {
    await using all = await setup()
    const refused = { code: 'CONFIG_INVALID', message: expect.stringContaining('room for one') }
    expect(() => all.start({ pool: { connect: () => {}, options: { max: 1 } } })).toThrow(
      expect.objectContaining(refused),
    )
  })
})
