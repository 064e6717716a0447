/** One node: its figures, what can be done with it, and its tabs. */
import type { NodeDetail } from '../../protocol.ts'
import { Tabs } from '../parts/controls/tabs.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { Loading, Problem } from '../parts/problem.tsx'
import { Visible } from '../parts/visible.tsx'
import { brokerOf } from '../state/brokers.ts'
import { useDetail } from '../state/detail.ts'
import { useKeys } from '../state/keys.ts'
import { go, link, nodeLink } from '../state/route.ts'
import { rate, whole } from '../text/figures.ts'
import { NodeActs } from './node/acts.tsx'
import { NodeCharts } from './node/charts.tsx'
import { DeadLetters } from './node/dead-letters.tsx'
import { Messages } from './node/messages.tsx'
import { NodeSettings } from './node/settings.tsx'
import { TapView } from './node/tap.tsx'

const QUEUE_TABS = [
  ['messages', 'Messages'],
  ['dead-letters', 'Dead letters'],
  ['charts', 'Charts'],
  ['settings', 'Settings'],
] as const
/** A multicast hands each message to a member of its list: there is nothing to tap. */
const MULTICAST_TABS = [['settings', 'Settings']] as const
const TOPIC_TABS = [
  ['tap', 'Tap'],
  ['settings', 'Settings'],
] as const

interface NodeProps {
  readonly broker: string
  readonly address: string
  readonly tab: string | undefined
}

export function Node({ broker, address, tab }: NodeProps) {
  const { detail, problem } = useDetail(broker, address)
  useKeys({ Escape: () => go(link(['nodes', broker])) })
  const tabs = tabsOf(detail?.type)
  const current = tabs.find(([id]) => id === tab)?.[0] ?? tabs[0][0]
  const away = brokerOf(broker)
  return (
    <div class="fill">
      <PageHead
        title={detail?.name ?? address}
        above={[
          ['Brokers', link([])],
          [broker, link(['nodes', broker])],
        ]}
        facts={detail !== undefined && <Figures detail={detail} />}
      >
        {detail !== undefined && <NodeActs node={detail} />}
      </PageHead>
      {away !== undefined && away.state !== 'connected' && away.error !== undefined && (
        <Problem problem={away.error} />
      )}
      {problem !== undefined && <Problem problem={problem} />}
      {detail === undefined ? (
        problem === undefined && <Loading what="the node" />
      ) : (
        <>
          <Tabs
            label={`Views of ${address}`}
            current={current}
            tabs={tabs.map(([id, text]) => ({ id, text, href: nodeLink(broker, address, id) }))}
          />
          <TabOf id={current} detail={detail} />
        </>
      )}
    </div>
  )
}

function tabsOf(type: NodeDetail['type'] = 'queue') {
  if (type === 'queue') return QUEUE_TABS
  return type === 'multicast' ? MULTICAST_TABS : TOPIC_TABS
}

function TabOf({ id, detail }: { readonly id: string; readonly detail: NodeDetail }) {
  switch (id) {
    case 'tap':
      return <TapView node={detail} />
    case 'dead-letters':
      return <DeadLetters node={detail} />
    case 'charts':
      return <NodeCharts node={detail} />
    case 'settings':
      return <NodeSettings node={detail} />
    default:
      return <Messages node={detail} />
  }
}

function Figures({ detail }: { readonly detail: NodeDetail }) {
  return (
    <>
      <span class="badge">{detail.type}</span>
      {detail.type === 'queue' && (
        <span>
          <strong>{whole(detail.depth)}</strong> waiting
        </span>
      )}
      {detail.receivers !== undefined && (
        <span>
          <strong>{whole(detail.receivers)}</strong> receiver{detail.receivers === 1 ? '' : 's'}
        </span>
      )}
      {detail.type === 'queue' && detail.rate !== undefined && <span>{rate(detail.rate)}</span>}
      {detail.address !== detail.name && (
        <code class="soft">
          <Visible text={detail.address} limit={160} />
        </code>
      )}
    </>
  )
}
