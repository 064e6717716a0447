/** Messages as rows: what one needs to find the right one. */
import { useLayoutEffect, useRef } from 'preact/hooks'
import type { MessageView } from '../../../protocol.ts'
import { bytes } from '../../text/figures.ts'
import { ago, exact } from '../../text/times.ts'
import { Visible } from '../visible.tsx'

const COLUMNS = [
  ['#', 'figure'],
  ['Message', undefined],
  ['Subject', 'wide-only'],
  ['Size', 'figure wide-only'],
  ['Age', 'figure'],
] as const

interface MessageListProps {
  readonly messages: readonly MessageView[]
  readonly label: string
  /** Index of the open one, or -1. */
  readonly open: number
  readonly onOpen: (index: number) => void
  /** Ids of the chosen ones; absent: nothing can be chosen. */
  readonly chosen?: ReadonlySet<string>
  readonly onChoose?: (chosen: ReadonlySet<string>) => void
  readonly busy?: boolean
}

export function MessageList({ messages, label, open, onOpen, chosen, onChoose, busy }: MessageListProps) {
  const body = useRef<HTMLTableSectionElement>(null)
  useLayoutEffect(() => {
    body.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' })
  }, [open])
  const ids = messages.flatMap(({ id }) => (id === undefined ? [] : [id]))
  const all = chosen !== undefined && ids.length > 0 && ids.every((id) => chosen.has(id))
  const toggle = (some: readonly string[], on: boolean) => {
    const next = new Set(chosen)
    for (const id of some) on ? next.add(id) : next.delete(id)
    onChoose?.(next)
  }
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Messages">
      <table class={`messages${busy ? ' busy' : ''}`} aria-label={label} aria-busy={busy || undefined}>
        <thead>
          <tr>
            {chosen !== undefined && (
              <th class="tick" scope="col">
                <input
                  type="checkbox"
                  aria-label="Choose all messages of this page"
                  checked={all}
                  onChange={(event) => toggle(ids, event.currentTarget.checked)}
                />
              </th>
            )}
            {COLUMNS.map(([name, style]) => (
              <th key={name} scope="col" class={style}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          {messages.map((message, index) => (
            <Row
              key={message.position}
              message={message}
              open={index === open}
              onOpen={() => onOpen(index)}
              chosen={chosen === undefined ? undefined : message.id !== undefined && chosen.has(message.id)}
              onChosen={(on) => toggle([message.id!], on)}
            />
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface RowProps {
  readonly message: MessageView
  readonly open: boolean
  readonly onOpen: () => void
  /** Absent: nothing can be chosen. */
  readonly chosen: boolean | undefined
  readonly onChosen: (chosen: boolean) => void
}

function Row({ message, open, onOpen, chosen, onChosen }: RowProps) {
  return (
    <tr aria-selected={open} onClick={onOpen}>
      {chosen !== undefined && (
        <td class="tick" onClick={(event) => event.stopPropagation()}>
          {message.id !== undefined && (
            <input
              type="checkbox"
              aria-label={`Choose message ${message.position + 1}`}
              checked={chosen}
              onChange={(event) => onChosen(event.currentTarget.checked)}
            />
          )}
        </td>
      )}
      <td class="figure soft">{message.position + 1}</td>
      <td class="message-cell">
        <button
          type="button"
          class="row-open"
          aria-expanded={open}
          onClick={(event) => {
            event.stopPropagation()
            onOpen()
          }}
        >
          <Visible text={message.id ?? 'without id'} limit={80} />
        </button>
        <Marks message={message} />
        <span class="preview">
          <Preview message={message} />
        </span>
      </td>
      <td class="wide-only subject">
        <Visible text={message.subject ?? ''} limit={80} />
      </td>
      <td class="figure wide-only soft">
        {message.body.bytes === undefined ? '' : bytes(message.body.bytes)}
      </td>
      <td class="figure soft" title={exact(message.createdAt)}>
        {ago(message.createdAt)}
      </td>
    </tr>
  )
}

function Preview({ message }: { readonly message: MessageView }) {
  const { body } = message
  if (body.kind === 'hidden') return <>hidden</>
  if (body.kind === 'damaged') return <>not readable: {body.error?.code}</>
  if (body.kind === 'binary') return <>{body.text.slice(0, 48)}</>
  return <Visible text={body.text.slice(0, 400).replace(/\s+/g, ' ')} limit={160} />
}

function Marks({ message }: { readonly message: MessageView }) {
  const { priority, redelivered, deliveryCount, properties } = message
  return (
    <>
      {priority !== undefined && priority > 4 && <span class="mini">priority {priority}</span>}
      {redelivered === true && (
        <span class="mini warn">{deliveryCount === undefined ? 'again' : `delivery ${deliveryCount}`}</span>
      )}
      {properties['sluice-reason'] !== undefined && <span class="mini bad">dead letter</span>}
    </>
  )
}
