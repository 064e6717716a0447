/** Where the user is: the hash of the address, so that every place can be kept and sent as a link. */
import { computed, signal } from '@preact/signals'

export interface Route {
  /** Decoded parts of the path. */
  readonly path: readonly string[]
  readonly query: URLSearchParams
}

export const route = signal<Route>(parseRoute(''))

/** Name of the view: the first part of the path. */
export const place = computed(() => route.value.path[0] ?? 'brokers')

function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#/, '').split(/\?(.*)/s)
  return {
    path: path
      .split('/')
      .filter((part) => part !== '')
      .map(decoded),
    query: new URLSearchParams(query),
  }
}

/** `#/node/left/orders?…`; absent values of the query are left out. */
export function link(
  path: readonly string[],
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query))
    if (value !== undefined && value !== '') search.set(key, value)
  const text = search.toString()
  return `#/${path.map(encodeURIComponent).join('/')}${text === '' ? '' : `?${text}`}`
}

export function nodeLink(broker: string, address: string, tab?: string): string {
  return link(['node', broker, address, ...(tab === undefined ? [] : [tab])])
}

export function go(hash: string): void {
  location.hash = hash
}

/** Keeps a choice in the address without a step in the history. */
export function remember(query: Readonly<Record<string, string | undefined>>): void {
  const { path, query: old } = route.peek()
  const hash = link(path, { ...Object.fromEntries(old), ...query })
  if (hash !== location.hash) history.replaceState(null, '', hash)
  route.value = parseRoute(hash)
}

export function followAddress(): void {
  const read = () => {
    // The link that skips to the content is no place: the browser has gone there, and the address stays.
    const { path, query } = route.peek()
    if (location.hash === '#main') history.replaceState(null, '', link(path, Object.fromEntries(query)))
    else route.value = parseRoute(location.hash)
  }
  addEventListener('hashchange', read)
  read()
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
