/** Dead letters by what they have in common: reason, origin, and the first line of what was thrown. */
import {
  DEAD_LETTER_ERROR,
  DEAD_LETTER_ORIGIN,
  DEAD_LETTER_REASON,
  type ReceivedMessage,
} from '../../index.ts'
import type { Broker } from '../brokers/broker.ts'
import type { DeadLetterGroup, DeadLettersPage, DeadLettersRequest } from '../protocol.ts'
import { lookAt } from './looking.ts'

const MAX_TEXT = 300
const MAX_GROUPS_SHOWN = 500
/** Further kinds are counted as others: what tells apart may be different in every message. */
const MAX_GROUPS = 5_000

export async function deadLetters(
  broker: Broker,
  { address, disturb }: DeadLettersRequest,
  signal: AbortSignal,
): Promise<DeadLettersPage> {
  const groups = new Map<string, { -readonly [K in keyof DeadLetterGroup]: DeadLetterGroup[K] }>()
  let looked = 0
  let others = 0
  for await (const { message } of lookAt(broker, { address, disturb, signal })) {
    looked += 1
    const kind = kindOf(message)
    const key = JSON.stringify(kind)
    const group = groups.get(key)
    if (group) group.count += 1
    else if (kind && groups.size < MAX_GROUPS) groups.set(key, { ...kind, count: 1 })
    else others += 1
  }
  const largest = [...groups.values()].sort((a, b) => b.count - a.count)
  return { groups: largest.slice(0, MAX_GROUPS_SHOWN), looked, others }
}

/** `undefined`: it says no reason, and is no dead letter that anybody could group. */
function kindOf({ properties }: ReceivedMessage): Omit<DeadLetterGroup, 'count'> | undefined {
  const reason = line(properties[DEAD_LETTER_REASON])
  if (reason === undefined) return undefined
  return { reason, origin: line(properties[DEAD_LETTER_ORIGIN]), error: line(properties[DEAD_LETTER_ERROR]) }
}

function line(value: unknown): string | undefined {
  return value === undefined || value === null
    ? undefined
    : String(value).split('\n', 1)[0]!.slice(0, MAX_TEXT)
}
