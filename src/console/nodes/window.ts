/** A part of a long list of nodes: filtered, sorted and cut here, so that neither the wire nor the page holds ten thousand. */
import { nameFilter } from '../../tools/name-filter.ts'
import type { NodesWindow, NodeView } from '../protocol.ts'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 500

interface Facts {
  readonly name: string
  readonly type: NodeView['type']
  readonly depth: number | undefined
  readonly receivers: number | undefined
  rate(): number | undefined
}

export function windowOf<T>(
  all: readonly T[],
  { filter = '', type, sort = 'name', offset = 0, limit = DEFAULT_LIMIT }: NodesWindow,
  factsOf: (node: T) => Facts,
): { readonly total: number; readonly nodes: T[] } {
  // In any case.
  const fits = nameFilter(filter.toLowerCase())
  const fitting = all
    .map((node) => ({ node, facts: factsOf(node) }))
    .filter(({ facts }) => (type === undefined || facts.type === type) && fits(facts.name.toLowerCase()))
  if (sort === 'name') fitting.sort((a, b) => byName(a.facts, b.facts))
  else {
    const size = ({ facts }: { facts: Facts }): number =>
      (sort === 'rate' ? Math.abs(facts.rate() ?? -1) : facts[sort]) ?? -1
    const sized = fitting.map((entry) => ({ ...entry, size: size(entry) }))
    sized.sort((a, b) => b.size - a.size || byName(a.facts, b.facts))
    return cut(sized, offset, limit)
  }
  return cut(fitting, offset, limit)
}

function cut<T>(
  entries: readonly { readonly node: T }[],
  offset: number,
  limit: number,
): { readonly total: number; readonly nodes: T[] } {
  const nodes = entries.slice(offset, offset + Math.min(limit, MAX_LIMIT)).map(({ node }) => node)
  return { total: entries.length, nodes }
}

function byName(a: Facts, b: Facts): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}
