/** Options of a relay, checked. */
import { checkKnownKeys } from '../core/options/known-keys.ts'
import { checkNumber, checkObject, checkType } from '../core/options/typed.ts'
import { type Connection, MessagingError } from '../index.ts'
import type { RelayPool } from './client.ts'
import type { RelayStatus } from './status.ts'

/** Pauses before a node that refused its messages is tried again; they double from the least to the greatest. */
export interface RelayRetry {
  /** Unit: ms. Default 1000. */
  minDelayMs?: number | undefined
  /** Unit: ms. Default 30,000. */
  maxDelayMs?: number | undefined
}

/** Options of {@link relay}. */
export interface RelayOptions {
  /** A pool of `pg`: `new pg.Pool({ connectionString })`. The relay takes two of its connections, and never closes it. */
  pool: RelayPool
  /** Where the messages go. The relay never closes it. */
  connection: Connection
  /** Messages of one node in one round: on their way at once, and removed by one statement. Default 500. */
  batch?: number | undefined
  /** Longest until it looks without being woken. Unit: ms. Default 1000. */
  pollMs?: number | undefined
  /** Longest that one message may wait for its confirmation before its node is held. Unit: ms. Default 30,000. */
  timeoutMs?: number | undefined
  retry?: RelayRetry | undefined
  /** Told what happens; the same goes to the diagnostics channel `sluice:outbox`. */
  onStatus?: ((status: RelayStatus) => void) | undefined
}

export interface RelaySettings {
  readonly pool: RelayPool
  readonly connection: Connection
  readonly batch: number
  readonly pollMs: number
  readonly timeoutMs: number
  readonly retry: Required<{ [Key in keyof RelayRetry]: number }>
  readonly onStatus: ((status: RelayStatus) => void) | undefined
}

const KNOWN = ['pool', 'connection', 'batch', 'pollMs', 'timeoutMs', 'retry', 'onStatus']

/** @throws `CONFIG_INVALID`, `TypeError` */
export function relaySettings(options: RelayOptions): RelaySettings {
  checkObject('relay()', 'the argument', options ?? null)
  checkKnownKeys(options, KNOWN, 'relay()')
  const { pool, connection, retry = {}, onStatus } = options
  if (typeof pool?.connect !== 'function') throw new TypeError('relay(): pool is no pool of pg')
  if (typeof connection?.sender !== 'function') throw new TypeError('relay(): connection is none')
  checkObject('relay()', 'retry', retry)
  checkKnownKeys(retry, ['minDelayMs', 'maxDelayMs'], 'relay(): retry')
  checkType('relay()', 'onStatus', onStatus, 'function')
  refuseSmallPool(pool)
  return {
    pool,
    connection,
    batch: number('batch', options.batch, 500, 1),
    pollMs: number('pollMs', options.pollMs, 1_000, 1),
    timeoutMs: number('timeoutMs', options.timeoutMs, 30_000, 1),
    retry: {
      minDelayMs: number('retry.minDelayMs', retry.minDelayMs, 1_000, 1),
      maxDelayMs: number('retry.maxDelayMs', retry.maxDelayMs, 30_000, 1),
    },
    onStatus,
  }
}

/** One connection listens, and is never given back: with none beside it nothing would ever be handed on, without a word. */
function refuseSmallPool(pool: RelayPool): void {
  const { options } = pool as { readonly options?: { readonly max?: unknown } }
  if (typeof options?.max !== 'number' || options.max >= 2) return
  throw new MessagingError(
    'CONFIG_INVALID',
    'relay(): the pool has room for one connection, the relay takes two',
    {
      hint: 'Give the pool a max of 2 or more, and 2 more for every further relay.',
      context: { option: 'pool' },
    },
  )
}

function number(name: string, value: number | undefined, fallback: number, least: number): number {
  const fits = (given: number): boolean => given >= least && given <= Number.MAX_SAFE_INTEGER
  checkNumber('relay()', name, value, fits, `a number from ${least}`)
  return Math.floor(value ?? fallback)
}
