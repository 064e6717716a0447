/** The fields of a message. */
import { Button } from '../../parts/controls/button.tsx'
import { Field } from '../../parts/controls/field.tsx'
import { type Draft, type DraftProperty, FIELDS, jsonProblem } from './draft.ts'

interface MessageFormProps {
  readonly draft: Draft
  readonly onDraft: (draft: Draft) => void
  /** Fields that make sense here; absent: all. */
  readonly only?: readonly string[]
}

const KINDS = [
  ['json', 'JSON'],
  ['text', 'Text'],
  ['base64', 'Bytes (base64)'],
] as const

export function MessageForm({ draft, onDraft, only }: MessageFormProps) {
  const { kind, body, fields, properties } = draft
  const problem = kind === 'json' && body !== '' ? jsonProblem(body) : undefined
  return (
    <>
      <div class="segments" role="group" aria-label="Kind of body">
        {KINDS.map(([name, text]) => (
          <button
            key={name}
            type="button"
            aria-pressed={kind === name}
            onClick={() => onDraft({ ...draft, kind: name })}
          >
            {text}
          </button>
        ))}
      </div>
      <Field
        mono
        label="Body"
        rows={10}
        value={body}
        onValue={(body) => onDraft({ ...draft, body })}
        problem={problem}
        placeholder={kind === 'json' ? '{ "id": 7 }' : undefined}
      />
      <div class="field-grid">
        {FIELDS.filter(([name]) => only === undefined || only.includes(name)).map(
          ([name, text, number, placeholder]) => (
            <Field
              key={name}
              label={text}
              type={number ? 'number' : 'text'}
              value={fields[name] ?? ''}
              placeholder={placeholder}
              onValue={(value) => onDraft({ ...draft, fields: { ...fields, [name]: value } })}
            />
          ),
        )}
      </div>
      <Properties properties={properties} onProperties={(properties) => onDraft({ ...draft, properties })} />
    </>
  )
}

function Properties({
  properties,
  onProperties,
}: {
  readonly properties: readonly DraftProperty[]
  readonly onProperties: (properties: readonly DraftProperty[]) => void
}) {
  const change = (index: number, part: Partial<DraftProperty>) =>
    onProperties(properties.map((one, at) => (at === index ? { ...one, ...part } : one)))
  return (
    <fieldset class="properties">
      <legend>Properties</legend>
      {properties.map(({ name, type, value }, index) => (
        <div key={index} class="property">
          <input
            class="input mono"
            aria-label={`Name of property ${index + 1}`}
            placeholder="name"
            value={name}
            onInput={(event) => change(index, { name: event.currentTarget.value })}
          />
          <select
            class="input"
            aria-label={`Type of property ${index + 1}`}
            value={type}
            onChange={(event) => change(index, { type: event.currentTarget.value as DraftProperty['type'] })}
          >
            <option>text</option>
            <option>number</option>
            <option>true or false</option>
          </select>
          <input
            class="input mono"
            aria-label={`Value of property ${index + 1}`}
            placeholder="value"
            value={value}
            onInput={(event) => change(index, { value: event.currentTarget.value })}
          />
          <Button
            kind="quiet"
            icon="close"
            label={`Remove property ${index + 1}`}
            onPress={() => onProperties(properties.filter((_, at) => at !== index))}
          />
        </div>
      ))}
      <Button
        kind="quiet"
        icon="plus"
        onPress={() => onProperties([...properties, { name: '', type: 'text', value: '' }])}
      >
        Add a property
      </Button>
    </fieldset>
  )
}
