/** A part of a long list of nodes: filtered, sorted and cut here, so that neither the wire nor the page holds ten thousand. */
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
  const fits = nameFilter(filter)
  const fitting = all
    .map((node) => ({ node, facts: factsOf(node) }))
    .filter(({ facts }) => (type === undefined || facts.type === type) && fits(facts.name))
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

/** A part of the name in any case, or the whole name with `*` for anything: looked for in steps, so that no filter takes long. */
function nameFilter(filter: string): (name: string) => boolean {
  const wanted = filter.toLowerCase()
  if (!wanted.includes('*')) return (name) => name.toLowerCase().includes(wanted)
  const [head = '', ...rest] = wanted.split('*')
  const tail = rest.pop() ?? ''
  return (name) => {
    const text = name.toLowerCase()
    if (!text.startsWith(head) || !text.endsWith(tail) || text.length < head.length + tail.length)
      return false
    let at = head.length
    for (const part of rest) {
      const found = text.indexOf(part, at)
      if (found < 0 || found + part.length > text.length - tail.length) return false
      at = found + part.length
    }
    return true
  }
}
