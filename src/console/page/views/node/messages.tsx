/** The waiting messages of a queue, page by page, with the one that is open beside them. */
import { useEffect, useState } from 'preact/hooks'
import type { NodeDetail } from '../../../protocol.ts'
import { Button } from '../../parts/controls/button.tsx'
import { ConditionBox } from '../../parts/controls/condition-box.tsx'
import { Icon } from '../../parts/icon.tsx'
import { MessageDetail } from '../../parts/message/detail.tsx'
import { MessageList } from '../../parts/message/list.tsx'
import { useOpenRow } from '../../parts/message/open-row.ts'
import { Empty, Loading, Problem } from '../../parts/problem.tsx'
import { Split } from '../../parts/split.tsx'
import { levelOf } from '../../state/brokers.ts'
import { type Browsing, useBrowse } from '../../state/browse.ts'
import { useKeys } from '../../state/keys.ts'
import { mayWrite } from '../../state/session.ts'
import { conditionOf } from '../../text/condition.ts'
import { counted, whole } from '../../text/figures.ts'
import { ChosenActs } from './chosen-acts.tsx'
import { MessageActs } from './message-acts.tsx'
import { TapView } from './tap.tsx'
import { Unlookable } from './unlookable.tsx'

export function Messages({ node }: { readonly node: NodeDetail }) {
  const [following, setFollowing] = useState(false)
  const follow = levelOf(node.broker, 'browseFollow')
  if (following) return <TapView node={node} onLeave={() => setFollowing(false)} />
  return <Pages node={node} onFollow={follow === 'native' ? () => setFollowing(true) : undefined} />
}

function Pages({ node, onFollow }: { readonly node: NodeDetail; readonly onFollow?: () => void }) {
  const browsing = useBrowse(node)
  const { page, problem, busy } = browsing
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const messages = page?.messages ?? []
  const [open, setOpen] = useOpenRow(messages.length)
  useEffect(() => {
    setOpen(-1)
    setChosen(new Set())
  }, [page])

  useKeys({
    x: () => {
      const id = messages[open]?.id
      if (id === undefined || !mayWrite.peek()) return
      const next = new Set(chosen)
      if (!next.delete(id)) next.add(id)
      setChosen(next)
    },
  })

  if (node.browse.level === 'unsupported') return <Unlookable node={node} />
  const message = messages[open]
  return (
    <Split
      detail={
        message !== undefined && (
          <MessageDetail message={message} onClose={() => setOpen(-1)}>
            <MessageActs node={node} message={message} />
          </MessageDetail>
        )
      }
    >
      <SearchBar browsing={browsing} onFollow={onFollow} />
      {problem !== undefined && <Problem problem={problem} />}
      {chosen.size > 0 && <ChosenActs node={node} chosen={[...chosen]} onDone={() => setChosen(new Set())} />}
      {page === undefined ? (
        <BeforeTheFirst node={node} browsing={browsing} />
      ) : messages.length === 0 ? (
        <NoMessage browsing={browsing} />
      ) : (
        <MessageList
          label={`Messages of ${node.name}`}
          messages={messages}
          open={open}
          onOpen={setOpen}
          busy={busy}
          {...(mayWrite.value && { chosen, onChoose: setChosen })}
        />
      )}
      {page !== undefined && <Pager browsing={browsing} depth={node.depth} />}
    </Split>
  )
}

interface SearchBarProps {
  readonly browsing: Browsing
  readonly onFollow: (() => void) | undefined
}

function SearchBar({ browsing, onFollow }: SearchBarProps) {
  const { page, problem, busy } = browsing
  const [typed, setTyped] = useState('')
  const condition = conditionOf(typed)
  const name = page === undefined ? 'Look' : condition === browsing.where ? 'Refresh' : 'Search'
  return (
    <div class="bar">
      <ConditionBox
        value={typed}
        onValue={setTyped}
        onEnter={browsing.first}
        bad={problem?.code === 'ADDRESS_OPTION_INVALID' || problem?.code === 'REQUEST_INVALID'}
      />
      <Button
        icon={busy ? 'stop' : 'refresh'}
        onPress={() => (busy ? browsing.stop() : browsing.first(condition))}
      >
        {busy ? 'Stop' : name}
      </Button>
      {onFollow !== undefined && (
        <Button kind="quiet" icon="play" onPress={onFollow}>
          Follow
        </Button>
      )}
    </div>
  )
}

function BeforeTheFirst({ node, browsing }: { readonly node: NodeDetail; readonly browsing: Browsing }) {
  if (browsing.busy) return <Loading what="messages" />
  if (node.browse.level === 'native') return null
  return (
    <div class="disturb">
      <Icon name="warning" />
      <div>
        <p class="empty-title">Looking disturbs this queue</p>
        <p class="soft">{node.browse.reason}</p>
        <p class="soft">So it happens only when you ask, and you are asked each time.</p>
        <Button icon="eye" onPress={() => browsing.first()}>
          Look at the messages
        </Button>
      </div>
    </div>
  )
}

function NoMessage({ browsing }: { readonly browsing: Browsing }) {
  const { where, page, skip } = browsing
  if (where !== '') {
    return (
      <Empty icon="search" title={`None of ${counted(page?.looked ?? 0, 'message')} matches`}>
        {page?.next === undefined ? <code>{where}</code> : 'The search goes on with the next page.'}
      </Empty>
    )
  }
  return (
    <Empty icon="queue" title={skip === 0 ? 'No message waits here' : 'This is the end'}>
      {skip === 0 && 'What is sent to this queue and not yet taken appears here.'}
    </Empty>
  )
}

function Pager({ browsing, depth }: { readonly browsing: Browsing; readonly depth: number | undefined }) {
  const { page, skip, busy } = browsing
  return (
    <div class="pager">
      <span class="soft figures" role="status">
        {seenText(browsing, depth)}
      </span>
      <Button
        icon="left"
        label="Page before"
        reason={skip === 0 ? 'This is the first page.' : undefined}
        busy={busy}
        onPress={browsing.previous}
      />
      <Button
        icon="right"
        label="Next page"
        reason={page?.next === undefined ? 'This is the last page.' : undefined}
        busy={busy}
        onPress={browsing.next}
      />
    </div>
  )
}

function seenText({ page, where }: Browsing, depth: number | undefined): string {
  const messages = page?.messages ?? []
  if (where !== '') return `${whole(messages.length)} found in ${whole(page?.looked)} looked at`
  const first = messages[0]
  const last = messages.at(-1)
  if (first === undefined || last === undefined) return ''
  return `${whole(first.position + 1)} – ${whole(last.position + 1)}${depth === undefined ? '' : ` of ${whole(depth)}`}`
}
