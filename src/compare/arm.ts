/**
 * An arm: one way to do a workload on one broker. The same runner drives all of them, so that no arm has measuring code
 * of its own; an arm only sends, receives and says with which settings.
 */
import type { Tier } from '../index.ts'
import type { Workload } from './workload.ts'

/** What an arm tells of an arrival. */
export interface Arrival {
  /** Which copy of the stream: 0 for competing receivers, the subscriber's or member's number otherwise. */
  readonly track: number
  /** Which receiver of the track. */
  readonly receiver: number
  readonly body: Uint8Array
  readonly redelivered: boolean
}

export interface ArmEvents {
  arrived(arrival: Arrival): void
  /** Something that makes the run worthless. */
  failed(error: Error): void
}

/** A workload set up on a broker. */
export interface ArmRun {
  /** What was really negotiated, for the settings table. */
  readonly settings: Readonly<Record<string, string | number | boolean>>
  readonly tier: Tier
  /**
   * Sends one message and settles when it is confirmed at the strength of `settings`. Concurrent calls are pipelined; the
   * runner bounds them. Request/response: settles with the answer.
   */
  send(sequence: number, body: Buffer): Promise<unknown>
  /** Attaches the receivers, where the workload wants them after the messages (store-and-forward). */
  attachReceivers(): Promise<void>
  /** Looks at everything that waits, once; each message is an arrival. */
  browse?(): Promise<void>
  /** Ends links and deletes every node made. */
  close(): Promise<void>
}

export interface Arm {
  /** `sluice` or the package under test: `amqplib`, `rhea`, … */
  readonly library: string
  /** `sluice`: through this library; `bare`: the client library alone; `peer`: another wrapper. */
  readonly kind: 'sluice' | 'bare' | 'peer'
  /** Name of the adapter whose broker it runs on. */
  readonly adapter: string
  /** The URL without its password. */
  readonly broker: string
  /** Patterns it can do. */
  readonly patterns: readonly Workload['pattern'][]
  open(workload: Workload, events: ArmEvents): Promise<ArmRun>
}

/** How many copies of the stream a workload makes. */
export function tracksOf({ pattern, receivers }: Workload): number {
  return pattern === 'fan-out' || pattern === 'multicast' || pattern === 'topic' ? receivers : 1
}

/** Subjects of the topic workload: each fits the pattern of every subscriber and of no bystander. */
export function subjectOf(sequence: number): string {
  return `bench.${sequence % 7}.eu`
}

export const SUBSCRIBER_PATTERN = 'bench.*.eu'

export function bystanderPattern(index: number): string {
  return `other.${index}.*`
}

/** Application properties of the header workload: the same kinds of value on every arm. */
export function headersOf(count: number): Record<string, string | number | boolean> | undefined {
  if (count === 0) return undefined
  const headers: Record<string, string | number | boolean> = {}
  for (let at = 0; at < count; at++)
    headers[`header-${at}`] = at % 3 === 0 ? `value ${at}` : at % 3 === 1 ? at * 1000 : at % 2 === 0
  return headers
}
