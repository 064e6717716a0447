/** The head of a view: where one is, what it is called, what can be done. */
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { visible } from '../text/visible.ts'
import { Visible } from './visible.tsx'

interface PageHeadProps {
  readonly title: string
  /** Links to the places above, outermost first. */
  readonly above?: readonly (readonly [text: string, href: string])[]
  /** Figures and words beside the title. */
  readonly facts?: ComponentChildren
  /** Buttons. */
  readonly children?: ComponentChildren
}

export function PageHead({ title, above = [], facts, children }: PageHeadProps) {
  useEffect(() => {
    document.title = `${visible(title)} · Sluice console`
  }, [title])
  return (
    <header class="page-head">
      <div class="page-title">
        {above.length > 0 && (
          <nav class="above" aria-label="Where this is">
            {above.map(([text, href]) => (
              <a key={href} href={href}>
                <Visible text={text} limit={80} />
              </a>
            ))}
          </nav>
        )}
        <h1>
          <Visible text={title} limit={200} />
        </h1>
        {facts !== undefined && <div class="page-facts">{facts}</div>}
      </div>
      {children !== undefined && <div class="bar">{children}</div>}
    </header>
  )
}
