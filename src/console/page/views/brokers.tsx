/** All brokers at a glance: state, round trip, and what waits in their deepest queues. */
import { useEffect } from 'preact/hooks'
import type { BrokerView, NodeView } from '../../protocol.ts'
import { PageHead } from '../parts/page-head.tsx'
import { Empty, Loading, Problem } from '../parts/problem.tsx'
import { type Series, Sparkline } from '../parts/sparkline.tsx'
import { StateBadge } from '../parts/state.tsx'
import { Visible } from '../parts/visible.tsx'
import { brokers, brokersProblem, latencies } from '../state/brokers.ts'
import { nodesOf, showNodes } from '../state/nodes.ts'
import { link, nodeLink } from '../state/route.ts'
import { counted, milliseconds, rate, whole } from '../text/figures.ts'

const DEEPEST = 5
const TIERS: Readonly<Record<string, string>> = {
  T0: 'best effort',
  T1: 'survives a lost connection',
  T2: 'survives a killed broker',
  T3: 'survives power loss',
  T4: 'survives the loss of a node',
}

export function Brokers() {
  const list = brokers.value
  const names = list?.map(({ name }) => name).join('\n')
  useEffect(() => {
    if (names !== undefined) showNodes(names.split('\n'), { type: 'queue', sort: 'depth', limit: 100 })
  }, [names])
  return (
    <>
      <PageHead title="Brokers" facts={list !== undefined && <Summary list={list} />} />
      {brokersProblem.value !== undefined && <Problem problem={brokersProblem.value} />}
      {list === undefined ? (
        brokersProblem.value === undefined && <Loading what="brokers" />
      ) : list.length === 0 ? (
        <Empty icon="brokers" title="No broker is configured">
          Name connections in <code>sluice.config.json</code>, or give URLs:{' '}
          <code>sluice console redis://localhost</code>
        </Empty>
      ) : (
        <div class="cards">
          {list.map((broker) => (
            <BrokerCard key={broker.name} broker={broker} />
          ))}
        </div>
      )}
    </>
  )
}

function Summary({ list }: { readonly list: readonly BrokerView[] }) {
  const away = list.filter(({ state }) => state !== 'connected').length
  return (
    <span>
      {whole(list.length - away)} of {whole(list.length)} connected
    </span>
  )
}

function BrokerCard({ broker }: { readonly broker: BrokerView }) {
  const { name, url, product, adapter, state, error, tiers, latencyMs, production } = broker
  const there = state === 'connected'
  const probes = latencies.value.get(name) ?? []
  return (
    <article class={`card broker ${there ? '' : 'away'}${production ? ' production' : ''}`} aria-label={name}>
      <header>
        <h2>
          <a href={link(['nodes', name])}>
            <Visible text={name} limit={60} />
          </a>
        </h2>
        {production && <span class="badge bad">production</span>}
        <StateBadge state={state} />
      </header>
      <p class="soft broker-about">
        <span>
          {product ?? adapter}
          {tiers.length > 0 && (
            <span class="tiers" data-tip={tiersTip(tiers)} tabIndex={0}>
              {tiers[0]}
            </span>
          )}
        </span>
        <code>
          <Visible text={url} limit={120} />
        </code>
      </p>
      {error !== undefined && !there && <Problem problem={error} />}
      <dl class="figures-row">
        <div>
          <dt>Round trip</dt>
          <dd>
            {there ? milliseconds(latencyMs) : '–'}
            <Sparkline series={probes} width={64} />
          </dd>
        </div>
        <Waiting broker={name} there={there} />
      </dl>
      {there && <Deepest broker={name} />}
      <footer>
        <a href={link(['nodes', name])}>Nodes</a>
        <a href={link(['capabilities', name])}>Capabilities</a>
      </footer>
    </article>
  )
}

/** Durable messages, others, and live subscriptions, in that order. */
function tiersTip(tiers: readonly string[]): string {
  const kinds = ['durable', 'not durable', 'live subscription']
  return tiers.map((tier, kind) => `${kinds[kind]}: ${tier} ${TIERS[tier] ?? ''}`).join(' · ')
}

/** What waits in the queues that were looked at, and how that moves. */
function Waiting({ broker, there }: { readonly broker: string; readonly there: boolean }) {
  const { rows, total } = nodesOf(broker)
  const nodes = [...rows.values()]
  const depth = nodes.reduce((sum, node) => sum + (node.depth ?? 0), 0)
  const tip = total > nodes.length ? `in the ${nodes.length} deepest of ${whole(total)} queues` : undefined
  return (
    <div>
      <dt data-tip={tip}>Waiting</dt>
      <dd>
        {whole(there ? depth : undefined)}
        <Sparkline series={there ? sumOf(nodes) : []} width={64} />
      </dd>
    </div>
  )
}

function Deepest({ broker }: { readonly broker: string }) {
  const { rows, total, unlisted, loading, problem } = nodesOf(broker)
  if (problem !== undefined) return <p class="soft">{problem.message}</p>
  if (unlisted !== undefined && rows.size === 0)
    return (
      <p class="soft">
        This broker does not list its nodes. <a href={link(['nodes', broker])}>Open one by its address</a>,
        and it stays here.
      </p>
    )
  if (total === 0) return <p class="soft">{loading ? 'Reading queues …' : 'No queue yet.'}</p>
  const nodes = [...rows.entries()].sort(([a], [b]) => a - b).slice(0, DEEPEST)
  return (
    <table class="deepest" aria-label={`Deepest queues of ${broker}`}>
      <thead class="sr">
        <tr>
          <th scope="col">Queue</th>
          <th scope="col">Trend</th>
          <th scope="col">Rate</th>
          <th scope="col">Depth</th>
        </tr>
      </thead>
      <tbody>
        {nodes.map(([, node]) => (
          <tr key={node.address}>
            <td class="name-cell">
              <a href={nodeLink(broker, node.address)}>
                <Visible text={node.name} limit={80} />
              </a>
            </td>
            <td class="spark-cell">
              <Sparkline series={node.history} width={64} />
            </td>
            <td class="figure soft">{rate(node.rate)}</td>
            <td class="figure">{whole(node.depth)}</td>
          </tr>
        ))}
        {total > nodes.length && (
          <tr>
            <td colSpan={4}>
              <a href={link(['nodes', broker])} class="soft">
                and {counted(total - nodes.length, 'more queue')}
              </a>
            </td>
          </tr>
        )}
      </tbody>
    </table>
  )
}

/** Depths of several nodes added up, look by look from the newest back. */
function sumOf(nodes: readonly NodeView[]): Series {
  const length = Math.min(...nodes.map(({ history }) => history.length))
  if (!Number.isFinite(length)) return []
  return Array.from({ length }, (_, look) => {
    const looks = nodes.map(({ history }) => history[history.length - length + look]!)
    return [looks[0]![0], looks.reduce((sum, [, depth]) => sum + depth, 0)] as const
  })
}
