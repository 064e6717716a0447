/** The relay's statements on the table: taking rows under locks, and what becomes of them. */
import type { RelayClient } from './client.ts'
import type { Backlog } from './status.ts'

/** A message that waits. */
export interface Row {
  readonly position: string
  readonly id: string
  readonly place: string
  readonly target: string
  readonly fields: string
  readonly body: Uint8Array
}

/** Why a row cannot be sent. */
export interface Aside {
  readonly position: string
  readonly error: string
}

/** One place belongs to one relay for the length of a transaction: the order of its messages is kept, however many relays there are. */
const LOCKS = 0x51_0ce

/**
 * Goes from place to place by the index, past those that are held or that another relay has. `SKIP LOCKED`: what another relay has just deleted,
 * or somebody else works on, is not waited for.
 */
const TAKE = `
WITH RECURSIVE places AS (
  (SELECT place FROM sluice_outbox WHERE error IS NULL AND place > $1 ORDER BY place LIMIT 1)
  UNION ALL
  SELECT (SELECT o.place FROM sluice_outbox o WHERE o.error IS NULL AND o.place > p.place ORDER BY o.place LIMIT 1)
  FROM places p WHERE p.place IS NOT NULL
), mine AS MATERIALIZED (
  SELECT place FROM (
    SELECT place FROM places WHERE place IS NOT NULL AND place <> ALL($2::text[]) LIMIT 1000
  ) free WHERE pg_try_advisory_xact_lock($3, hashtext(place)) LIMIT $4
)
SELECT taken.* FROM mine CROSS JOIN LATERAL (
  SELECT position, place, octet_length(body) AS bytes FROM sluice_outbox
  WHERE place = mine.place AND error IS NULL ORDER BY position LIMIT $5 FOR UPDATE SKIP LOCKED
) taken ORDER BY position`

const READ = `SELECT position, id, place, target, fields, body FROM sluice_outbox
WHERE position = ANY($1::bigint[]) ORDER BY position`

const DELETE = 'DELETE FROM sluice_outbox WHERE position = ANY($1::bigint[])'

const PUT_ASIDE = `UPDATE sluice_outbox SET error = aside.error
FROM unnest($1::bigint[], $2::text[]) AS aside (position, error) WHERE sluice_outbox.position = aside.position`

const BACKLOG = `SELECT count(*) FILTER (WHERE error IS NULL) AS waiting, count(*) FILTER (WHERE error IS NOT NULL) AS aside,
  coalesce(extract(epoch FROM clock_timestamp() - min(created_at) FILTER (WHERE error IS NULL)) * 1000, 0) AS oldest
FROM sluice_outbox`

/** Places of one round. */
const PLACES = 16
/** Bodies of one round. Unit: bytes. */
const MAX_BYTES = 32 * 1024 * 1024

/** Rows of several places in their order, locked until the end of the transaction. */
export async function takeRows(
  client: RelayClient,
  after: string,
  held: readonly string[],
  perPlace: number,
): Promise<Row[]> {
  const { rows } = await client.query(TAKE, [after, held, LOCKS, PLACES, perPlace])
  let bytes = 0
  const positions: string[] = []
  for (const row of rows as { position: string; bytes: unknown }[]) {
    // A program may have its own parsers for the types of pg.
    bytes += Number(row.bytes)
    if (bytes > MAX_BYTES && positions.length > 0) break
    positions.push(row.position)
  }
  if (positions.length === 0) return []
  return (await client.query(READ, [positions])).rows as Row[]
}

export async function removeRows(client: RelayClient, positions: readonly string[]): Promise<void> {
  if (positions.length > 0) await client.query(DELETE, [positions])
}

export async function putAside(client: RelayClient, asides: readonly Aside[]): Promise<void> {
  if (asides.length === 0) return
  await client.query(PUT_ASIDE, [asides.map(({ position }) => position), asides.map(({ error }) => error)])
}

export async function readBacklog(client: RelayClient): Promise<Backlog> {
  const { rows } = await client.query(BACKLOG)
  const { waiting, aside, oldest } = rows[0] as Record<'waiting' | 'aside' | 'oldest', string>
  return { waiting: Number(waiting), aside: Number(aside), oldestMs: Math.max(0, Math.round(Number(oldest))) }
}
