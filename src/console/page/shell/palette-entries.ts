/** What the palette offers for a text. */
import type { NodeView } from '../../protocol.ts'
import { type IconName, nodeIcon } from '../parts/icon.tsx'
import { brokers } from '../state/brokers.ts'
import { nextTheme } from '../state/preferences.ts'
import { go, link, nodeLink, place, route } from '../state/route.ts'
import { mayWrite } from '../state/session.ts'
import { tasksOpen } from '../state/tasks.ts'
import { short } from '../text/figures.ts'
import { overlay } from './overlay.ts'

export interface Entry {
  readonly id: string
  readonly text: string
  readonly about: string
  readonly icon: IconName
  readonly act: () => void
}

/** Places and things to do; those for the node that is open come first. */
export function placeEntries(text: string): Entry[] {
  const to =
    (path: readonly string[], query = {}) =>
    () =>
      go(link(path, query))
  const entries: Entry[] = []
  const add = (text: string, about: string, icon: IconName, act: () => void) =>
    entries.push({ id: `${text} ${about}`, text, about, icon, act })
  const [, broker, address] = route.value.path
  if (place.value === 'node' && broker !== undefined && address !== undefined) {
    if (mayWrite.value) add(`Send to ${address}`, broker, 'send', to(['send'], { broker, address }))
    add(`Compare ${address} with …`, broker, 'compare', to(['compare'], { lb: broker, la: address }))
  }
  add('Brokers', 'place', 'brokers', to([]))
  add('Nodes of all brokers', 'place', 'nodes', to(['nodes']))
  add('Compare two nodes', 'place', 'compare', to(['compare']))
  if (mayWrite.value) {
    add('Send a message', 'place', 'send', to(['send']))
    add('Request an answer', 'place', 'request', to(['request']))
  }
  for (const { name } of brokers.value ?? []) {
    add(`Nodes of ${name}`, 'broker', 'nodes', to(['nodes', name]))
    add(`Capabilities of ${name}`, 'broker', 'info', to(['capabilities', name]))
  }
  add('Tasks', 'show or hide', 'tasks', () => {
    tasksOpen.value = !tasksOpen.peek()
  })
  add('Light or dark', 'colours', 'moon', nextTheme)
  add('Keys and help', 'help', 'help', () => {
    overlay.value = 'help'
  })
  return entries.filter((entry) => fits(entry.text, text))
}

/** Nodes whose name fits, the shortest names first: they are the nearest. */
export function nodeEntries(text: string, nodes: readonly NodeView[]): Entry[] {
  const unique = new Map(nodes.map((node) => [`${node.broker}\n${node.address}`, node]))
  return [...unique.entries()]
    .filter(([, node]) => fits(`${node.address} ${node.broker}`, text))
    .sort(([, a], [, b]) => a.address.length - b.address.length || (a.address < b.address ? -1 : 1))
    .map(([id, node]) => ({
      id,
      text: node.address,
      about: `${node.broker}${node.depth === undefined ? '' : ` · ${short(node.depth)}`}`,
      icon: nodeIcon(node.type),
      act: () => go(nodeLink(node.broker, node.address)),
    }))
}

/** A node that no list tells of, opened by its name: some brokers list nothing. */
export function openEntries(text: string, listed: readonly Entry[]): Entry[] {
  const connected = (brokers.value ?? []).filter(({ state }) => state === 'connected').map(({ name }) => name)
  const words = text.trim().split(/\s+/)
  const meant = connected.filter((name) => words.includes(name))
  const name = words.filter((word) => !meant.includes(word)).join(' ')
  if (name === '') return []
  return (meant.length > 0 ? meant : connected)
    .filter((broker) => !listed.some(({ id }) => id === `${broker}\n${name}`))
    .map((broker) => ({
      id: `open ${broker} ${name}`,
      text: `Open ${name}`,
      about: broker,
      icon: 'right',
      act: () => go(nodeLink(broker, name)),
    }))
}

/** The longest word that is not the name of a broker: what the server is asked for. */
export function nameIn(text: string, brokers: readonly string[]): string {
  const words = text.split(/\s+/).filter((word) => !brokers.includes(word))
  return words.sort((a, b) => b.length - a.length)[0] ?? ''
}

/** Every word of the text is somewhere in the name. */
export function fits(name: string, text: string): boolean {
  const folded = name.toLowerCase()
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => folded.includes(word))
}
