/** A form that acts by itself: the browser sends nothing. */
import type { ComponentChildren } from 'preact'

interface FormProps {
  readonly children: ComponentChildren
  readonly class?: string
  readonly onSubmit: () => unknown
}

export function Form({ children, class: style, onSubmit }: FormProps) {
  return (
    <form
      class={style}
      onSubmit={(event) => {
        event.preventDefault()
        onSubmit()
      }}
    >
      {children}
    </form>
  )
}
