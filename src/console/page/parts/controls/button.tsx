/** Buttons. One that cannot be used now stays reachable and says why. */
import type { ComponentChildren } from 'preact'
import { visible } from '../../text/visible.ts'
import { Icon, type IconName } from '../icon.tsx'

export interface ButtonProps {
  readonly children?: ComponentChildren
  /** Spoken name where there is only an icon; also its tip. */
  readonly label?: string
  readonly icon?: IconName
  readonly kind?: 'plain' | 'primary' | 'danger' | 'quiet'
  /** Why it cannot be used now. */
  readonly reason?: string
  readonly busy?: boolean
  readonly pressed?: boolean
  readonly expanded?: boolean
  readonly keys?: string
  readonly submit?: boolean
  readonly onPress?: (event: MouseEvent) => void
}

export function Button(props: ButtonProps) {
  const { children, label, icon, kind = 'plain', reason, busy = false, keys, submit, onPress } = props
  const off = reason !== undefined || busy
  const spoken = label === undefined ? undefined : visible(label)
  const why = reason === undefined ? undefined : visible(reason)
  const tip = why ?? (spoken === undefined || keys === undefined ? spoken : `${spoken} (${keys})`)
  return (
    <button
      type={submit ? 'submit' : 'button'}
      class={`button ${kind}${children === undefined ? ' square' : ''}`}
      aria-label={spoken}
      aria-disabled={off || undefined}
      aria-busy={busy || undefined}
      aria-pressed={props.pressed}
      aria-expanded={props.expanded}
      aria-description={why}
      aria-keyshortcuts={keys?.length === 1 ? keys : undefined}
      data-tip={tip}
      onClick={(event) => {
        if (off) event.preventDefault()
        else onPress?.(event)
      }}
    >
      {icon !== undefined && <Icon name={icon} />}
      {children !== undefined && <span>{children}</span>}
    </button>
  )
}

/** A link that looks like a button. */
export function LinkButton({
  href,
  icon,
  kind = 'plain',
  children,
}: ButtonProps & { readonly href: string }) {
  return (
    <a class={`button ${kind}`} href={href}>
      {icon !== undefined && <Icon name={icon} />}
      <span>{children}</span>
    </a>
  )
}
