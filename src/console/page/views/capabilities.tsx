/** What a broker can do, who does it, and why not. */
import { useState } from 'preact/hooks'
import type { CapabilitiesView } from '../../protocol.ts'
import { FilterBox } from '../parts/controls/filter-box.tsx'
import { Facts, factsOf } from '../parts/message/facts.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { Empty, Loading, Problem } from '../parts/problem.tsx'
import { StateBadge } from '../parts/state.tsx'
import { Visible } from '../parts/visible.tsx'
import { brokerOf, capabilitiesOf, capabilitiesProblem } from '../state/brokers.ts'
import { useKeys } from '../state/keys.ts'
import { go, link } from '../state/route.ts'

const TONES = { native: 'good', emulated: 'busy', unsupported: 'off' } as const

export function Capabilities({ broker = '' }: { readonly broker: string | undefined }) {
  const view = brokerOf(broker)
  const known = capabilitiesOf(broker)
  const problem = capabilitiesProblem(broker) ?? (view?.state === 'connected' ? undefined : view?.error)
  useKeys({ Escape: () => go(link(['nodes', broker])) })
  return (
    <div class="fill">
      <PageHead
        title={`Capabilities of ${broker}`}
        above={[
          ['Brokers', link([])],
          [broker, link(['nodes', broker])],
        ]}
        facts={
          view !== undefined && (
            <>
              <StateBadge state={view.state} />
              <span>{view.product ?? view.adapter}</span>
              <span>{view.tiers.join(' ')}</span>
            </>
          )
        }
      />
      {problem !== undefined && <Problem problem={problem} />}
      {known !== undefined ? (
        <Known known={known} />
      ) : (
        problem === undefined && <Loading what="capabilities" />
      )}
    </div>
  )
}

function Known({ known }: { readonly known: CapabilitiesView }) {
  const [filter, setFilter] = useState('')
  const wanted = filter.trim().toLowerCase()
  const shown = known.features.filter(({ feature, level, reason }) =>
    `${feature} ${level} ${reason ?? ''}`.toLowerCase().includes(wanted),
  )
  return (
    <>
      <div class="bar">
        <FilterBox
          label="Filter capabilities"
          placeholder="browse, unsupported, …"
          value={filter}
          onValue={setFilter}
        />
      </div>
      <div class="scroll" tabIndex={0} role="region" aria-label="Capabilities">
        {shown.length === 0 && <Empty icon="search" title="No capability is called that" />}
        <table class="plain capabilities" aria-label="Features">
          <thead>
            <tr>
              <th scope="col">Feature</th>
              <th scope="col">Who does it</th>
              <th scope="col">What to know</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ feature, level, reason }) => (
              <tr key={feature}>
                <th scope="row">{words(feature)}</th>
                <td>
                  <span class={`badge ${TONES[level]}`}>{level}</span>
                </td>
                <td class="soft">{reason !== undefined && <Visible text={reason} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <Facts title="Limits" facts={factsOf(known.limits)} />
      </div>
    </>
  )
}

/** `browseFollow`: “browse follow”. */
export function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}
