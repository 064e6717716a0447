/** The box for a condition on messages. */
import { conditionOf, PLACEHOLDER } from '../../text/condition.ts'
import { FilterBox } from './filter-box.tsx'

interface ConditionBoxProps {
  readonly value: string
  readonly onValue: (value: string) => void
  /** Enter in the box: the condition that was typed. */
  readonly onEnter: (condition: string) => void
  readonly bad?: boolean
}

export function ConditionBox({ value, onEnter, ...box }: ConditionBoxProps) {
  return (
    <FilterBox
      mono
      label="Condition on messages"
      placeholder={PLACEHOLDER}
      value={value}
      onEnter={() => onEnter(conditionOf(value))}
      {...box}
    />
  )
}
