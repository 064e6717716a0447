/** Dead letters back to where they came from. */
import type { Broker } from '../brokers/broker.ts'
import { Refused } from '../errors.ts'
import type { Act } from '../protocol.ts'
import type { Progress } from './tasks.ts'

export async function replayed(
  _broker: Broker,
  _act: Extract<Act, { act: 'replay' }>,
  _bodies: boolean,
  _progress: Progress,
): Promise<string> {
  throw new Refused(501, 'NOT_SUPPORTED', 'Replay is on its way')
}
