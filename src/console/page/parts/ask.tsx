/** Questions that wait for an answer: a warning before something that disturbs, and a name to type before much is lost. */
import { signal } from '@preact/signals'
import { useState } from 'preact/hooks'
import type { NodeDetail } from '../../protocol.ts'
import { Field } from './controls/field.tsx'
import { Dialog } from './dialog.tsx'
import { Visible } from './visible.tsx'

export interface Question {
  readonly title: string
  readonly text: string
  readonly action: string
  readonly danger?: boolean
  /** Has to be typed before the action is possible. */
  readonly name?: string
}

const asked = signal<(Question & { readonly answer: (yes: boolean) => void }) | undefined>(undefined)

/** Resolves to whether the user wants it. */
export function ask(question: Question): Promise<boolean> {
  asked.peek()?.answer(false)
  return new Promise((resolve) => {
    asked.value = {
      ...question,
      answer: (yes) => {
        asked.value = undefined
        resolve(yes)
      },
    }
  })
}

/** Whether looking at the waiting messages of a node disturbs those who receive them. */
export function disturbs({ browse }: NodeDetail): boolean {
  return browse.level === 'emulated'
}

/** Whether to look at them: asked each time anew where looking disturbs. */
export async function mayLook(node: NodeDetail): Promise<boolean> {
  return !disturbs(node) || askToDisturb(node.address, node.browse.reason)
}

/** Asks before looking where looking disturbs; each time anew. */
export function askToDisturb(address: string, reason: string | undefined): Promise<boolean> {
  return ask({
    title: `Looking disturbs ${address}`,
    text: reason ?? 'This broker can only show messages by taking them and giving them back.',
    action: 'Look anyway',
  })
}

export function Asked() {
  const question = asked.value
  return question === undefined ? null : <QuestionDialog key={question.title} {...question} />
}

function QuestionDialog({ title, text, action, danger, name, answer }: NonNullable<typeof asked.value>) {
  const [typed, setTyped] = useState('')
  const ready = name === undefined || typed === name
  return (
    <Dialog
      title={title}
      onClose={() => answer(false)}
      onSubmit={() => ready && answer(true)}
      action={{
        children: action,
        kind: danger ? 'danger' : 'primary',
        reason: ready ? undefined : 'Type the name first.',
      }}
    >
      <p>
        <Visible text={text} layout />
      </p>
      {name !== undefined && (
        <Field first mono label={`Type “${name}” to go on`} value={typed} onValue={setTyped} />
      )}
    </Dialog>
  )
}

/** Asks for the name of the node that an act changes, because the server wants it typed. */
export function askForName(node: string, why: string): Promise<boolean> {
  return ask({ title: `Are you sure about ${node}?`, text: why, action: 'Go on', danger: true, name: node })
}
