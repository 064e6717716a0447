/**
 * Transactions, a third of them rolled back, while relays are killed, PostgreSQL is restarted and the broker is killed. What must have arrived is told
 * by a table that the same transactions write: the outcome of a commit that was cut off is known there, and nowhere else.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type Delivery, queue } from '../../src/index.ts'
import { inbox, outbox } from '../../src/outbox/index.ts'
import type { Commands, Running } from '../cli/commands.ts'
import { PrivateBroker } from '../support/brokers.ts'
import { Database } from './database.ts'

export interface Torture {
  readonly broker: 'rabbitmq' | 'redis'
  readonly transactions: number
  readonly relayKills: number
  readonly postgresRestarts: number
  readonly brokerKills: number
  readonly say?: (line: string) => void
}

/** Every list should be empty. */
export interface TortureResult {
  readonly committed: number
  readonly rolledBack: number
  readonly cutOff: number
  readonly duplicates: number
  readonly seconds: number
  readonly lost: string[]
  readonly neverCommitted: string[]
  readonly disordered: string[]
  readonly otherIds: string[]
  readonly notOnce: string[]
}

interface Body {
  readonly writer: number
  readonly seq: number
}

const WRITERS = 8
const TARGETS = 5
const RELAYS = 2
/** Nothing new for so long: what is missing then is lost. Unit: ms. */
const QUIET_MS = 120_000

export async function torture(commands: Commands, plan: Torture): Promise<TortureResult> {
  const say = plan.say ?? (() => {})
  const begun = performance.now()
  await using postgres = await PrivateBroker.start('postgres')
  await using broker = await PrivateBroker.start(plan.broker)
  await using database = await Database.make(postgres.url)
  await database.pool.query('CREATE TABLE sent (writer int, seq int, id text, PRIMARY KEY (writer, seq))')
  await database.pool.query('CREATE TABLE done (id text)')
  await using connection = await connect({ url: broker.url, reconnect: { maxDelayMs: 500 } })
  const name = (target: number): string => `torture-${target}`
  for (let target = 0; target < TARGETS; target++) await connection.admin.declare(queue(name(target)))

  // ── relays ──
  const relays: Running[] = []
  const startRelay = (at: number): void => {
    relays[at] = commands.start({}, 'sluice', 'relay', '-q', database.url, broker.url)
  }
  for (let at = 0; at < RELAYS; at++) startRelay(at)

  // ── readers ──
  const first = new Map<string, string>()
  const lastSeq = new Map<string, number>()
  const disordered: string[] = []
  const otherIds: string[] = []
  let duplicates = 0
  let heardAt = performance.now()
  const handle = async (target: number, delivery: Delivery<Body>): Promise<void> => {
    heardAt = performance.now()
    const { writer, seq } = delivery.body
    const key = `${writer}/${seq}`
    const known = first.get(key)
    if (known === undefined) {
      first.set(key, delivery.id)
      const line = `${target}/${writer}`
      const before = lastSeq.get(line) ?? -1
      if (seq < before) disordered.push(`${line}: ${seq} behind ${before}`)
      lastSeq.set(line, seq)
    } else {
      duplicates++
      if (known !== delivery.id) otherIds.push(key)
    }
    await database.transaction((client) =>
      inbox(client).once(delivery, () => client.query('INSERT INTO done (id) VALUES ($1)', [delivery.id])),
    )
  }
  const consumers = await Promise.all(
    Array.from({ length: TARGETS }, (_, target) =>
      connection.consume(queue<Body>(name(target)), (delivery) => handle(target, delivery), {
        onError: () => {},
        retry: { minDelayMs: 200, maxDelayMs: 2_000 },
      }),
    ),
  )

  // ── writers ──
  let begunTransactions = 0
  let rolledBack = 0
  let cutOff = 0
  const write = async (writer: number): Promise<void> => {
    for (let seq = 0; begunTransactions < plan.transactions; seq++) {
      begunTransactions++
      const rollsBack = seq % 3 === 2
      try {
        await database.transaction(async (client) => {
          const id = await outbox(client).send(queue<Body>(name((writer + seq) % TARGETS)), { writer, seq })
          await client.query('INSERT INTO sent (writer, seq, id) VALUES ($1, $2, $3)', [writer, seq, id])
          if (rollsBack) throw new RolledBack()
        })
      } catch (error) {
        if (error instanceof RolledBack) rolledBack++
        else {
          cutOff++
          await sleep(50)
        }
      }
    }
  }
  const writing = Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)))

  // ── faults, spread over the work ──
  const faults: { readonly at: number; readonly name: string; run(): Promise<void> }[] = [
    ...spread(plan.relayKills, 'a relay is killed', async (index) => {
      await relays[index % RELAYS]!.kill('SIGKILL')
      startRelay(index % RELAYS)
    }),
    ...spread(plan.postgresRestarts, 'PostgreSQL restarts', () => postgres.restart()),
    ...spread(plan.brokerKills, `${plan.broker} is killed`, async () => {
      await broker.kill()
      await broker.start()
    }),
  ].sort((one, other) => one.at - other.at)
  for (const fault of faults) {
    while (begunTransactions < plan.transactions * fault.at) await sleep(5)
    say(`${begunTransactions} of ${plan.transactions} transactions: ${fault.name}`)
    await fault.run()
  }
  await writing
  say(`written; ${first.size} have arrived`)

  // ── what must have arrived ──
  const { rows } = await database.pool.query<{ writer: number; seq: number; id: string }>(
    'SELECT writer, seq, id FROM sent',
  )
  const expected = new Map(rows.map(({ writer, seq, id }) => [`${writer}/${seq}`, id]))
  heardAt = performance.now()
  while ([...expected.keys()].some((key) => !first.has(key)) && performance.now() - heardAt < QUIET_MS)
    await sleep(100)
  while ((await database.count('done')) < expected.size && performance.now() - heardAt < QUIET_MS)
    await sleep(100)
  await Promise.all(relays.map((one) => one.kill('SIGTERM')))
  await Promise.all(consumers.map((one) => one.close()))
  const done = await database.pool.query<{ id: string; count: number }>(
    'SELECT id, count(*)::int AS count FROM done GROUP BY id',
  )
  const counts = new Map(done.rows.map(({ id, count }) => [id, count]))
  return {
    committed: expected.size,
    rolledBack,
    cutOff,
    duplicates,
    seconds: Math.round((performance.now() - begun) / 1000),
    lost: [...expected.keys()].filter((key) => !first.has(key)),
    neverCommitted: [...first.keys()].filter((key) => !expected.has(key)),
    disordered,
    otherIds: [
      ...otherIds,
      ...[...expected].filter(([key, id]) => first.has(key) && first.get(key) !== id).map(([key]) => key),
    ],
    notOnce: [...expected]
      .filter(([, id]) => counts.get(id) !== 1)
      .map(([key, id]) => `${key}: ${counts.get(id) ?? 0} times`),
  }
}

class RolledBack extends Error {}

function spread(
  count: number,
  name: string,
  run: (index: number) => Promise<void>,
): { at: number; name: string; run(): Promise<void> }[] {
  return Array.from({ length: count }, (_, index) => ({
    at: (index + 1) / (count + 1),
    name,
    run: () => run(index),
  }))
}
