/** What comes in now: a topic as it is published, or a queue as it fills. */
import { useState } from 'preact/hooks'
import type { NodeDetail } from '../../../protocol.ts'
import { Button } from '../../parts/controls/button.tsx'
import { ConditionBox } from '../../parts/controls/condition-box.tsx'
import { MessageDetail } from '../../parts/message/detail.tsx'
import { MessageList } from '../../parts/message/list.tsx'
import { Empty, Problem } from '../../parts/problem.tsx'
import { Split } from '../../parts/split.tsx'
import { useKeys } from '../../state/keys.ts'
import { type Tap, useTap } from '../../state/live/tap.ts'
import { conditionOf } from '../../text/condition.ts'
import { whole } from '../../text/figures.ts'

interface TapViewProps {
  readonly node: NodeDetail
  /** Back to the pages of a queue. */
  readonly onLeave?: () => void
}

export function TapView({ node, onLeave }: TapViewProps) {
  const tap = useTap(node.broker, node.address, true)
  const [openAt, setOpenAt] = useState<number>()
  const numbered = tap.messages
  const open = numbered.findIndex(({ position }) => position === openAt)
  const show = (index: number) => setOpenAt(numbered[index]?.position)
  useKeys({
    j: () => show(Math.min(numbered.length - 1, open + 1)),
    k: () => show(Math.max(0, open - 1)),
    p: () => tap.pause(!tap.paused),
    Escape: () => (openAt === undefined ? onLeave?.() : setOpenAt(undefined)),
  })
  const message = numbered[open]
  return (
    <Split
      detail={
        message !== undefined && <MessageDetail message={message} onClose={() => setOpenAt(undefined)} />
      }
    >
      <TapBar tap={tap} onLeave={onLeave} />
      <TapFigures tap={tap} />
      {tap.ended?.error !== undefined && <Problem problem={tap.ended.error} />}
      {numbered.length === 0 ? (
        <Empty icon="topic" title={tap.on ? 'Listening' : 'The tap has ended'}>
          {tap.on &&
            (node.type !== 'queue'
              ? 'What is published from now on appears here. Nobody else gets less for it.'
              : 'What arrives in the queue from now on appears here, and stays in the queue.')}
        </Empty>
      ) : (
        <MessageList
          label={`Messages of ${node.name}, newest first`}
          messages={numbered}
          open={open}
          onOpen={show}
        />
      )}
    </Split>
  )
}

function TapBar({ tap, onLeave }: { readonly tap: Tap } & Pick<TapViewProps, 'onLeave'>) {
  const [typed, setTyped] = useState('')
  return (
    <div class="bar">
      <ConditionBox value={typed} onValue={setTyped} onEnter={tap.start} />
      {tap.on ? (
        <Button
          icon={tap.paused ? 'play' : 'pause'}
          pressed={tap.paused}
          keys="p"
          onPress={() => tap.pause(!tap.paused)}
        >
          {tap.paused ? 'Go on' : 'Pause'}
        </Button>
      ) : (
        <Button icon="play" onPress={() => tap.start(conditionOf(typed))}>
          Start
        </Button>
      )}
      <Button kind="quiet" onPress={tap.clear}>
        Clear
      </Button>
      {onLeave !== undefined && (
        <Button kind="quiet" icon="left" onPress={onLeave}>
          Pages
        </Button>
      )}
    </div>
  )
}

function TapFigures({ tap: { on, paused, seen, leftOut, passed } }: { readonly tap: Tap }) {
  return (
    <p class="tap-figures figures" role="status" aria-live="off">
      <span class={on && !paused ? 'live on' : 'live'}>{paused ? 'paused' : on ? 'live' : 'ended'}</span>
      <span>{whole(seen)} came</span>
      {leftOut > 0 && <span class="warn">{whole(leftOut)} left out: they came too fast to show</span>}
      {passed > 0 && <span>{whole(passed)} passed while paused</span>}
    </p>
  )
}
