/** Work done once for each message: its id is written in the transaction in which the work is done. */
import { MessagingError } from '../index.ts'
import { type QueryClient, rowsOf } from './client.ts'
import { indexed } from './key.ts'

/** Which work an inbox remembers. */
export interface InboxOptions {
  /** Name of the work: programs that do different things with one message have different names. Default: `default`. */
  work?: string | undefined
}

/** Remembers what was done. */
export interface Inbox {
  /**
   * Does `work` unless it was done for this message's id before, by a transaction that committed. Of two at the same time one waits for the
   * other. Accept the delivery after the commit: a crash in between delivers it again, and nothing is done twice.
   *
   * @returns whether the work was done now
   * @throws `CONFIG_INVALID` for a message without id; what the client and `work` throw: roll the transaction back then
   */
  once(delivery: { readonly id: string }, work: () => unknown): Promise<boolean>
  /** Forgets what was done before this time; a message that comes again later than that is new. */
  forget(before: Date): Promise<void>
}

const REMEMBER = 'INSERT INTO sluice_inbox (work, id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id'
const FORGET = 'DELETE FROM sluice_inbox WHERE work = $1 AND done_at < $2'

/**
 * The inbox as a transaction of this client sees it.
 *
 * @example
 * await client.query('BEGIN')
 * await inbox(client).once(delivery, () => client.query('INSERT INTO orders (id) VALUES ($1)', [delivery.body.id]))
 * await client.query('COMMIT')
 * await delivery.accept()
 */
export function inbox(client: QueryClient, { work: name = 'default' }: InboxOptions = {}): Inbox {
  return {
    async once({ id }, work) {
      if (id === '')
        throw new MessagingError('CONFIG_INVALID', 'The message has no id by which it could be known again', {
          hint: 'Have its sender set an id, or look for another mark of what was done.',
        })
      const isNew = rowsOf(await client.query(REMEMBER, [name, indexed(id)])).length > 0
      if (isNew) await work()
      return isNew
    },
    async forget(before) {
      await client.query(FORGET, [name, before])
    },
  }
}
