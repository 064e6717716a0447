/** What went wrong, calmly: words, code, what to do. And places where there is nothing, which say what to do as well. */
import type { ComponentChildren } from 'preact'
import type { ApiError } from '../../protocol.ts'
import { Icon, type IconName } from './icon.tsx'
import { Prose, Visible } from './visible.tsx'

export function Problem({
  problem,
  children,
}: {
  readonly problem: ApiError
  readonly children?: ComponentChildren
}) {
  return (
    <div class="problem" role="alert">
      <Icon name="warning" />
      <div>
        <p>
          <Visible text={problem.message} /> <code class="code">{problem.code}</code>
        </p>
        {problem.hint !== undefined && (
          <p class="soft">
            <Prose text={problem.hint} />
          </p>
        )}
        {children}
      </div>
    </div>
  )
}

interface EmptyProps {
  readonly icon: IconName
  readonly title: string
  readonly children?: ComponentChildren
}

export function Empty({ icon, title, children }: EmptyProps) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <p class="empty-title">{title}</p>
      {children !== undefined && <div class="soft">{children}</div>}
    </div>
  )
}

export function Loading({ what }: { readonly what: string }) {
  return (
    <div class="loading" role="status">
      <span class="spinner" aria-hidden="true" />
      Reading {what} …
    </div>
  )
}
