/** What every request passes first: headers, guard, and the key of a link; then the calls. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Audit } from '../session/audit.ts'
import type { Entrance } from '../session/entrance.ts'
import { pathOf, type Refusal, refusalOf } from './guard.ts'
import { setHeaders } from './headers.ts'

export class Front {
  readonly #hosts: ReadonlySet<string>
  readonly #entrance: Entrance
  readonly #audit: Audit
  readonly #calls: RequestListener

  /** @param hosts the exact values that `Host` may have */
  constructor(hosts: ReadonlySet<string>, entrance: Entrance, audit: Audit, calls: RequestListener) {
    this.#hosts = hosts
    this.#entrance = entrance
    this.#audit = audit
    this.#calls = calls
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    setHeaders(response)
    const refusal = refusalOf(request, this.#hosts)
    const key = keyOf(request)
    if (refusal) this.#refuse(request, response, refusal)
    else if (key === undefined) this.#calls(request, response)
    else this.#exchange(key, request, response)
  }

  #exchange(key: string, request: IncomingMessage, response: ServerResponse): void {
    const cookie = this.#entrance.exchange(key)
    if (cookie) {
      this.#audit.write({ ...requestFacts(request), entered: 'by link' })
      response.writeHead(303, { location: '/', 'set-cookie': cookie }).end()
    } else if (this.#entrance.sessionOf(request)) {
      // Who is in and comes by the old link again, by the button «back» for example.
      response.writeHead(303, { location: '/' }).end()
    } else {
      const reason = 'the link was used, or is none of this console'
      this.#refuse(request, response, { status: 403, reason })
    }
  }

  #refuse(request: IncomingMessage, response: ServerResponse, { status, reason }: Refusal): void {
    this.#audit.write({ ...requestFacts(request), status, refused: reason })
    const body = JSON.stringify({ code: 'FORBIDDEN', message: `Refused: ${reason}` })
    response.writeHead(status, {
      'content-type': 'application/json',
      ...(status === 405 && { allow: 'GET, HEAD, POST' }),
      connection: 'close',
    })
    response.end(body)
  }
}

/** Of the address of the page alone. */
function keyOf({ method, url = '' }: IncomingMessage): string | undefined {
  if (method !== 'GET' || pathOf(url) !== '/') return undefined
  return new URLSearchParams(url.slice(1)).get('token') ?? undefined
}

/** What the log says of a request; the query may hold a key. */
export function requestFacts(request: IncomingMessage): Record<string, unknown> {
  const { method, url = '', socket } = request
  return {
    method,
    path: pathOf(url),
    host: request.headers.host,
    origin: request.headers.origin,
    from: socket.remoteAddress,
  }
}
