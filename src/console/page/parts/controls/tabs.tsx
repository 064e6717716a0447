/** Tabs that are places: links, so that each can be opened beside, kept and sent. */
import type { ComponentChildren } from 'preact'

export interface Tab {
  readonly id: string
  readonly text: ComponentChildren
  readonly href: string
}

export function Tabs({
  label,
  tabs,
  current,
}: {
  readonly label: string
  readonly tabs: readonly Tab[]
  readonly current: string
}) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map(({ id, text, href }) => (
        <a key={id} href={href} aria-current={id === current ? 'page' : undefined}>
          {text}
        </a>
      ))}
    </nav>
  )
}
