/** One node as a row, and the heads of its columns, which sort. */
import type { NodesWindow, NodeView } from '../../../protocol.ts'
import { Icon, nodeIcon } from '../../parts/icon.tsx'
import { Sparkline } from '../../parts/sparkline.tsx'
import { Visible } from '../../parts/visible.tsx'
import { nodeLink } from '../../state/route.ts'
import { rate, whole } from '../../text/figures.ts'

export const ROW_HEIGHT = 34

type Sort = NonNullable<NodesWindow['sort']>

const COLUMNS: readonly (readonly [sort: Sort, text: string])[] = [
  ['depth', 'Depth'],
  ['rate', 'Rate'],
  ['receivers', 'Receivers'],
]

interface NodesHeadProps {
  readonly sort: Sort
  readonly onSort: (sort: Sort) => void
  /** Nodes of several brokers: a column tells which. */
  readonly brokers: boolean
}

export function NodesHead({ sort, onSort, brokers }: NodesHeadProps) {
  const head = (name: Sort, text: string, figure: boolean) => (
    <div
      key={name}
      role="columnheader"
      class={`${figure ? 'figure' : 'name-cell'} column-${name}`}
      aria-sort={sort === name ? (figure ? 'descending' : 'ascending') : 'none'}
    >
      <button type="button" onClick={() => onSort(name)}>
        {text}
        {sort === name && <Icon name={figure ? 'down' : 'up'} />}
      </button>
    </div>
  )
  return (
    <div role="rowgroup" class="rows-head">
      <div role="row" class={brokers ? 'node-row with-broker' : 'node-row'}>
        {head('name', 'Name', false)}
        {brokers && (
          <div role="columnheader" class="broker-cell">
            Broker
          </div>
        )}
        <div role="columnheader" class="spark-cell">
          Trend
        </div>
        {COLUMNS.map(([name, text]) => head(name, text, true))}
      </div>
    </div>
  )
}

interface NodeRowProps {
  /** Absent: not read yet. */
  readonly node: NodeView | undefined
  readonly index: number
  readonly active: boolean
  readonly brokers: boolean
}

export function NodeRow({ node, index, active, brokers }: NodeRowProps) {
  const name = brokers ? 'node-row with-broker' : 'node-row'
  if (node === undefined)
    return (
      <div role="row" class={`${name} unread`} aria-rowindex={index + 2}>
        <div role="cell" class="name-cell">
          …
        </div>
      </div>
    )
  return (
    <div
      role="row"
      class={active ? `${name} active` : name}
      aria-rowindex={index + 2}
      aria-current={active || undefined}
    >
      <div role="cell" class="name-cell">
        <Icon name={nodeIcon(node.type)} />
        <a href={nodeLink(node.broker, node.address)}>
          <Visible text={node.name} limit={160} />
        </a>
        {node.type !== 'queue' && <span class="mini">{node.type}</span>}
      </div>
      {brokers && (
        <div role="cell" class="broker-cell soft">
          <Visible text={node.broker} limit={40} />
        </div>
      )}
      <div role="cell" class="spark-cell">
        {node.type === 'queue' && <Sparkline series={node.history} />}
      </div>
      <div role="cell" class="figure column-depth">
        {node.type === 'queue' && (node.depth === 0 ? <span class="soft">0</span> : whole(node.depth))}
      </div>
      <div role="cell" class="figure column-rate soft">
        {node.type === 'queue' && rate(node.rate)}
      </div>
      <div role="cell" class="figure column-receivers">
        {whole(node.receivers)}
      </div>
    </div>
  )
}
