/**
 * Who is let in. A link lets in one browser, once: its key is exchanged for a cookie that scripts cannot read and that no other
 * site can make a browser send. Only hashes are kept.
 */
import { createHash, randomBytes } from 'node:crypto'

/** After so long without a call a session has ended. Unit: ms. */
const LIFETIME_MS = 12 * 60 * 60_000
const MAX_SESSIONS = 64
const MAX_LINKS = 16

export interface Session {
  /** For the log; nothing can be entered with it. */
  readonly name: string
  usedAt: number
}

export class Sessions {
  /** Cookies of one host are seen on all its ports: each console has a name of its own. */
  readonly cookieName: string
  readonly #sessions = new Map<string, Session>()
  readonly #links = new Set<string>()

  constructor(port: number) {
    this.cookieName = `sluice-console-${port}`
  }

  /** A key that {@link exchange} takes once. The oldest of too many is forgotten. */
  newKey(): string {
    const key = newSecret()
    this.#links.add(hashed(key))
    const [oldest] = this.#links
    if (this.#links.size > MAX_LINKS) this.#links.delete(oldest!)
    return key
  }

  /** The `Set-Cookie` of a new session; `undefined` for a key that is unknown or was used. */
  exchange(key: string): string | undefined {
    return this.#links.delete(hashed(key)) ? this.begin() : undefined
  }

  /** The `Set-Cookie` of a new session. The one that was unused for longest makes room. */
  begin(): string {
    const secret = newSecret()
    this.#forget()
    if (this.#sessions.size >= MAX_SESSIONS) {
      const [oldest] = [...this.#sessions].sort(([, a], [, b]) => a.usedAt - b.usedAt)
      this.#sessions.delete(oldest![0])
    }
    const hash = hashed(secret)
    this.#sessions.set(hash, { name: hash.slice(0, 8), usedAt: Date.now() })
    return `${this.cookieName}=${secret}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${LIFETIME_MS / 1000}`
  }

  /** Of the values of the header `Cookie`. Our cookie twice is none: another program of this host may have set one. */
  of(cookies: readonly string[]): Session | undefined {
    const values = cookies
      .flatMap((header) => header.split(';'))
      .map((pair) => pair.trim())
      .filter((pair) => pair.startsWith(`${this.cookieName}=`))
      .map((pair) => pair.slice(this.cookieName.length + 1))
    if (values.length !== 1) return undefined
    this.#forget()
    const session = this.#sessions.get(hashed(values[0]!))
    if (session) session.usedAt = Date.now()
    return session
  }

  #forget(): void {
    const since = Date.now() - LIFETIME_MS
    for (const [hash, { usedAt }] of this.#sessions) if (usedAt < since) this.#sessions.delete(hash)
  }
}

function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** Looked up by its hash, a secret is not guessed from the time that takes. */
function hashed(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}
