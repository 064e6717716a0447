/** The nodes of one broker, all of them, or the first of each broker. */
import { useEffect, useState } from 'preact/hooks'
import type { ApiError, NodesWindow, NodeView } from '../../protocol.ts'
import { Button, LinkButton } from '../parts/controls/button.tsx'
import { FilterBox } from '../parts/controls/filter-box.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { Empty, Loading, Problem } from '../parts/problem.tsx'
import { StateBadge } from '../parts/state.tsx'
import { VirtualList } from '../parts/virtual-list.tsx'
import { brokerNames, brokerOf, reasonAgainst } from '../state/brokers.ts'
import { useKeys } from '../state/keys.ts'
import { nodesOf, showNodes } from '../state/nodes.ts'
import { go, link, nodeLink, remember, route } from '../state/route.ts'
import { mayWrite } from '../state/session.ts'
import { counted, whole } from '../text/figures.ts'
import { DeclareDialog } from './nodes/declare.tsx'
import { OpenByAddress } from './nodes/open-by-address.tsx'
import { NodeRow, NodesHead, ROW_HEIGHT } from './nodes/row.tsx'

const OF_EACH = 100
const CHUNK = 100
const WINDOW = 300

type Sort = NonNullable<NodesWindow['sort']>

export function Nodes({ broker }: { readonly broker: string | undefined }) {
  const { query } = route.value
  const filter = query.get('filter') ?? ''
  const sort = (query.get('sort') ?? 'name') as Sort
  const type = (query.get('type') ?? undefined) as NodesWindow['type']
  const names = broker === undefined ? brokerNames.value : [broker]
  const [from, setFrom] = useState(0)
  useWindow(names, { filter: filter === '' ? undefined : filter, type, sort }, from)
  const rows = rowsOf(names, sort)
  const [active, setActive] = useActive(rows, filter)
  useEffect(() => setActive(-1), [filter, sort, type])

  const lists = names.map((name) => ({ name, ...nodesOf(name) }))
  const total = lists.reduce((sum, list) => sum + list.total, 0)
  const view = broker === undefined ? undefined : brokerOf(broker)
  return (
    <div class="fill">
      {broker === undefined ? (
        <PageHead title="Nodes" facts={<span>{counted(total, 'node')}</span>} />
      ) : (
        <BrokerHead broker={broker} total={total} />
      )}
      <div class="bar">
        <FilterBox
          label="Filter nodes by name"
          placeholder="Part of a name, or * for anything"
          value={filter}
          onValue={(value) => remember({ filter: value })}
          onEnter={() => setActive(0)}
        />
        <Types value={type} />
      </div>
      {view?.error !== undefined && view.state !== 'connected' && <Problem problem={view.error} />}
      {lists.map(({ name, problem, unlisted }) => (
        <Troubles key={name} broker={name} problem={problem} unlisted={unlisted} />
      ))}
      {rows.length === 0 ? (
        <None filter={filter} loading={lists.some((list) => list.loading && list.problem === undefined)} />
      ) : (
        <VirtualList
          label="Nodes"
          rows={rows}
          rowHeight={ROW_HEIGHT}
          active={active}
          total={total}
          onSeen={setFrom}
          head={
            <NodesHead sort={sort} onSort={(sort) => remember({ sort })} brokers={broker === undefined} />
          }
        >
          {(node, index) => (
            <NodeRow
              key={index}
              node={node}
              active={index === active}
              brokers={broker === undefined}
              index={index}
            />
          )}
        </VirtualList>
      )}
      {names.length > 1 && <More lists={lists} filter={filter} />}
    </div>
  )
}

/** The row that keys go to, and the keys. */
function useActive(rows: readonly (NodeView | undefined)[], filter: string) {
  const [active, setActive] = useState(-1)
  const step = (by: number) => setActive((at) => Math.max(0, Math.min(rows.length - 1, at + by)))
  useKeys({
    j: () => step(1),
    k: () => step(-1),
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    Enter: () => {
      const node = rows[active]
      if (node !== undefined) go(nodeLink(node.broker, node.address))
    },
    Escape: () => (filter === '' ? go(link([])) : remember({ filter: undefined })),
  })
  return [active, setActive] as const
}

