/** A list with the details of one beside it; on a narrow screen the details lie over the list. */
import type { ComponentChildren } from 'preact'

interface SplitProps {
  readonly children: ComponentChildren
  /** `false`: nothing is open. */
  readonly detail: ComponentChildren
}

export function Split({ children, detail }: SplitProps) {
  const open = detail !== undefined && detail !== false
  return (
    <div class={open ? 'split open' : 'split'}>
      <div class="split-list">{children}</div>
      {open && (
        <aside class="split-detail" aria-label="Details">
          {detail}
        </aside>
      )}
    </div>
  )
}
