/** Fields of forms: a name above, help and errors below, bound together for screen readers. */
import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'

interface FieldProps {
  readonly label: string
  readonly value: string
  readonly onValue: (value: string) => void
  readonly help?: ComponentChildren
  readonly problem?: string
  readonly placeholder?: string
  readonly type?: 'text' | 'number' | 'password'
  readonly mono?: boolean
  /** Values offered while typing. */
  readonly offers?: readonly string[]
  /** Takes the focus when its dialog opens. */
  readonly first?: boolean
  /** More than one line: how many. */
  readonly rows?: number
  readonly required?: boolean
}

export function Field(props: FieldProps) {
  const {
    label,
    value,
    onValue,
    help,
    problem,
    placeholder,
    type = 'text',
    mono,
    offers,
    first,
    rows,
    required,
  } = props
  const id = useId()
  const about = help === undefined && problem === undefined ? undefined : `${id}-about`
  const shared = {
    id,
    value,
    placeholder,
    required,
    class: mono ? 'input mono' : 'input',
    spellcheck: false,
    autocomplete: 'off' as const,
    'aria-describedby': about,
    'aria-invalid': problem !== undefined || undefined,
    'data-first': first ? '' : undefined,
    onInput: (event: { readonly currentTarget: { readonly value: string } }) =>
      onValue(event.currentTarget.value),
  }
  const kind = offers === undefined ? { type: type as 'text' } : { list: `${id}-offers` }
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {rows === undefined ? <input {...shared} {...kind} /> : <textarea rows={rows} {...shared} />}
      {offers !== undefined && (
        <datalist id={`${id}-offers`}>
          {offers.map((offer) => (
            <option key={offer} value={offer} />
          ))}
        </datalist>
      )}
      {about !== undefined && (
        <p id={about} class={problem === undefined ? 'field-help' : 'field-help bad'}>
          {problem ?? help}
        </p>
      )}
    </div>
  )
}

interface ChoiceProps {
  readonly label: string
  readonly value: string
  readonly choices: readonly (readonly [value: string, text: string])[]
  readonly onValue: (value: string) => void
}

export function Choice({ label, value, choices, onValue }: ChoiceProps) {
  const id = useId()
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} class="input" value={value} onChange={(event) => onValue(event.currentTarget.value)}>
        {choices.map(([choice, text]) => (
          <option key={choice} value={choice}>
            {text}
          </option>
        ))}
      </select>
    </div>
  )
}

interface CheckProps {
  readonly label: string
  readonly checked: boolean
  readonly onChecked: (checked: boolean) => void
}

export function Check({ label, checked, onChecked }: CheckProps) {
  return (
    <label class="check">
      <input type="checkbox" checked={checked} onChange={(event) => onChecked(event.currentTarget.checked)} />
      {label}
    </label>
  )
}

interface RadiosProps extends ChoiceProps {
  /** Why one of the choices cannot be taken. */
  readonly reasons?: Readonly<Record<string, string | undefined>>
}

export function Radios({ label, value, choices, onValue, reasons = {} }: RadiosProps) {
  const name = useId()
  return (
    <fieldset class="radios">
      <legend>{label}</legend>
      {choices.map(([choice, text]) => (
        <label key={choice} data-tip={reasons[choice]}>
          <input
            type="radio"
            name={name}
            value={choice}
            checked={choice === value}
            disabled={reasons[choice] !== undefined}
            onChange={() => onValue(choice)}
          />
          {text}
        </label>
      ))}
    </fieldset>
  )
}
