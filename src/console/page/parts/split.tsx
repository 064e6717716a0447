/** A list with the details of one beside it; on a narrow screen the details lie over the list. */
import type { ComponentChildren } from 'preact'

export function Split({
  children,
  detail,
}: {
  readonly children: ComponentChildren
  readonly detail?: ComponentChildren
}) {
  return (
    <div class={detail === undefined ? 'split' : 'split open'}>
      <div class="split-list">{children}</div>
      {detail !== undefined && (
        <aside class="split-detail" aria-label="Details">
          {detail}
        </aside>
      )}
    </div>
  )
}
