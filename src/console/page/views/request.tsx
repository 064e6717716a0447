/** Asks a service and shows its answer. */
import { useEffect, useState } from 'preact/hooks'
import type { ActResult, OutgoingView } from '../../protocol.ts'
import { Button } from '../parts/controls/button.tsx'
import { CommandLine } from '../parts/controls/copy.tsx'
import { Field } from '../parts/controls/field.tsx'
import { NodePicker } from '../parts/controls/node-picker.tsx'
import { MessageDetail } from '../parts/message/detail.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { Empty, Loading } from '../parts/problem.tsx'
import { perform } from '../state/acts.ts'
import { reasonAgainst } from '../state/brokers.ts'
import { useKeys } from '../state/keys.ts'
import { showNodes } from '../state/nodes.ts'
import { go, link, remember, route } from '../state/route.ts'
import { mayWrite } from '../state/session.ts'
import { milliseconds } from '../text/figures.ts'
import { EMPTY_DRAFT, messageOf } from './send/draft.ts'
import { MessageForm } from './send/form.tsx'

const FIELDS = ['subject', 'contentType', 'priority']

export function Request() {
  const { query } = route.value
  const target = { broker: query.get('broker') ?? '', address: query.get('address') ?? '' }
  const [draft, setDraft] = useState(EMPTY_DRAFT)
  const [timeout, setTimeoutText] = useState('5000')
  const [answer, setAnswer] = useState<ActResult & { readonly tookMs: number }>()
  const [busy, setBusy] = useState(false)
  useEffect(() => showNodes([], {}), [])
  useKeys({ Escape: () => go(link([])) })
  if (!mayWrite.value)
    return (
      <Empty icon="lock" title="This console is read-only">
        Start it with --write to ask a service.
      </Empty>
    )

  const made = messageOf(draft)
  const missing =
    target.broker === '' || target.address.trim() === ''
      ? 'Say whom to ask first.'
      : (reasonAgainst(target.broker, 'request') ?? (typeof made === 'string' ? made : undefined))
  const run = async () => {
    if (missing !== undefined || busy) return
    setBusy(true)
    setAnswer(undefined)
    const from = performance.now()
    const result = await perform(
      {
        act: 'request',
        broker: target.broker,
        address: target.address.trim(),
        message: made as OutgoingView,
        timeoutMs: Number(timeout) || undefined,
      },
      { quiet: true },
    )
    setBusy(false)
    if (result !== undefined) setAnswer({ ...result, tookMs: performance.now() - from })
  }
  return (
    <div class="scroll">
      <PageHead title="Request" />
      <div class="send">
        <form
          class="form"
          onSubmit={(event) => {
            event.preventDefault()
            void run()
          }}
        >
          <NodePicker
            label="To"
            value={target}
            onValue={({ broker, address }) => remember({ broker, address })}
            help="The address of a service."
          />
          <MessageForm draft={draft} onDraft={setDraft} only={FIELDS} />
          <Field type="number" label="Give up after (ms)" value={timeout} onValue={setTimeoutText} />
          <div class="bar">
            <Button kind="primary" icon="request" submit busy={busy} reason={missing}>
              Ask
            </Button>
          </div>
        </form>
        <aside aria-label="Answer" aria-live="polite">
          {busy && <Loading what="the answer" />}
          {answer === undefined ? (
            !busy && <Empty icon="request" title="The answer appears here" />
          ) : (
            <>
              <p class="soft figures">answered after {milliseconds(answer.tookMs)}</p>
              {answer.done?.answer !== undefined && <MessageDetail message={answer.done.answer} />}
              <CommandLine command={answer.command} />
            </>
          )}
        </aside>
      </div>
    </div>
  )
}
