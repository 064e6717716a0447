/** Dead letters back to where they came from; the engine is `connection.replay()`. */
import type { ReplayReport } from '../../index.ts'
import { chosenLetters } from '../../tools/replay/chosen-letters.ts'
import { type Broker, CALL_MS } from '../brokers/broker.ts'
import { conditionOf, mayLook } from '../messages/looking.ts'
import { lookedAt } from '../nodes/address.ts'
import type { Act } from '../protocol.ts'
import type { Progress } from './tasks.ts'

type ReplayAct = Extract<Act, { readonly act: 'replay' }>

/** Kinds that the words name; the others are counted. */
const MAX_NAMED = 5

/** Resolves to what was done, in words. */
export async function replayed(
  broker: Broker,
  act: ReplayAct,
  bodies: boolean,
  progress: Progress,
): Promise<string> {
  const { address, to, dryRun, limit, disturb } = act
  if (dryRun) mayLook(broker, disturb)
  conditionOf(act.where, bodies)
  const report = await broker.connection.replay(lookedAt(address), {
    where: chosenLetters(act),
    to: to ?? 'origin',
    dryRun,
    limit,
    timeoutMs: CALL_MS,
    signal: progress.signal,
    onProgress({ matched, replayed: gone }) {
      progress.count = dryRun ? matched : gone
    },
  })
  return dryRun
    ? `${report.matched} would go back${kinds(report)}`
    : `${report.replayed} replayed${stayed(report)}`
}

function kinds({ reasons, otherReasons }: ReplayReport): string {
  if (reasons.length === 0) return ''
  const named = reasons
    .slice(0, MAX_NAMED)
    .map(
      ({ reason, origin, count }) =>
        `${count} × ${reason || 'no reason'}${origin === undefined ? '' : ` (${origin})`}`,
    )
  const others = reasons.slice(MAX_NAMED).reduce((sum, { count }) => sum + count, otherReasons)
  return `: ${[...named, ...(others > 0 ? [`${others} others`] : [])].join(', ')}`
}

function stayed({ refused }: ReplayReport): string {
  const parts = refused.map(
    ({ to, error, count }) => `; ${count} stayed: ${to === undefined ? '' : `${to}: `}${error.message}`,
  )
  return parts.slice(0, MAX_NAMED).join('')
}
