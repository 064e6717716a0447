/** Two messages with the same id that are not the same: field by field, then each body. */
import type { ComparePage, MessageView } from '../../../protocol.ts'
import { Button } from '../../parts/controls/button.tsx'
import { Body } from '../../parts/message/body.tsx'
import { fieldsOf } from '../../parts/message/detail.tsx'
import { Value } from '../../parts/message/facts.tsx'
import { Visible } from '../../parts/visible.tsx'

interface DifferencesProps {
  readonly pair: ComparePage['different'][number]
  readonly onClose: () => void
}

export function Differences({ pair: { left, right, fields }, onClose }: DifferencesProps) {
  const shown = fields.filter((field) => field !== 'body')
  return (
    <article class="detail" aria-label="Differences">
      <header class="detail-head">
        <div class="detail-title">
          <h2>
            <Visible text={left.id ?? right.id ?? 'Message'} limit={120} />
          </h2>
          <p class="soft">differs in {fields.join(', ')}</p>
        </div>
        <Button kind="quiet" icon="close" label="Close the message" keys="Escape" onPress={onClose} />
      </header>
      {shown.length > 0 && (
        <table class="plain" aria-label="Fields that differ">
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">Left</th>
              <th scope="col">Right</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((field) => (
              <tr key={field}>
                <th scope="row">
                  <Visible text={field} />
                </th>
                <td>
                  <Side value={fieldOf(left, field)} />
                </td>
                <td>
                  <Side value={fieldOf(right, field)} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {fields.includes('body') && (
        <div class="bodies">
          <Body body={left.body} />
          <Body body={right.body} />
        </div>
      )}
    </article>
  )
}

function Side({ value }: { readonly value: unknown }) {
  return value === undefined ? <span class="soft">not there</span> : <Value value={value} />
}

function fieldOf(message: MessageView, field: string): unknown {
  const property = /^properties\.(.*)$/s.exec(field)?.[1]
  if (property !== undefined)
    return Object.hasOwn(message.properties, property) ? message.properties[property] : undefined
  if (field === 'properties') return message.properties
  return fieldsOf(message).find(({ name }) => name === field)?.value
}
