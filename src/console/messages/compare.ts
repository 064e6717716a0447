/**
 * Two nodes side by side, on any two brokers. Each is read once for what tells its messages apart, and once more for the messages that
 * are shown: neither is ever held as a whole.
 */
import type { Broker } from '../brokers/broker.ts'
import type { ComparePage, CompareRequest, MessageView } from '../protocol.ts'
import { lookAt, type Seen } from './looking.ts'
import { type Digest, differencesOf, digestOf, match } from './match.ts'
import { Viewer } from './view.ts'

/** Of each list. */
const MAX_SHOWN = 500
/** Of each node; about 30 MB. */
const MAX_COMPARED = 200_000

interface Side {
  readonly broker: Broker
  readonly address: string
}

export async function compareNodes(
  left: Side,
  right: Side,
  { disturb }: Pick<CompareRequest, 'disturb'>,
  bodies: boolean,
  signal: AbortSignal,
): Promise<ComparePage> {
  const [lefts, rights] = [await digests(left, disturb, signal), await digests(right, disturb, signal)]
  const { same, different, onlyLeft, onlyRight } = match(lefts.digests, rights.digests)
  const pairs = different.slice(0, MAX_SHOWN)
  const lefty = [...onlyLeft.slice(0, MAX_SHOWN), ...pairs.map((pair) => pair.left)]
  const righty = [...onlyRight.slice(0, MAX_SHOWN), ...pairs.map((pair) => pair.right)]
  const viewer = new Viewer(bodies)
  const leftShown = await shown(left, lefty, viewer, disturb, signal)
  const rightShown = await shown(right, righty, viewer, disturb, signal)
  return {
    same,
    onlyLeft: views(onlyLeft, leftShown),
    onlyRight: views(onlyRight, rightShown),
    different: pairs.flatMap((pair) => {
      const [a, b] = [leftShown.get(pair.left), rightShown.get(pair.right)]
      // What was taken meanwhile is not there to be shown.
      return a && b ? [{ left: a.view, right: b.view, fields: differencesOf(a.facts, b.facts) }] : []
    }),
    counts: { onlyLeft: onlyLeft.length, onlyRight: onlyRight.length, different: different.length },
    cut: lefts.cut || rights.cut,
  }
}

async function digests(
  { broker, address }: Side,
  disturb: boolean | undefined,
  signal: AbortSignal,
): Promise<{ readonly digests: Digest[]; readonly cut: boolean }> {
  const found: Digest[] = []
  for await (const { message, position } of lookAt(broker, { address, disturb, signal })) {
    if (found.length >= MAX_COMPARED) return { digests: found, cut: true }
    found.push(digestOf(message, position))
  }
  return { digests: found, cut: false }
}

interface ShownMessage {
  readonly view: MessageView
  /** For the names of what differs. */
  readonly facts: Seen
}

/** By place at first; the queue may have moved on since, so that it is the digest that counts. */
async function shown(
  { broker, address }: Side,
  wanted: readonly Digest[],
  viewer: Viewer,
  disturb: boolean | undefined,
  signal: AbortSignal,
): Promise<ReadonlyMap<Digest, ShownMessage>> {
  const found = new Map<Digest, ShownMessage>()
  const keyOf = ({ id, body, fields }: Digest): string => `${id}\0${body}\0${fields}`
  const byKey = new Map<string, Digest[]>()
  for (const digest of [...wanted].reverse())
    byKey.set(keyOf(digest), [...(byKey.get(keyOf(digest)) ?? []), digest])
  if (wanted.length === 0) return found
  for await (const { message, position } of lookAt(broker, { address, disturb, signal })) {
    const digest = byKey.get(keyOf(digestOf(message, position)))?.pop()
    if (digest) found.set(digest, { view: viewer.view(message, position), facts: message })
    if (found.size === wanted.length) break
  }
  return found
}

function views(wanted: readonly Digest[], found: ReadonlyMap<Digest, ShownMessage>): MessageView[] {
  return wanted.slice(0, MAX_SHOWN).flatMap((digest) => found.get(digest)?.view ?? [])
}
