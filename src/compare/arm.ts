/**
 * An arm: one way to do a workload on one broker. The same runner drives all of them, so that no arm has measuring code
 * of its own; an arm only sends, receives and says with which settings.
 */
import type { Tier } from '../index.ts'
import type { Workload } from './load/workload.ts'

/** How an arm talks back. */
export interface ArmEvents {
  /**
   * A message came. Must be called before it is accepted.
   *
   * @param track which copy of the stream: 0 for competing receivers, the subscriber's or member's number otherwise
   * @param receiver which receiver of the track
   */
  arrived(body: Uint8Array, redelivered: boolean, track: number, receiver: number): void
  /** Something that makes the run worthless. */
  failed(error: Error): void
  /** Something that belongs on the time line: `disconnected`, `reconnected` … */
  noted(what: string): void
}

/** What an arm is to set up. */
export interface Plan {
  readonly workload: Workload
  /** Name of the node, and beginning of the names of any further ones. */
  readonly name: string
  /** `both`: one process does everything. Otherwise the receiving side makes the nodes and deletes them. */
  readonly role: 'both' | 'send' | 'receive'
  /** What the receiving side's run had to tell the sending side. */
  readonly meetingPoint?: string
}

export type Settings = Readonly<Record<string, string | number | boolean>>

/** A workload set up on a broker. */
export interface ArmRun {
  /** What was really negotiated, for the settings table. */
  readonly settings: Settings
  readonly tier: Tier
  /** Told to the sending side when that is a process of its own. */
  readonly meetingPoint?: string
  /**
   * Sends one message and settles when it is confirmed at the strength of `settings`. Concurrent calls are pipelined; the
   * runner bounds them. Request/response: settles with the answer. `sender`: which of the workload's senders.
   */
  send(sequence: number, body: Buffer, sender: number): Promise<unknown>
  /** Attaches the receivers, where the workload wants them after the messages (store-and-forward). */
  attachReceivers(): Promise<void>
  /** Looks at everything that waits, once; each message is an arrival. */
  browse?(): Promise<void>
  /** Ends links and deletes every node made; rejects when one could not be deleted. */
  close(): Promise<void>
}

export interface Arm {
  /** `sluice` or the package under test: `amqplib`, `rhea`, … */
  readonly library: string
  /** `sluice`: through this library; `bare`: the client library alone; `peer`: another wrapper. */
  readonly kind: 'sluice' | 'bare' | 'peer'
  /** Name of the adapter whose broker it runs on. */
  readonly adapter: string
  /** Holds the password; never part of a report. */
  readonly url: string
  /** Patterns it can do. */
  readonly patterns: readonly Workload['pattern'][]
  open(plan: Plan, events: ArmEvents): Promise<ArmRun>
  /** Deletes what a run left that could not do it itself, over a connection of its own. */
  sweep(plan: Plan): Promise<void>
}

/** Whether a message goes to all who listen now, instead of waiting in a queue. */
export function isLive({ pattern }: Workload): boolean {
  return pattern === 'fan-out' || pattern === 'topic'
}

/** How many copies of the stream a workload makes. */
export function tracksOf(workload: Workload): number {
  return isLive(workload) || workload.pattern === 'multicast' ? workload.receivers : 1
}

/** Subjects of the topic workload: each fits the pattern of every subscriber and of no bystander. */
export function subjectOf(sequence: number): string {
  return `bench.${sequence % 7}.eu`
}

export const SUBSCRIBER_PATTERN = 'bench.*.eu'

/** Most links that bystanders attach (Broker-J allows a connection 256); where there are more of them, a link has several of their patterns. */
const MOST_BYSTANDER_LINKS = 200

/** Patterns of all kinds in no order, the same in every run; none of them fits a subject of {@link subjectOf}. */
const BYSTANDERS: readonly ((index: number) => string)[] = [
  (index) => `other.${index}.*`,
  (index) => `*.${index + 7}.eu`,
  (index) => `bench.${index + 7}.#`,
  (index) => `#.not-${index}`,
  (index) => `*.*.x${index}`,
  (index) => `bench.*.eu.${index}`,
  (index) => `bench.#.${index + 7}.*`,
]

/** Patterns of each link. */
export function bystanderPatterns(count: number): string[][] {
  const links: string[][] = Array.from({ length: Math.min(count, MOST_BYSTANDER_LINKS) }, () => [])
  for (let index = 0; index < count; index++) {
    const kind = (Math.imul(index + 1, 0x9e3779b1) >>> 8) % BYSTANDERS.length
    links[index % links.length]!.push(BYSTANDERS[kind]!(index))
  }
  return links
}

/** Application properties of the header workload: the same kinds of value on every arm. */
export function headersOf(count: number): Record<string, string | number | boolean> | undefined {
  if (count === 0) return undefined
  const headers: Record<string, string | number | boolean> = {}
  for (let at = 0; at < count; at++)
    headers[`header-${at}`] = at % 3 === 0 ? `value ${at}` : at % 3 === 1 ? at * 1000 : at % 2 === 0
  return headers
}
