/** Depth and its change over the last looks. */
import type { NodeDetail } from '../../../protocol.ts'
import { Chart } from '../../parts/chart.tsx'
import { Empty } from '../../parts/problem.tsx'
import type { Series } from '../../parts/sparkline.tsx'
import { latencies } from '../../state/brokers.ts'
import { milliseconds } from '../../text/figures.ts'

export function NodeCharts({ node }: { readonly node: NodeDetail }) {
  const { history } = node
  if (history.length < 2) {
    return (
      <Empty icon="refresh" title="Not enough looks yet">
        The console looks at each node every few seconds, and draws from the second look on.
      </Empty>
    )
  }
  return (
    <div class="charts" tabIndex={0} role="region" aria-label="Charts">
      <Chart title="Waiting messages" series={history} />
      <Chart title="Change" series={ratesOf(history)} unit="/s" />
      <Chart
        title={`Round trip to ${node.broker}`}
        series={latencies.value.get(node.broker) ?? []}
        format={milliseconds}
      />
    </div>
  )
}

/** Messages a second between two looks. */
function ratesOf(history: Series): Series {
  return history.slice(1).map(([at, depth], index) => {
    const [before, depthBefore] = history[index]!
    return [at, ((depth - depthBefore) * 1000) / Math.max(1, at - before)] as const
  })
}
