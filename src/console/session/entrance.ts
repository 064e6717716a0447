/** How people come in: by the link that was printed, once for each key, or by the password where there is one. */
import type { IncomingMessage } from 'node:http'
import { Refused } from '../errors.ts'
import { valuesOf } from '../http/guard.ts'
import type { Audit } from './audit.ts'
import type { Password } from './password.ts'
import type { Session, Sessions } from './sessions.ts'

export class Entrance {
  readonly #origin: string
  readonly #sessions: Sessions
  readonly #password: Password | undefined
  readonly #audit: Audit

  constructor(origin: string, sessions: Sessions, password: Password | undefined, audit: Audit) {
    this.#origin = origin
    this.#sessions = sessions
    this.#password = password
    this.#audit = audit
  }

  get login(): 'link' | 'password' {
    return this.#password ? 'password' : 'link'
  }

  /** What the one who started the console opens. */
  address(): string {
    return this.#password ? `${this.#origin}/` : this.#link()
  }

  sessionOf(request: IncomingMessage): Session | undefined {
    return this.#sessions.of(valuesOf(request, 'cookie'))
  }

  /** The `Set-Cookie` for the key of a link; `undefined` where it was used, or is none. */
  exchange(key: string): string | undefined {
    return this.#sessions.exchange(key)
  }

  /** The `Set-Cookie` for a password. @throws Refused */
  async enter(text: string): Promise<string> {
    if (!this.#password)
      throw new Refused(403, 'FORBIDDEN', 'This console has no password', { login: 'link' })
    if (!(await this.#password.fits(text)))
      throw new Refused(401, 'UNAUTHENTICATED', 'The password is wrong', { login: 'password' })
    this.#audit.write({ entered: 'by password' })
    return this.#sessions.begin()
  }

  /** A link for one more browser. @throws Refused */
  newLink(): string {
    if (this.#password) throw new Refused(403, 'FORBIDDEN', 'This console is entered by its password')
    return this.#link()
  }

  #link(): string {
    return `${this.#origin}/?token=${this.#sessions.newKey()}`
  }
}
