/**
 * The nodes of each broker, as windows: only what is on the page is asked for, and told again by the stream. Rows that were
 * seen before stay, so that scrolling back shows them at once.
 */
import { computed, signal } from '@preact/signals'
import type { ApiError, NodesPage, NodesWindow, NodeView } from '../../protocol.ts'
import { brokerPath, get, problemOf } from './api.ts'
import { listen, watch } from './live/stream.ts'

const KEPT_LOOKS = 120
/** Nodes whose looks are kept. */
const KEPT_NODES = 2000

interface NodesOfBroker {
  /** By place in the sorted and filtered list. */
  readonly rows: ReadonlyMap<number, NodeView>
  readonly total: number
  readonly unlisted?: ApiError
  readonly problem?: ApiError
  readonly loading: boolean
}

const NONE: NodesOfBroker = { rows: new Map(), total: 0, loading: true }
const byBroker = signal<ReadonlyMap<string, NodesOfBroker>>(new Map())
const histories = new Map<string, NodeView['history']>()
let windows: ReadonlyMap<string, NodesWindow> = new Map()
/** Events of a window that was left are of no use. */
let watched = false

export function nodesOf(broker: string): NodesOfBroker {
  return byBroker.value.get(broker) ?? NONE
}

/** All nodes that are known to this tab now. */
export const knownNodes = computed(() =>
  [...byBroker.value.values()].flatMap(({ rows }) => [...rows.values()]),
)

export function knownNode(broker: string, address: string): NodeView | undefined {
  return knownNodes.value.find((node) => node.broker === broker && node.address === address)
}

/** From now on this part of these brokers' nodes is on the page, and nothing else. */
export function showNodes(names: readonly string[], window: NodesWindow): void {
  const before = windows
  windows = new Map(names.map((name) => [name, window]))
  if (sameWindows(before, windows)) return
  watched = false
  const shown = windows
  void watch({ nodes: names.map((broker) => ({ broker, ...window })) }).then(() => {
    if (windows === shown) watched = true
  })
  for (const name of names) {
    if (!sameList(before.get(name), window)) change(name, NONE)
    void readNodes(name)
  }
}

/** Reads the window of a broker again. */
export async function readNodes(broker: string): Promise<void> {
  const window = windows.get(broker)
  if (window === undefined) return
  try {
    const page = await get<NodesPage>(`${brokerPath(broker, 'nodes')}?${queryOf(window)}`)
    if (windows.get(broker) === window) take(broker, page, window)
  } catch (error) {
    if (windows.get(broker) === window) change(broker, { problem: problemOf(error), loading: false })
  }
}

/** Nodes of a broker whose name holds the text, for completion. */
export async function findNodes(broker: string, filter: string, limit: number): Promise<readonly NodeView[]> {
  const query = queryOf({ filter, limit })
  return (await get<NodesPage>(`${brokerPath(broker, 'nodes')}?${query}`)).nodes
}

export function followNodes(): () => void {
  return listen((event) => {
    if (event.event !== 'nodes' || !watched) return
    const window = windows.get(event.broker)
    if (window !== undefined) take(event.broker, event, window)
  })
}

/** The looks that are known of a node, oldest first. */
export function withHistory(look: NodeView): NodeView {
  const key = `${look.broker}\n${look.address}`
  const known = histories.get(key) ?? []
  const last = known.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY
  const longer = look.history.length > known.length
  const history = longer
    ? look.history
    : [...known, ...look.history.filter(([at]) => at > last)].slice(-KEPT_LOOKS)
  // The latest used lie last.
  histories.delete(key)
  histories.set(key, history)
  if (histories.size > KEPT_NODES) histories.delete(histories.keys().next().value!)
  return { ...look, history }
}

function take(broker: string, { nodes, total, unlisted }: NodesPage, { offset = 0 }: NodesWindow): void {
  const rows = new Map(byBroker.peek().get(broker)?.rows)
  for (const [index, node] of nodes.entries()) rows.set(offset + index, withHistory(node))
  for (const place of [...rows.keys()]) if (place >= total) rows.delete(place)
  change(broker, { rows, total, unlisted, problem: undefined, loading: false })
}

function change(broker: string, part: Partial<NodesOfBroker>): void {
  const next = { ...(byBroker.peek().get(broker) ?? NONE), ...part }
  byBroker.value = new Map(byBroker.peek()).set(broker, next)
}

function queryOf(window: NodesWindow): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(window))
    if (value !== undefined && value !== '') query.set(name, String(value))
  return query.toString()
}

function sameWindows(a: ReadonlyMap<string, NodesWindow>, b: ReadonlyMap<string, NodesWindow>): boolean {
  if (a.size !== b.size) return false
  return [...a].every(([name, window]) => {
    const other = b.get(name)
    return sameList(other, window) && other?.offset === window.offset && other?.limit === window.limit
  })
}

/** Only the part in sight differs. */
function sameList(a: NodesWindow | undefined, b: NodesWindow): boolean {
  return a !== undefined && a.filter === b.filter && a.type === b.type && a.sort === b.sort
}
