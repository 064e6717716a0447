/** Places, and every broker with its state. */
import { Icon, type IconName } from '../parts/icon.tsx'
import { StateDot } from '../parts/state.tsx'
import { Visible } from '../parts/visible.tsx'
import { brokers } from '../state/brokers.ts'
import { link, place, route } from '../state/route.ts'
import { mayWrite, session } from '../state/session.ts'
import { milliseconds } from '../text/figures.ts'

const PLACES: readonly (readonly [name: string, text: string, icon: IconName, acts: boolean])[] = [
  ['brokers', 'Brokers', 'brokers', false],
  ['nodes', 'Nodes', 'nodes', false],
  ['compare', 'Compare', 'compare', false],
  ['send', 'Send', 'send', true],
  ['request', 'Request', 'request', true],
]

export function Sidebar({ open, onLeave }: { readonly open: boolean; readonly onLeave: () => void }) {
  const current = place.value
  const broker = ['nodes', 'node', 'capabilities'].includes(current) ? route.value.path[1] : undefined
  return (
    <nav
      class={open ? 'sidebar open' : 'sidebar'}
      aria-label="Places and brokers"
      onClick={(event) => (event.target as Element).closest('a') && onLeave()}
    >
      <ul>
        {PLACES.filter(([, , , acts]) => !acts || mayWrite.value).map(([name, text, icon]) => (
          <li key={name}>
            <a
              href={link(name === 'brokers' ? [] : [name])}
              aria-current={name === current && broker === undefined ? 'page' : undefined}
            >
              <Icon name={icon} />
              {text}
            </a>
          </li>
        ))}
      </ul>
      <h2 id="sidebar-brokers">Brokers</h2>
      <ul aria-labelledby="sidebar-brokers">
        {(brokers.value ?? []).map(({ name, state, latencyMs, production }) => (
          <li key={name}>
            <a href={link(['nodes', name])} aria-current={name === broker ? 'page' : undefined}>
              <StateDot state={state} />
              <span class="name">
                <Visible text={name} limit={60} />
              </span>
              {production ? (
                <span class="mini bad">production</span>
              ) : (
                state === 'connected' && <span class="soft figures">{milliseconds(latencyMs)}</span>
              )}
            </a>
          </li>
        ))}
      </ul>
      <p class="version soft">Sluice {session.value?.version}</p>
    </nav>
  )
}
