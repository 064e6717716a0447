/** A broker and an address, with the names of its nodes and of the configuration offered while typing. */
import { useEffect, useState } from 'preact/hooks'
import { brokerNames, isConnected } from '../../state/brokers.ts'
import { findNodes } from '../../state/nodes.ts'
import { session } from '../../state/session.ts'
import { Choice, Field } from './field.tsx'

const OFFERED = 30
const PAUSE_MS = 150

export interface Picked {
  readonly broker: string
  readonly address: string
}

/** One of the two is still to be said. */
export function isMissing({ broker, address }: Picked): boolean {
  return broker === '' || address.trim() === ''
}

interface NodePickerProps {
  readonly label: string
  readonly value: Picked
  readonly onValue: (value: Picked) => void
  readonly help?: string
  readonly first?: boolean
}

export function NodePicker({ label, value, onValue, help, first }: NodePickerProps) {
  const { broker, address } = value
  const offers = useOffers(broker, address)
  return (
    <div class="picker" role="group" aria-label={label}>
      <Choice
        label={`${label}: broker`}
        value={broker}
        onValue={(broker) => onValue({ broker, address })}
        choices={withChosen(brokerNames.value, broker)}
      />
      <Field
        mono
        label={`${label}: address`}
        value={address}
        onValue={(address) => onValue({ broker, address })}
        offers={offers}
        placeholder="orders"
        help={help}
        first={first}
      />
    </div>
  )
}

function withChosen(names: readonly string[], chosen: string): readonly (readonly [string, string])[] {
  const choices = names.map((name) => [name, name] as const)
  return chosen === '' || !names.includes(chosen)
    ? [[chosen, chosen === '' ? 'choose' : chosen], ...choices]
    : choices
}

/** Named addresses as `@name`, then nodes whose name holds what was typed. */
function useOffers(broker: string, typed: string): readonly string[] {
  const [nodes, setNodes] = useState<readonly string[]>([])
  useEffect(() => {
    if (broker === '' || !isConnected(broker)) return setNodes([])
    let left = false
    const timer = setTimeout(() => {
      findNodes(broker, typed, OFFERED).then(
        (found) => left || setNodes(found.map(({ address }) => address)),
        () => {},
      )
    }, PAUSE_MS)
    return () => {
      left = true
      clearTimeout(timer)
    }
  }, [broker, typed])
  const named = Object.keys(session.value?.addresses ?? {}).map((name) => `@${name}`)
  return [...named, ...nodes]
}
