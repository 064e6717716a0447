/** Templates kept in this browser. */
import { useState } from 'preact/hooks'
import type { OutgoingView } from '../../../protocol.ts'
import { Button } from '../../parts/controls/button.tsx'
import { Field } from '../../parts/controls/field.tsx'
import { Form } from '../../parts/controls/form.tsx'
import { Visible } from '../../parts/visible.tsx'
import { dropTemplate, keepTemplate, templates } from '../../state/templates.ts'
import { type Draft, messageOf } from './draft.ts'

interface TemplatesProps {
  readonly draft: Draft
  readonly onOpen: (message: OutgoingView) => void
}

export function Templates({ draft, onOpen }: TemplatesProps) {
  const [name, setName] = useState('')
  const message = messageOf(draft)
  const missing =
    typeof message === 'string' ? message : name.trim() === '' ? 'Give it a name first.' : undefined
  const keep = () => {
    if (missing !== undefined || typeof message === 'string') return
    keepTemplate({ name: name.trim(), message })
    setName('')
  }
  return (
    <section class="card">
      <h2>Templates</h2>
      {templates.value.length === 0 && (
        <p class="soft">Keep a message under a name to send it again. Templates stay in this browser.</p>
      )}
      <ul class="templates">
        {templates.value.map((template) => (
          <li key={template.name}>
            <button type="button" class="row-open" onClick={() => onOpen(template.message)}>
              <Visible text={template.name} limit={80} />
            </button>
            <Button
              kind="quiet"
              icon="trash"
              label={`Forget the template ${template.name}`}
              onPress={() => dropTemplate(template)}
            />
          </li>
        ))}
      </ul>
      <Form class="template-form" onSubmit={keep}>
        <Field label="Name of the template" value={name} onValue={setName} />
        <Button submit reason={missing}>
          Keep
        </Button>
      </Form>
    </section>
  )
}
