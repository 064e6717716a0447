/** Sends messages: written here, from a template, or from a file. */
import { useEffect, useState } from 'preact/hooks'
import type { ActResult, OutgoingView } from '../../protocol.ts'
import { Button } from '../parts/controls/button.tsx'
import { CommandLine } from '../parts/controls/copy.tsx'
import { Check } from '../parts/controls/field.tsx'
import { Form } from '../parts/controls/form.tsx'
import { isMissing } from '../parts/controls/node-picker.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { useAct } from '../state/acts.ts'
import { reasonAgainst } from '../state/brokers.ts'
import { nodeLink } from '../state/route.ts'
import { mayWrite } from '../state/session.ts'
import { openedAsTemplate } from '../state/templates.ts'
import { tellProblem } from '../state/toasts.ts'
import { madeWhenMissing } from '../text/address.ts'
import { counted } from '../text/figures.ts'
import { clock } from '../text/times.ts'
import { draftOf, EMPTY_DRAFT, messageOf } from './send/draft.ts'
import { MessageForm } from './send/form.tsx'
import { messagesOfFile } from './send/from-file.ts'
import { ReadOnly, TargetPicker, useTarget } from './send/target.tsx'
import { Templates } from './send/templates.tsx'

interface Sent {
  readonly at: number
  readonly text: string
  readonly command: string
  readonly href: string
}

export function Send() {
  const target = useTarget()
  const [draft, setDraft] = useDraft()
  const [fromFile, setFromFile] = useState<readonly OutgoingView[]>()
  const [sent, setSent] = useState<readonly Sent[]>([])
  const [make, setMake] = useState(false)
  const { busy, act } = useAct()
  if (!mayWrite.value) return <ReadOnly purpose="send" />

  const made = messageOf(draft)
  const problem = typeof made === 'string' && fromFile === undefined ? made : undefined
  const missing = isMissing(target) ? 'Say where to first.' : (reasonAgainst(target.broker) ?? problem)
  const send = async () => {
    if (missing !== undefined) return
    const { broker, address: typed } = target
    const messages = fromFile ?? [made as OutgoingView]
    const address = make ? madeWhenMissing(typed) : typed.trim()
    const result = await act({ act: 'send', broker, address, messages }, { quiet: true })
    if (result === undefined) return
    setSent((before) => [sentOf(result, broker, typed, messages.length), ...before].slice(0, 20))
    setFromFile(undefined)
  }
  const readFile = async (file: File) => {
    const found = await messagesOfFile(file)
    if (found.length === 1) setDraft(draftOf(found[0]!))
    else setFromFile(found)
  }
  return (
    <div class="scroll">
      <PageHead title="Send" />
      <div class="send">
        <Form class="form" onSubmit={send}>
          <TargetPicker target={target} help="A name, @name of the configuration, or an address string." />
          <Check label="Make the queue when it is missing" checked={make} onChecked={setMake} />
          {fromFile === undefined ? (
            <MessageForm draft={draft} onDraft={setDraft} />
          ) : (
            <FromFile count={fromFile.length} onLeave={() => setFromFile(undefined)} />
          )}
          <div class="bar">
            <Button kind="primary" icon="send" submit busy={busy} reason={missing}>
              {fromFile === undefined ? 'Send' : `Send ${counted(fromFile.length, 'message')}`}
            </Button>
            <FileButton onFile={(file) => void readFile(file).catch(tellProblem)} />
          </div>
        </Form>
        <aside aria-label="Templates and what was sent">
          <Templates
            draft={draft}
            onOpen={(message) => {
              setFromFile(undefined)
              setDraft(draftOf(message))
            }}
          />
          <SentList sent={sent} />
        </aside>
      </div>
    </div>
  )
}

/** Begins with the message that was opened as a template. */
function useDraft() {
  const [draft, setDraft] = useState(EMPTY_DRAFT)
  useEffect(() => {
    const opened = openedAsTemplate.peek()
    if (opened !== undefined) setDraft(draftOf(opened))
    openedAsTemplate.value = undefined
  }, [])
  return [draft, setDraft] as const
}

function FromFile({ count, onLeave }: { readonly count: number; readonly onLeave: () => void }) {
  return (
    <p class="note">
      {counted(count, 'message')} from the file.{' '}
      <Button kind="quiet" onPress={onLeave}>
        Write one instead
      </Button>
    </p>
  )
}

function SentList({ sent }: { readonly sent: readonly Sent[] }) {
  return (
    <section class="card" aria-live="polite">
      <h2>Sent</h2>
      {sent.length === 0 ? (
        <p class="soft">What the broker has taken is listed here.</p>
      ) : (
        <ul class="sent">
          {sent.map(({ at, text, command, href }) => (
            <li key={at}>
              <p>
                <span class="soft figures">{clock(at)}</span> {text} <a href={href}>open</a>
              </p>
              <CommandLine command={command} />
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function FileButton({ onFile }: { readonly onFile: (file: File) => void }) {
  return (
    <label class="button">
      <input
        type="file"
        class="sr"
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? []
          if (file !== undefined) onFile(file)
          event.currentTarget.value = ''
        }}
      />
      From a file
    </label>
  )
}

function sentOf({ done, task, command }: ActResult, broker: string, address: string, count: number): Sent {
  const text = done?.text ?? task?.text ?? `${counted(count, 'message')} sent`
  return { at: Date.now(), text, command, href: nodeLink(broker, address.split(/[;/]/)[0]!.trim()) }
}
