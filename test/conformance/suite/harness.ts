/**
 * What the suite must be told of an adapter and its broker. Only `name` and `target` are needed; every further facility
 * opens the chapters that use it, and a missing one is reported with the reason given in `without`.
 */
import type { ConnectOptions, ErrorCode, QueueAddress } from 'sluice'

/** What a harness may be able to do beyond connecting. */
export type Facility =
  | 'faults'
  | 'silence'
  | 'broker'
  | 'liveRestart'
  | 'kill'
  | 'witness'
  | 'process'
  | 'processRefusal'
  | 'deadAddress'
  | 'wrongLogin'
  | 'otherPort'

/** An adapter and its broker, as the suite reaches them. */
export interface Harness {
  /** Name of the adapter; also of the report. */
  readonly name: string
  /** Options that reach the broker. Called once per connection. */
  target(): ConnectOptions
  /** Reasons for facilities that are absent, shown where a case is skipped for it. */
  readonly without?: Partial<Readonly<Record<Facility, string>>>
  /**
   * Promises this adapter is known to break, by case id, with what is wrong. The cases run all the same: one that fails is reported
   * as skipped with that reason, so that a run shows new defects and the old ones stay in sight.
   */
  readonly defects?: Readonly<Record<string, string>>
  /**
   * Promises that cannot hold for this adapter, by case id, with the reason: what its capabilities declare in words and no single
   * feature stands for. The cases are skipped with it.
   */
  readonly inapplicable?: Readonly<Record<string, string>>
  /**
   * Makes a queue by other means, where the protocol has none (`declare` is unsupported): called for every queue that a case takes from
   * its context. Cases then use it as it is. Queues are deleted by the harness in `stop`.
   * `undefined`: not with these options, whose refusal is to be seen.
   */
  provide?(address: QueueAddress): Promise<void> | undefined
  /** A way to the same broker that can be broken. */
  readonly faults?: Faults
  /**
   * A broker of its own that may be stopped and killed; started on the first call, one for the whole run.
   * It must not be the broker behind `target`, which other suites may use at the same time.
   */
  broker?(): Promise<BrokerControl>
  /** Whether connections may stay open while `broker` restarts. Default true. */
  readonly liveRestart?: boolean
  /** Whether `broker` can be killed. Default true. */
  readonly kill?: boolean
  /** The bare client library, as a second pair of eyes; one for the whole run. */
  witness?(): Promise<Witness>
  /** Options with which another process reaches the same broker: plain JSON. */
  process?(): ConnectOptions
  /** Set where one process at a time may open the broker: what a second one gets instead. */
  readonly processRefusal?: { readonly code: ErrorCode; target(): ConnectOptions }
  /** An address where nobody listens. */
  deadAddress?(): ConnectOptions
  /** The broker with a login that it refuses. */
  wrongLogin?(): ConnectOptions
  /** This adapter towards another port of the loopback interface. */
  otherPort?(port: number): ConnectOptions
  /** Called before the first case. */
  start?(): Promise<void>
  /** Called after the last case. */
  stop?(): Promise<void>
}

/** A way to the broker that can be cut and held. */
export interface Faults {
  /** Options that reach the broker this way. */
  target(): ConnectOptions
  /** Breaks every connection that goes this way, at once; new ones are taken. */
  cut(): Promise<void> | void
  /** Whether `hold` can also silence connections that stay open. Default true. */
  readonly silence?: boolean
  /** Lets no new connection through, nor (see `silence`) anything on those that are open. */
  hold(): Promise<void> | void
  /** Ends `hold`: connections work again. */
  resume(): Promise<void> | void
}

/** A broker that the suite may stop and kill. */
export interface BrokerControl {
  /** Options that reach it. */
  target(): ConnectOptions
  /** Clean stop and start again; resolves when it takes connections. */
  restart(): Promise<void>
  /** Ends it as a crash would (SIGKILL), and starts it again. */
  kill?(): Promise<void>
  /** How long a node must have stood to be there after `kill`, as the capability `declare` says in words. Unit: ms. Default 0. */
  readonly standsAfterMs?: number
  /** Ends it for good and removes its data. */
  stop(): Promise<void>
}

/** A message as a stranger's client sees it. */
export interface WitnessedMessage {
  /** As it came over the wire. */
  readonly body: Uint8Array
  /** The body as the client's own typed value, where the wire has such. */
  readonly value?: unknown
  /** `undefined`: the wire has none. */
  readonly contentType: string | undefined
  /** The application's own, in the client's types. */
  readonly properties: Readonly<Record<string, unknown>>
  /** `undefined`: the wire does not tell. */
  readonly durable: boolean | undefined
}

/** The bare client library at a queue. */
export interface Witness {
  /** Messages waiting, as the broker itself counts them. */
  depth(queue: string): Promise<number>
  /** Takes the oldest message. */
  get(queue: string): Promise<WitnessedMessage | undefined>
  /** Puts a message as a program without this library would. */
  put(queue: string, body: Uint8Array, facts: ForeignFacts): Promise<void>
  /** Ends its own connection. */
  close(): Promise<void>
}

/** What a stranger's message says beside its body. */
export interface ForeignFacts {
  /** Media type of the body. */
  readonly contentType?: string
  /** The application's own. */
  readonly properties?: Readonly<Record<string, string | number | boolean>>
}

/** Why a facility is missing, or `undefined` when it is there. */
export function missing(harness: Harness, facility: Facility): string | undefined {
  if (isThere(harness, facility)) return undefined
  return harness.without?.[facility] ?? `the harness of ${harness.name} does not offer '${facility}'`
}

function isThere(harness: Harness, facility: Facility): boolean {
  switch (facility) {
    case 'silence':
      return harness.faults !== undefined && harness.faults.silence !== false
    case 'liveRestart':
    case 'kill':
      return harness.broker !== undefined && harness[facility] !== false
    default:
      return harness[facility] !== undefined
  }
}
