/** Asks a service and shows its answer. */
import { useState } from 'preact/hooks'
import type { ActResult, OutgoingView } from '../../protocol.ts'
import { Button } from '../parts/controls/button.tsx'
import { CommandLine } from '../parts/controls/copy.tsx'
import { Field } from '../parts/controls/field.tsx'
import { Form } from '../parts/controls/form.tsx'
import { isMissing } from '../parts/controls/node-picker.tsx'
import { MessageDetail } from '../parts/message/detail.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { Empty, Loading } from '../parts/problem.tsx'
import { useAct } from '../state/acts.ts'
import { reasonAgainst } from '../state/brokers.ts'
import { mayWrite } from '../state/session.ts'
import { milliseconds } from '../text/figures.ts'
import { EMPTY_DRAFT, messageOf } from './send/draft.ts'
import { MessageForm } from './send/form.tsx'
import { ReadOnly, TargetPicker, useTarget } from './send/target.tsx'

const FIELDS = ['subject', 'contentType', 'priority']

export function Request() {
  const target = useTarget()
  const [draft, setDraft] = useState(EMPTY_DRAFT)
  const [timeout, setTimeoutText] = useState('5000')
  const [answer, setAnswer] = useState<ActResult & { readonly tookMs: number }>()
  const { busy, act } = useAct()
  if (!mayWrite.value) return <ReadOnly purpose="ask a service" />

  const made = messageOf(draft)
  const missing = isMissing(target)
    ? 'Say whom to ask first.'
    : (reasonAgainst(target.broker, 'request') ?? (typeof made === 'string' ? made : undefined))
  const run = async () => {
    if (missing !== undefined || busy) return
    setAnswer(undefined)
    const from = performance.now()
    const result = await act(
      {
        act: 'request',
        broker: target.broker,
        address: target.address.trim(),
        message: made as OutgoingView,
        timeoutMs: Number(timeout) || undefined,
      },
      { quiet: true },
    )
    if (result !== undefined) setAnswer({ ...result, tookMs: performance.now() - from })
  }
  return (
    <div class="scroll">
      <PageHead title="Request" />
      <div class="send">
        <Form class="form" onSubmit={run}>
          <TargetPicker target={target} help="The address of a service." />
          <MessageForm draft={draft} onDraft={setDraft} only={FIELDS} />
          <Field type="number" label="Give up after (ms)" value={timeout} onValue={setTimeoutText} />
          <div class="bar">
            <Button kind="primary" icon="request" submit busy={busy} reason={missing}>
              Ask
            </Button>
          </div>
        </Form>
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
