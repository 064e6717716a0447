/**
 * `sluice/outbox`: messages that leave exactly when a PostgreSQL transaction commits, and work that is done once for each message.
 *
 * `outbox(client).send(…)` writes a row in the caller's transaction; a relay hands committed rows to the broker; `inbox(client).once(…)` remembers
 * at the other end what was done. See docs/outbox.md.
 */
export type { QueryClient, RelayClient, RelayPool } from './client.ts'
export { type Inbox, type InboxOptions, inbox } from './inbox.ts'
export { type Outbox, type OutboxOptions, outbox } from './outbox.ts'
export { type Relay, relay } from './relay.ts'
export type { RelayOptions, RelayRetry } from './relay-options.ts'
export { SCHEMA_SQL } from './schema.ts'
export type { Backlog, RelayStatus } from './status.ts'
