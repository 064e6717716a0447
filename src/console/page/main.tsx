/** The page: everything that is seen of the console. */
import { render } from 'preact'
import { App } from './app.tsx'
import { askForName } from './parts/ask.tsx'
import { confirmation } from './state/acts.ts'
import { followBrokers, loadBrokers } from './state/brokers.ts'
import { followKeys } from './state/keys.ts'
import { startStream } from './state/live/stream.ts'
import { followNodes } from './state/nodes.ts'
import { followTheme } from './state/preferences.ts'
import { followAddress } from './state/route.ts'
import { enter, session } from './state/session.ts'
import { followTasks } from './state/tasks.ts'

confirmation.ask = askForName
followTheme()
followAddress()
followKeys()
followBrokers()
followNodes()
render(<App />, document.getElementById('app')!)
await enter()
// Runs at once, or as soon as a password has let us in.
const stopWaiting = session.subscribe((known) => {
  if (known === undefined) return
  queueMicrotask(() => stopWaiting())
  void loadBrokers()
  followTasks()
  startStream()
})
