/** The outcome of a comparison: four figures that choose what the list shows. */
import { useState } from 'preact/hooks'
import type { ComparePage, MessageView } from '../../../protocol.ts'
import { Button } from '../../parts/controls/button.tsx'
import type { Picked } from '../../parts/controls/node-picker.tsx'
import { MessageDetail } from '../../parts/message/detail.tsx'
import { MessageList } from '../../parts/message/list.tsx'
import { useOpenRow } from '../../parts/message/open-row.ts'
import { Empty } from '../../parts/problem.tsx'
import { Split } from '../../parts/split.tsx'
import { perform } from '../../state/acts.ts'
import { mayWrite } from '../../state/session.ts'
import { counted, whole } from '../../text/figures.ts'
import { Differences } from './differences.tsx'

type Part = 'onlyLeft' | 'onlyRight' | 'different'

interface ComparisonProps {
  readonly page: ComparePage
  readonly left: Picked
  readonly right: Picked
}

export function Comparison({ page, left, right }: ComparisonProps) {
  const { counts, cut } = page
  const [part, setPart] = useState<Part>(
    counts.onlyLeft > 0 ? 'onlyLeft' : counts.onlyRight > 0 ? 'onlyRight' : 'different',
  )
  const messages = part === 'different' ? page.different.map(({ left }) => left) : page[part]
  const [open, setOpen] = useOpenRow(messages.length)
  const choose = (part: Part) => {
    setPart(part)
    setOpen(-1)
  }
  const alike = counts.onlyLeft + counts.onlyRight + counts.different === 0
  return (
    <>
      <Tiles page={page} left={left} right={right} part={part} onPart={choose} />
      {cut && (
        <p class="note">
          More was there than the console keeps in memory: the figures are of what was looked at.
        </p>
      )}
      {alike ? (
        <Empty icon="check" title="Both hold the same messages" />
      ) : messages.length === 0 ? (
        <Empty icon="check" title="None of these" />
      ) : (
        <Split
          detail={
            <Opened page={page} part={part} messages={messages} open={open} onClose={() => setOpen(-1)} />
          }
        >
          {mayWrite.value && part !== 'different' && (
            <CopyOver
              messages={messages}
              whole={counts[part]}
              from={part === 'onlyLeft' ? left : right}
              to={part === 'onlyLeft' ? right : left}
            />
          )}
          <MessageList label="Messages" messages={messages} open={open} onOpen={setOpen} />
        </Split>
      )}
    </>
  )
}

interface TilesProps extends ComparisonProps {
  readonly part: Part
  readonly onPart: (part: Part) => void
}

function Tiles({ page: { counts, same }, left, right, part, onPart }: TilesProps) {
  const tiles: readonly (readonly [Part, string])[] = [
    ['onlyLeft', `only left (${left.broker})`],
    ['onlyRight', `only right (${right.broker})`],
    ['different', 'different'],
  ]
  return (
    <div class="tiles" role="group" aria-label="Outcome">
      <div class="tile">
        <strong class="good">{whole(same)}</strong>
        <span>the same on both</span>
      </div>
      {tiles.map(([name, text]) => (
        <button
          key={name}
          type="button"
          class="tile"
          aria-pressed={part === name}
          onClick={() => onPart(name)}
        >
          <strong class={counts[name] > 0 ? 'warn' : undefined}>{whole(counts[name])}</strong>
          <span>{text}</span>
        </button>
      ))}
    </div>
  )
}

function Opened({
  page,
  part,
  messages,
  open,
  onClose,
}: {
  readonly page: ComparePage
  readonly part: Part
  readonly messages: readonly MessageView[]
  readonly open: number
  readonly onClose: () => void
}) {
  const message = messages[open]
  if (message === undefined) return <p class="hint soft">Open a message to see it here.</p>
  if (part !== 'different') return <MessageDetail message={message} onClose={onClose} />
  return <Differences pair={page.different[open]!} onClose={onClose} />
}

function CopyOver({
  messages,
  whole: all,
  from,
  to,
}: {
  readonly messages: readonly MessageView[]
  readonly whole: number
  readonly from: Picked
  readonly to: Picked
}) {
  const ids = messages.flatMap(({ id }) => (id === undefined ? [] : [id]))
  if (ids.length === 0) return null
  return (
    <div class="bar">
      <Button icon="copy" onPress={() => void perform({ act: 'copy', from, to, ids, disturb: true })}>
        Copy {counted(ids.length, 'message')} to {to.broker}
      </Button>
      {all > messages.length && (
        <span class="soft">
          the first {whole(messages.length)} of {whole(all)}
        </span>
      )}
    </div>
  )
}
