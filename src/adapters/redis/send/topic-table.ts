/**
 * What a topic keeps messages for: its named subscriptions and bound queues with their patterns, as the server had them at
 * some version. A publish tells the version it was matched with; the server refuses an old one and sends the new table.
 */
import { compilePattern, type Matcher } from '../../../core/pattern.ts'
import { recordIn } from '../nodes/topology.ts'

interface Target {
  /** Base key of the subscription or queue. */
  readonly base: string
  readonly matchers: readonly Matcher[]
}

/** Subjects whose targets are remembered. */
const MAX_REMEMBERED = 1_000
const NO_TARGETS: readonly number[] = []

export class TopicTable {
  version = ''
  targets: readonly Target[] = []
  #remembered = new Map<string, readonly number[]>()

  /** `reply`: fields and values of the topic's hash of targets. */
  update(version: string, reply: readonly Buffer[]): void {
    const targets: Target[] = []
    for (let at = 0; at + 1 < reply.length; at += 2) {
      const entry = parseEntry(reply[at + 1]!)
      if (entry === undefined) continue
      targets.push({
        base: reply[at]!.toString(),
        matchers: entry.patterns.map((pattern) => compilePattern(pattern)),
      })
    }
    this.version = version
    this.targets = targets
    this.#remembered = new Map()
  }

  /** Indexes of the targets that take this subject. */
  match(subject: string): readonly number[] {
    if (this.targets.length === 0) return NO_TARGETS
    let found = this.#remembered.get(subject)
    if (found === undefined) {
      found = this.targets.flatMap(({ matchers }, index) =>
        matchers.some((fits) => fits(subject)) ? [index] : [],
      )
      if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear()
      this.#remembered.set(subject, found)
    }
    return found
  }
}

/** An entry of the table: `{"name":"archive","patterns":["#"]}`, or with `queue` for a bound queue. */
export interface TableEntry {
  readonly name?: string
  readonly queue?: string
  readonly patterns: readonly string[]
}

/** `undefined`: another program wrote it there, and nothing is kept for it. */
export function parseEntry(value: Buffer): TableEntry | undefined {
  const entry = recordIn(value.toString())
  const { patterns } = entry
  if (!Array.isArray(patterns) || !patterns.every((pattern) => typeof pattern === 'string')) return undefined
  return entry as unknown as TableEntry
}
