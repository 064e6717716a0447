/**
 * What nobody is told: the secrets of the configured connections, wherever they would come up (in an error's text, in what a broker
 * tells of a node, in a line of the log).
 */
import type { ConnectOptions } from '../../index.ts'

const SECRET_NAME = /pass|secret|token|(?:private|secret|api|server)[-_]?key|^key$|credential/i
/** Anything shorter would be found everywhere. */
const SHORTEST = 4

export class Secrets {
  readonly #texts = new Set<string>()

  add(options: ConnectOptions): void {
    for (const url of typeof options.url === 'string' ? [options.url] : options.url) this.#addUrl(url)
    this.#add(options.password)
    this.#addValues(options.native)
    this.#addValues(options.tls)
  }

  addText(text: string): void {
    this.#add(text)
  }

  /** The text without them. */
  hidden(text: string): string {
    let clean = text
    for (const secret of this.#texts) if (clean.includes(secret)) clean = clean.replaceAll(secret, '***')
    return clean
  }

  #addUrl(url: string): void {
    const login = /:\/\/([^/?#]*)@/.exec(url)?.[1]
    const colon = login?.indexOf(':') ?? -1
    if (login !== undefined && colon >= 0) this.#add(login.slice(colon + 1))
    const query = url.indexOf('?')
    if (query < 0) return
    for (const [name, value] of new URLSearchParams(url.slice(query + 1))) {
      if (SECRET_NAME.test(name)) this.#add(value)
      else if (value.includes('://')) this.#addUrl(value)
    }
  }

  #addValues(values: unknown, isSecret = false): void {
    if (typeof values === 'string') {
      if (isSecret) this.#add(values)
      else if (values.includes('://')) this.#addUrl(values)
      return
    }
    if (typeof values !== 'object' || values === null || values instanceof Uint8Array) return
    for (const [name, value] of Object.entries(values))
      this.#addValues(value, isSecret || SECRET_NAME.test(name))
  }

  #add(secret: string | undefined): void {
    if (secret === undefined || secret.length < SHORTEST) return
    this.#texts.add(secret)
    for (const other of [encodeURIComponent(secret), decoded(secret)])
      if (other !== undefined && other.length >= SHORTEST) this.#texts.add(other)
  }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** A URL as the page may show it: without password, and without the values of its options. */
export function shownUrl(url: string): string {
  const bare = url.replace(/[?#].*$/s, '')
  const names = [
    ...new URLSearchParams(url.slice(bare.length).replace(/^\?/, '').replace(/#.*$/s, '')).keys(),
  ]
  // The last @ before the path: a password may hold one.
  const shown = bare.replace(/(:\/\/)([^/]*)@/, (_, slashes: string, login: string) => {
    const colon = login.indexOf(':')
    return `${slashes}${colon < 0 ? login : `${login.slice(0, colon)}:***`}@`
  })
  return names.length > 0 ? `${shown}?${names.map((name) => `${name}=…`).join('&')}` : shown
}
