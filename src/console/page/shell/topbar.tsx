/** What is always at hand: the palette, tasks, colours, help. */
import { Button } from '../parts/controls/button.tsx'
import { Icon, Mark } from '../parts/icon.tsx'
import { isDark, nextTheme } from '../state/preferences.ts'
import { link } from '../state/route.ts'
import { mayWrite } from '../state/session.ts'
import { runningTasks, tasksOpen } from '../state/tasks.ts'
import { overlay } from './overlay.ts'

export function Topbar({ onMenu, menu }: { readonly onMenu: () => void; readonly menu: boolean }) {
  const dark = isDark.value
  return (
    <header class="topbar">
      <div class="menu-button">
        <Button kind="quiet" icon="menu" label="Places and brokers" expanded={menu} onPress={onMenu} />
      </div>
      <a class="brand" href={link([])} aria-label="Sluice console, brokers">
        <Mark />
        <span>Sluice</span>
      </a>
      <button
        type="button"
        class="palette-button"
        aria-keyshortcuts="Control+K Meta+K"
        aria-haspopup="dialog"
        onClick={() => {
          overlay.value = 'palette'
        }}
      >
        <Icon name="search" />
        <span>Go to a node, or do something</span>
        <kbd aria-hidden="true">{/Mac/.test(navigator.userAgent) ? '⌘' : 'Ctrl'} K</kbd>
      </button>
      {!mayWrite.value && <ReadOnlyBadge />}
      <TasksButton />
      <Button
        kind="quiet"
        icon={dark ? 'sun' : 'moon'}
        keys="d"
        label={dark ? 'Light colours' : 'Dark colours'}
        onPress={nextTheme}
      />
      <Button
        kind="quiet"
        icon="help"
        keys="?"
        label="Keys and help"
        onPress={() => {
          overlay.value = 'help'
        }}
      />
    </header>
  )
}

function ReadOnlyBadge() {
  return (
    <span
      class="badge"
      data-tip="Nothing can be changed from here. Start the console with --write for that."
      tabIndex={0}
    >
      <Icon name="lock" /> read-only
    </span>
  )
}

function TasksButton() {
  const running = runningTasks.value.length
  if (!mayWrite.value && running === 0) return null
  return (
    <>
      <Button
        kind="quiet"
        icon="tasks"
        keys="t"
        label={running === 0 ? 'Tasks' : `Tasks, ${running} running`}
        expanded={tasksOpen.value}
        onPress={() => {
          tasksOpen.value = !tasksOpen.peek()
        }}
      />
      {running > 0 && (
        <span class="running" aria-hidden="true">
          {running}
        </span>
      )}
    </>
  )
}
