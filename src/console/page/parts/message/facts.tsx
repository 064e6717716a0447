/** Names and values side by side: fields, properties, annotations, settings. */
import type { ComponentChildren } from 'preact'
import { CopyButton } from '../controls/copy.tsx'
import { Visible } from '../visible.tsx'

export interface Fact {
  readonly name: string
  readonly value: unknown
  /** Shown in place of the value as text. */
  readonly shown?: ComponentChildren
}

export function Facts({
  title,
  facts,
  children,
}: {
  readonly title: string
  readonly facts: readonly Fact[]
  readonly children?: ComponentChildren
}) {
  if (facts.length === 0) return null
  return (
    <section class="facts" aria-label={title}>
      <header>
        <h2 class="part">{title}</h2>
        {children}
      </header>
      <dl>
        {facts.map(({ name, value, shown }) => (
          <div key={name}>
            <dt>
              <Visible text={name} limit={200} />
            </dt>
            <dd>
              {shown ?? <Value value={value} />}
              <CopyButton text={plain(value)} label={`Copy ${name}`} />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

/** A value of a property or a setting; what is not a plain value is shown as JSON. */
export function Value({ value }: { readonly value: unknown }) {
  if (value === null || value === undefined) return <span class="json-word">{String(value)}</span>
  if (typeof value === 'string') return <Visible text={value} layout limit={4000} />
  if (typeof value === 'object')
    return (
      <code class="value-json">
        <Visible text={plain(value)} layout limit={4000} />
      </code>
    )
  return <span class={typeof value === 'number' ? 'json-number' : 'json-word'}>{String(value)}</span>
}

export function plain(value: unknown): string {
  if (typeof value === 'string') return value
  return value !== null && typeof value === 'object' ? JSON.stringify(value, null, 2) : String(value)
}

/** Entries of a record, whatever their names are. */
export function factsOf(record: Readonly<Record<string, unknown>>): Fact[] {
  return Object.entries(record).map(([name, value]) => ({ name, value }))
}
