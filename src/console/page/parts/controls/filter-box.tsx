/** The filter of a view; `/` goes to it, Escape empties it, then leaves it. */
import { useRef } from 'preact/hooks'
import { useKeys } from '../../state/keys.ts'
import { Icon } from '../icon.tsx'

interface FilterBoxProps {
  readonly label: string
  readonly value: string
  readonly placeholder: string
  readonly onValue: (value: string) => void
  /** Enter in the box. */
  readonly onEnter?: () => void
  readonly mono?: boolean
  readonly bad?: boolean
}

export function FilterBox({ label, value, placeholder, onValue, onEnter, mono, bad }: FilterBoxProps) {
  const input = useRef<HTMLInputElement>(null)
  useKeys({
    '/': () => {
      input.current?.focus()
      input.current?.select()
    },
  })
  return (
    <div class={bad ? 'filter bad' : 'filter'} role="search">
      <Icon name="search" />
      <input
        ref={input}
        type="text"
        class={mono ? 'mono' : undefined}
        aria-label={label}
        aria-keyshortcuts="/"
        aria-invalid={bad || undefined}
        placeholder={placeholder}
        value={value}
        spellcheck={false}
        autocomplete="off"
        onInput={(event) => onValue(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') {
            event.preventDefault()
            onEnter?.()
          } else if (event.key === 'Escape') {
            event.preventDefault()
            if (value === '') event.currentTarget.blur()
            else onValue('')
          }
        }}
      />
      <kbd aria-hidden="true">/</kbd>
    </div>
  )
}
