/** Sending inside the caller's transaction: a row that commits, or goes, with everything else. */
import { type BodyCodec, type MessageFields, savedSend, type Target } from '../index.ts'
import type { QueryClient } from './client.ts'
import { indexed } from './key.ts'

/** How an outbox encodes. */
export interface OutboxOptions {
  /** Body codecs of the program's own, as for `connect()`. */
  codecs?: readonly BodyCodec[] | undefined
}

/** Sends by way of a table. */
export interface Outbox {
  /**
   * Writes the message to the outbox. Address, fields and body are checked and encoded now; a {@link relay} hands it to the broker after the
   * transaction has committed, at least once, with this id; never when it is rolled back. Messages to one node leave in the order of
   * their rows. `ttlMs` and `delayMs` begin when it is handed over.
   *
   * @returns the message's id
   * @throws what `connection.send` throws before it goes to the broker (`ENCODE_FAILED`, `CONFIG_INVALID`, `ADDRESS_MALFORMED`, `TypeError`), and what
   * the client throws; the transaction is the caller's to roll back
   */
  send<Body>(target: Target<Body>, body: NoInfer<Body>, fields?: MessageFields): Promise<string>
}

const INSERT = 'INSERT INTO sluice_outbox (id, place, target, fields, body) VALUES ($1, $2, $3, $4, $5)'

/**
 * The outbox as a transaction of this client sees it.
 *
 * @param client in the midst of a transaction: a client of `pg`, or anything with `query(text, values)`
 * @example
 * await client.query('BEGIN')
 * await client.query('INSERT INTO orders (id) VALUES ($1)', [7])
 * await outbox(client).send(queue('orders'), { id: 7 })
 * await client.query('COMMIT')
 */
export function outbox(client: QueryClient, options: OutboxOptions = {}): Outbox {
  return {
    async send(target, body, fields) {
      const saved = await savedSend(target, body, fields, options.codecs)
      const bytes = Buffer.from(saved.body.buffer, saved.body.byteOffset, saved.body.byteLength)
      // The message's own id is among the fields; this one is for people.
      await client.query(INSERT, [indexed(saved.id), indexed(saved.place), saved.target, saved.fields, bytes])
      return saved.id
    },
  }
}
