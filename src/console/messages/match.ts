/** Which messages of two queues are the same: by id, then by a hash of the body. */
import { createHash } from 'node:crypto'
import type { ReceivedMessage } from '../../index.ts'
import { jsonable } from '../../tools/message/jsonable.ts'

/** What is kept of a message: about 150 bytes. */
export interface Digest {
  readonly position: number
  /** Empty: it has none. */
  readonly id: string
  readonly body: string
  readonly fields: string
}

export interface Pair {
  readonly left: Digest
  readonly right: Digest
}

interface Match {
  readonly same: number
  readonly different: readonly Pair[]
  readonly onlyLeft: readonly Digest[]
  readonly onlyRight: readonly Digest[]
}

/** The fields that are compared. The time to live runs; ids are matched. */
const FIELDS = [
  'subject',
  'contentType',
  'correlationId',
  'replyTo',
  'priority',
  'durable',
  'userId',
  'groupId',
] as const

export function digestOf(message: ReceivedMessage, position: number): Digest {
  return {
    position,
    id: message.id,
    body: hash(message.bytes),
    fields: hash(JSON.stringify([...FIELDS.map((name) => message[name] ?? null), sortedProperties(message)])),
  }
}

/** Names of what differs between two messages of a pair. */
export function differencesOf(left: ReceivedMessage, right: ReceivedMessage): string[] {
  const names: string[] = FIELDS.filter((name) => left[name] !== right[name])
  if (sortedProperties(left) !== sortedProperties(right)) names.push('properties')
  if (hash(left.bytes) !== hash(right.bytes)) names.push('body')
  return names
}

export function match(left: readonly Digest[], right: readonly Digest[]): Match {
  const byId = pairs(left, right, ({ id }) => (id === '' ? undefined : id))
  const byBody = pairs(byId.left, byId.right, ({ body }) => body)
  const all = [...byId.pairs, ...byBody.pairs]
  const different = all.filter(
    (pair) => pair.left.body !== pair.right.body || pair.left.fields !== pair.right.fields,
  )
  return {
    same: all.length - different.length,
    different,
    onlyLeft: byBody.left,
    onlyRight: byBody.right,
  }
}

/** Each left one with the first right one of the same key that is free; and what is left over. */
function pairs(
  left: readonly Digest[],
  right: readonly Digest[],
  keyOf: (digest: Digest) => string | undefined,
): { readonly pairs: Pair[]; readonly left: Digest[]; readonly right: Digest[] } {
  const free = new Map<string, Digest[]>()
  for (const digest of [...right].reverse()) {
    const key = keyOf(digest)
    if (key === undefined) continue
    const others = free.get(key)
    if (others) others.push(digest)
    else free.set(key, [digest])
  }
  const found: Pair[] = []
  const taken = new Set<Digest>()
  const alone: Digest[] = []
  for (const digest of left) {
    const key = keyOf(digest)
    const other = key === undefined ? undefined : free.get(key)?.pop()
    if (other) {
      found.push({ left: digest, right: other })
      taken.add(other)
    } else alone.push(digest)
  }
  return { pairs: found, left: alone, right: right.filter((digest) => !taken.has(digest)) }
}

function sortedProperties({ properties }: ReceivedMessage): string {
  const entries = Object.entries(properties).map(([name, value]) => [name, jsonable(value)] as const)
  return JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function hash(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('base64url').slice(0, 22)
}
