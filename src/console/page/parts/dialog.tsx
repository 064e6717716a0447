/** A dialog over the page: the browser keeps the focus inside and closes it with Escape. */
import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { Button, type ButtonProps } from './controls/button.tsx'

interface DialogProps {
  readonly title: string
  readonly children: ComponentChildren
  /** The button that acts, last at the foot. */
  readonly action?: Pick<ButtonProps, 'children' | 'kind' | 'busy' | 'reason'>
  /** Buttons at the foot, where there are others than that one and Cancel. */
  readonly foot?: ComponentChildren
  readonly wide?: boolean
  readonly onClose: () => void
  readonly onSubmit?: () => void
}

export function Dialog({ title, children, action, foot, wide = false, onClose, onSubmit }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  useEffect(() => {
    const element = dialog.current!
    const before = document.activeElement
    element.showModal()
    element.querySelector<HTMLElement>('[data-first]')?.focus()
    return () => {
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])
  return (
    <dialog
      ref={dialog}
      class={wide ? 'dialog wide' : 'dialog'}
      aria-labelledby={titleId}
      onClose={onClose}
      onCancel={onClose}
      onMouseDown={(event) => event.target === dialog.current && onClose()}
    >
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault()
          onSubmit?.()
        }}
      >
        <header>
          <h2 id={titleId}>{title}</h2>
          <Button kind="quiet" icon="close" label="Close" onPress={onClose} />
        </header>
        <div class="dialog-body">{children}</div>
        {foot !== undefined && <footer>{foot}</footer>}
        {action !== undefined && (
          <footer>
            <Button onPress={onClose}>Cancel</Button>
            <Button kind="primary" submit {...action} />
          </footer>
        )}
      </form>
    </dialog>
  )
}
