/** The frame: brokers and places on the left, the view on the right, news and tasks over both. */
import { useState } from 'preact/hooks'
import { Asked } from './parts/ask.tsx'
import { Tasks } from './parts/tasks.tsx'
import { Toasts } from './parts/toasts.tsx'
import { Help } from './shell/help.tsx'
import { overlay, useShellKeys } from './shell/overlay.ts'
import { Palette } from './shell/palette.tsx'
import { Sidebar } from './shell/sidebar.tsx'
import { StreamNotice } from './shell/stream-notice.tsx'
import { Topbar } from './shell/topbar.tsx'
import { place, route } from './state/route.ts'
import { session } from './state/session.ts'
import { Brokers } from './views/brokers.tsx'
import { Capabilities } from './views/capabilities.tsx'
import { Compare } from './views/compare.tsx'
import { Entrance } from './views/entrance.tsx'
import { Node } from './views/node.tsx'
import { Nodes } from './views/nodes.tsx'
import { Request } from './views/request.tsx'
import { Send } from './views/send.tsx'

export function App() {
  return session.value === undefined ? <Entrance /> : <Frame />
}

function Frame() {
  const [menu, setMenu] = useState(false)
  useShellKeys()
  return (
    <div class="frame">
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Topbar onMenu={() => setMenu(!menu)} menu={menu} />
      <Sidebar open={menu} onLeave={() => setMenu(false)} />
      <main id="main" tabIndex={-1}>
        <StreamNotice />
        <View />
      </main>
      <Tasks />
      <Toasts />
      <Asked />
      {overlay.value === 'palette' && <Palette />}
      {overlay.value === 'help' && <Help />}
    </div>
  )
}

function View() {
  const [, first, second, third] = route.value.path
  switch (place.value) {
    case 'nodes':
      return <Nodes key={first ?? ''} broker={first} />
    case 'node':
      if (first === undefined || second === undefined) return <Nodes broker={first} />
      return <Node key={`${first}/${second}`} broker={first} address={second} tab={third} />
    case 'capabilities':
      return <Capabilities key={first ?? ''} broker={first} />
    case 'compare':
      return <Compare />
    case 'send':
      return <Send />
    case 'request':
      return <Request />
    default:
      return <Brokers />
  }
}
