/** The state of a broker: a dot, and the word beside or behind it. */
import type { BrokerView } from '../../protocol.ts'
import { stateWord } from '../state/brokers.ts'

const TONES = {
  connected: 'good',
  connecting: 'busy',
  reconnecting: 'busy',
  closed: 'off',
  failed: 'bad',
} as const

export function StateDot({ state }: { readonly state: BrokerView['state'] }) {
  return <span class={`dot ${TONES[state]}`} role="img" aria-label={stateWord(state)} />
}

export function StateBadge({ state }: { readonly state: BrokerView['state'] }) {
  return (
    <span class={`badge ${TONES[state]}`}>
      <span class={`dot ${TONES[state]}`} aria-hidden="true" />
      {stateWord(state)}
    </span>
  )
}