/** Has the first nodes of each broker read, or of one alone those around the row `from`. */
function useWindow(names: readonly string[], window: NodesWindow, from: number): void {
  const offset = names.length > 1 ? 0 : Math.max(0, Math.floor(from / CHUNK) * CHUNK - CHUNK)
  const { filter, type, sort } = window
  useEffect(() => {
    showNodes(names, names.length > 1 ? { ...window, limit: OF_EACH } : { ...window, offset, limit: WINDOW })
  }, [names.join('\n'), filter, sort, type, offset])
}

function BrokerHead({ broker, total }: { readonly broker: string; readonly total: number }) {
  const [declaring, setDeclaring] = useState(false)
  const view = brokerOf(broker)
  return (
    <PageHead
      title={broker}
      above={[['Brokers', link([])]]}
      facts={
        <>
          {view !== undefined && <StateBadge state={view.state} />}
          {view?.product !== undefined && <span>{view.product}</span>}
          <span>{counted(total, 'node')}</span>
        </>
      }
    >
      <LinkButton kind="quiet" icon="info" href={link(['capabilities', broker])}>
        Capabilities
      </LinkButton>
      {mayWrite.value && (
        <Button icon="plus" reason={reasonAgainst(broker, 'declare')} onPress={() => setDeclaring(true)}>
          Declare
        </Button>
      )}
      {declaring && <DeclareDialog broker={broker} onClose={() => setDeclaring(false)} />}
    </PageHead>
  )
}

/** One broker: every place of its list, those not read yet too. Several: what is here, sorted together. */
function rowsOf(names: readonly string[], sort: Sort): readonly (NodeView | undefined)[] {
  if (names.length === 1) {
    const { rows, total } = nodesOf(names[0]!)
    return Array.from({ length: total }, (_, place) => rows.get(place))
  }
  const nodes = names.flatMap((name) => [...nodesOf(name).rows.values()].slice(0, OF_EACH))
  const byName = (a: NodeView, b: NodeView) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
  return sort === 'name'
    ? nodes.sort(byName)
    : nodes.sort((a, b) => (b[sort] ?? -1) - (a[sort] ?? -1) || byName(a, b))
}

function Types({ value }: { readonly value: NodesWindow['type'] }) {
  return (
    <div class="segments" role="group" aria-label="Type of node">
      {([undefined, 'queue', 'topic'] as const).map((type) => (
        <button key={type} type="button" aria-pressed={type === value} onClick={() => remember({ type })}>
          {type === undefined ? 'All' : type === 'queue' ? 'Queues' : 'Topics'}
        </button>
      ))}
    </div>
  )
}

interface TroublesProps {
  readonly broker: string
  readonly problem: ApiError | undefined
  readonly unlisted: ApiError | undefined
}

function Troubles({ broker, problem, unlisted }: TroublesProps) {
  if (problem !== undefined) return <Problem problem={problem} />
  return unlisted === undefined ? null : <OpenByAddress broker={broker} unlisted={unlisted} />
}

function None({ filter, loading }: { readonly filter: string; readonly loading: boolean }) {
  if (loading) return <Loading what="nodes" />
  if (filter !== '') {
    return (
      <Empty icon="search" title="No node is called that">
        <button type="button" class="button" onClick={() => remember({ filter: undefined, type: undefined })}>
          Show all
        </button>
      </Empty>
    )
  }
  return (
    <Empty icon="nodes" title="No node yet">
      A node appears when it is declared, or when the first message is sent to it:{' '}
      <code>sluice spout -c 1 orders</code>
    </Empty>
  )
}

/** Several brokers: where there is more than the first of each. */
function More({
  lists,
  filter,
}: {
  readonly lists: readonly { readonly name: string; readonly total: number }[]
  readonly filter: string
}) {
  const longer = lists.filter(({ total }) => total > OF_EACH)
  if (longer.length === 0) return null
  return (
    <p class="more soft">
      The first {OF_EACH} of each broker.{' '}
      {longer.map(({ name, total }) => (
        <a key={name} href={link(['nodes', name], { filter })}>
          All {whole(total)} of {name}
        </a>
      ))}
    </p>
  )
}
