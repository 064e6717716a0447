/**
 * What is looked at before anything else, assets included: is the request for this server, in a form that can mean one thing only, and
 * sent by the page itself?
 *
 * A browser sends whatever page it shows to any address that page names, this one too: a foreign page may name 127.0.0.1, or a
 * name of its own that leads there (DNS rebinding). So the Host is to be exact, and what the browser says of the sender
 * (`Sec-Fetch-Site`, `Origin`) is to be this page; the type of a body decides nothing.
 */
import type { IncomingMessage } from 'node:http'

/** Why a request is refused. */
export interface Refusal {
  readonly status: number
  readonly reason: string
}

export const API = '/api/'
/** The header of every call of the page; another origin cannot send it without being allowed to, and nobody is. */
const OWN_HEADER = 'sluice-console'
const MAX_TARGET = 4_096
/** One path and one query, in plain characters: no scheme, no authority, no backslash, no fragment. */
const TARGET = /^\/(?!\/)(?:[\w\-.~!$&'()*+,;=:@/?]|%[\da-f]{2})*$/i
const DOT_SEGMENT = /^(?:\.|%2e){1,2}$/i

/** @param hosts the exact values that `Host` may have */
export function refusalOf(request: IncomingMessage, hosts: ReadonlySet<string>): Refusal | undefined {
  const { method = '', url = '' } = request
  const [host, ...others] = valuesOf(request, 'host')
  if (host === undefined || others.length > 0 || !hosts.has(host.toLowerCase()))
    return { status: 421, reason: 'foreign host' }
  if (
    url.length > MAX_TARGET ||
    !TARGET.test(url) ||
    pathOf(url)
      .split('/')
      .some((part) => DOT_SEGMENT.test(part))
  )
    return { status: 400, reason: 'path' }
  if (method !== 'GET' && method !== 'HEAD' && method !== 'POST') return { status: 405, reason: 'method' }
  if (method !== 'POST' && hasBody(request)) return { status: 400, reason: 'body without POST' }
  if (request.headers.upgrade !== undefined) return { status: 400, reason: 'upgrade' }
  if (valuesOf(request, 'origin').some((origin) => origin !== `http://${host.toLowerCase()}`))
    return { status: 403, reason: 'foreign origin' }
  return pathOf(url).startsWith(API) ? refusalOfCall(request) : refusalOfAsset(request)
}

function refusalOfCall(request: IncomingMessage): Refusal | undefined {
  if (valuesOf(request, 'sec-fetch-site').some((site) => site !== 'same-origin'))
    return { status: 403, reason: 'sent by another page' }
  const own = valuesOf(request, OWN_HEADER)
  if (own.length !== 1 || own[0] !== '1') return { status: 403, reason: `no header ${OWN_HEADER}` }
  return undefined
}

/** The document may be gone to from anywhere: it holds nothing. It is in no frame, and its parts are in no other page. */
function refusalOfAsset({ headers }: IncomingMessage): Refusal | undefined {
  const site = headers['sec-fetch-site']
  const dest = headers['sec-fetch-dest']
  const goesThere = headers['sec-fetch-mode'] === 'navigate' && dest === 'document'
  if (site === undefined || site === 'same-origin' || site === 'none' || goesThere) {
    return dest === 'iframe' || dest === 'frame' || dest === 'object' || dest === 'embed'
      ? { status: 403, reason: 'framed' }
      : undefined
  }
  return { status: 403, reason: 'asked for by another page' }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0
}

export function pathOf(url: string): string {
  const at = url.indexOf('?')
  return at < 0 ? url : url.slice(0, at)
}

/** Every value as it came: Node joins, or passes over, what came twice. */
export function valuesOf({ rawHeaders }: IncomingMessage, name: string): string[] {
  const values: string[] = []
  for (let at = 0; at < rawHeaders.length; at += 2)
    if (rawHeaders[at]!.toLowerCase() === name) values.push(rawHeaders[at + 1]!)
  return values
}
