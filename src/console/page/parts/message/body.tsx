/** A body: laid out where it is JSON, as it is where it is text, as a dump where it is bytes. Only ever text nodes. */
import { useState } from 'preact/hooks'
import type { BodyView } from '../../../protocol.ts'
import { bytes } from '../../text/figures.ts'
import { hexDump } from '../../text/hex-dump.ts'
import { jsonTokens } from '../../text/json-tokens.ts'
import { Problem } from '../problem.tsx'
import { Visible } from '../visible.tsx'

const KINDS = {
  text: 'text',
  json: 'JSON',
  binary: 'bytes',
  damaged: 'not readable',
  hidden: 'hidden',
} as const

export function Body({ body }: { readonly body: BodyView }) {
  const [raw, setRaw] = useState(false)
  const size = body.bytes === undefined ? '' : ` · ${bytes(body.bytes)}`
  return (
    <section class="body" aria-label="Body">
      <header>
        <h2 class="part">Body</h2>
        <span class="soft">
          {KINDS[body.kind]}
          {size}
        </span>
        {body.kind === 'json' && (
          <button type="button" class="toggle" aria-pressed={raw} onClick={() => setRaw(!raw)}>
            As sent
          </button>
        )}
      </header>
      {body.error !== undefined && <Problem problem={body.error} />}
      {body.kind === 'hidden' ? (
        <p class="soft">The console was started with --no-bodies: bodies do not leave it.</p>
      ) : (
        <pre tabIndex={0} aria-label="Content of the body">
          <Content body={body} raw={raw} />
        </pre>
      )}
      {body.truncated && (
        <p class="note">
          This is the first part. The download has all of it{size === '' ? '' : ` (${bytes(body.bytes)})`}.
        </p>
      )}
    </section>
  )
}

function Content({ body, raw }: { readonly body: BodyView; readonly raw: boolean }) {
  if (body.text === '') return <span class="soft">empty</span>
  if (body.kind === 'binary') return <>{hexDump(body.text)}</>
  if (body.kind === 'json' && !raw) return <Json text={body.text} />
  return <Visible text={body.text} layout />
}

export function Json({ text }: { readonly text: string }) {
  return (
    <>
      {jsonTokens(text).map(({ kind, text }) =>
        kind === 'mark' ? (
          text
        ) : (
          <span class={`json-${kind}`}>
            <Visible text={text} />
          </span>
        ),
      )}
    </>
  )
}
