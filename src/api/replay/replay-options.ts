/** What `connection.replay()` takes and gives. */
import { checkNumber, checkType } from '../../core/options/typed.ts'
import type { MessagingError } from '../../model/errors.ts'
import type { Target } from '../address/address.ts'
import type { ReceivedMessage } from '../message/received-message.ts'
import { type CallOptions, checkOptions } from '../options.ts'

/** Options of `connection.replay()`. `timeoutMs` (default 30 s) is for the opening of links, and for each send. */
export interface ReplayOptions<Body = unknown> extends CallOptions {
  /** Chooses: true for a message that goes back. Default: all. What it throws ends the replay. */
  where?: ((message: ReceivedMessage<Body>) => boolean) | undefined
  /** Where chosen messages go: each to the node that it came from (`sluice-origin`), or all to this one. Default `'origin'`. */
  to?: 'origin' | Target<Body> | undefined
  /** Looks and counts, sends and takes nothing. Default false. */
  dryRun?: boolean | undefined
  /** Ends after this many chosen messages. At least 1. Default: no limit. */
  limit?: number | undefined
  /** Called now and then, at most ten times a second, and at the end. */
  onProgress?: ((progress: ReplayProgress) => void) | undefined
}

/** How far a replay is. */
export interface ReplayProgress {
  /** Messages looked at. */
  readonly looked: number
  /** Messages chosen. */
  readonly matched: number
  /** Messages that are confirmed at their target and taken out of the queue. */
  readonly replayed: number
}

/** Chosen messages that say the same of their death. */
export interface DeathReason {
  /** `sluice-reason`; empty where a message says none. */
  readonly reason: string
  /** `sluice-origin`. */
  readonly origin?: string
  /** The first line of `sluice-error`: name and message. */
  readonly error?: string
  readonly count: number
}

/** Chosen messages that stayed, because they could not go where they were meant to. */
export interface ReplayRefusal {
  /** Their target; absent where a message does not say where it came from. */
  readonly to?: string
  /** The first refusal. */
  readonly error: MessagingError
  readonly count: number
}

/** What a replay did. */
export interface ReplayReport extends ReplayProgress {
  /** Of the chosen messages, most frequent first: at most 1,000. */
  readonly reasons: readonly DeathReason[]
  /** Chosen messages of further reasons. */
  readonly otherReasons: number
  /** Empty when all that was chosen has gone. */
  readonly refused: readonly ReplayRefusal[]
}

/** @throws `CONFIG_INVALID`, `TypeError` */
export function checkReplay<Body>(options: ReplayOptions<Body> | undefined): ReplayOptions<Body> {
  const checked = checkOptions('replay', options)
  const { where, dryRun, limit, onProgress } = checked as Record<string, unknown>
  checkType(CALL, 'where', where, 'function')
  checkType(CALL, 'onProgress', onProgress, 'function')
  checkType(CALL, 'dryRun', dryRun, 'boolean')
  checkNumber(CALL, 'limit', limit, isLimit, 'a whole number from 1')
  return checked
}

const CALL = 'replay()'

function isLimit(limit: number): boolean {
  return limit === Number.POSITIVE_INFINITY || (Number.isInteger(limit) && limit >= 1)
}
