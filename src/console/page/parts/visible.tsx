/** Text of strangers: always text nodes, with escapes for what cannot be seen. */
import { visibleParts } from '../text/visible.ts'

const LONGEST = 64 * 1024

interface VisibleProps {
  readonly text: string
  /** Line feeds and tabs stay as they are. */
  readonly layout?: boolean
  /** Characters shown at most. */
  readonly limit?: number
}

export function Visible({ text, layout = false, limit = LONGEST }: VisibleProps) {
  const shown = text.length > limit ? `${text.slice(0, limit)}…` : text
  return (
    <bdi>
      {visibleParts(shown, layout).map(({ text, escaped }) =>
        escaped ? <span class="escape">{text}</span> : text,
      )}
    </bdi>
  )
}

/** Text of ours that may quote a command between backticks. */
export function Prose({ text }: { readonly text: string }) {
  return (
    <>
      {text.split('`').map((part, index) =>
        index % 2 === 1 ? (
          <code>
            <Visible text={part} />
          </code>
        ) : (
          <Visible text={part} />
        ),
      )}
    </>
  )
}
