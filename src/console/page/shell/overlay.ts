/** What lies over everything: the palette or the help; and the keys that work everywhere. */
import { signal } from '@preact/signals'
import { useKeys } from '../state/keys.ts'
import { nextTheme } from '../state/preferences.ts'
import { go, link } from '../state/route.ts'
import { mayWrite } from '../state/session.ts'
import { tasksOpen } from '../state/tasks.ts'

export const overlay = signal<'palette' | 'help' | undefined>(undefined)

/** Keys of the whole page, as the help shows them. */
export const SHELL_KEYS: readonly (readonly [keys: string, what: string])[] = [
  ['⌘K · Ctrl K', 'go to a node or do something'],
  ['/', 'filter'],
  ['j · k', 'next, previous row'],
  ['Enter', 'open the row'],
  ['x', 'choose the message'],
  ['Esc', 'close, go back'],
  ['b', 'brokers'],
  ['n', 'nodes'],
  ['c', 'compare'],
  ['s', 'send (with --write)'],
  ['t', 'tasks'],
  ['d', 'light or dark'],
  ['?', 'this help'],
]

export function useShellKeys(): void {
  const palette = () => {
    overlay.value = overlay.peek() === 'palette' ? undefined : 'palette'
  }
  useKeys({
    'mod+k': palette,
    '?': () => {
      overlay.value = 'help'
    },
    b: () => go(link([])),
    n: () => go(link(['nodes'])),
    c: () => go(link(['compare'])),
    s: () => mayWrite.peek() && go(link(['send'])),
    t: () => {
      tasksOpen.value = !tasksOpen.peek()
    },
    d: nextTheme,
  })
}
