/**
 * Reading the URL of a broker as it is written. What is not understood is refused, so that no part of a URL is ignored. Refusals
 * quote nothing of the URL: a misplaced character may make a part of the password look like anything else.
 */
import { isIPv6 } from 'node:net'
import { MessagingError } from '../../model/errors.ts'
import { checkKnownKeys } from '../options/known-keys.ts'

/** Parts of a URL, without their escapes; `undefined` is not there. */
export interface BrokerUrl {
  /** In lower case. */
  readonly scheme: string
  readonly username: string | undefined
  readonly password: string | undefined
  /** An IPv6 address without its brackets. */
  readonly host: string | undefined
  readonly port: number | undefined
  /** With its first slash; empty: none. */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
}

/** What the URLs of an adapter may hold. */
interface UrlForm {
  readonly adapter: string
  /** How such a URL looks like, as advice. */
  readonly form: string
  /** Names of the parameters behind the question mark. */
  readonly query: readonly string[]
  /** Schemes whose URLs name a path instead of a host. */
  readonly paths?: readonly string[]
}

const PARTS = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?(#.*)?$/i
/** Internationalised names included. */
const HOST_NAME = /^[\p{L}\p{N}._-]+$/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const UNFIT = /[\s\x00-\x20\x7f]|\p{Surrogate}/u
const MAX_PORT = 65_535

/** @throws `CONFIG_INVALID` naming what is wrong, with the right form as advice */
export function readBrokerUrl(url: string, { adapter, form, query: known, paths = [] }: UrlForm): BrokerUrl {
  const wrong = (problem: string): MessagingError =>
    new MessagingError('CONFIG_INVALID', `connect(): the URL ${problem}`, {
      hint: `Write ${form}, special characters as %XX.`,
      context: { adapter, option: 'url' },
    })
  const plain = (part: string): string => {
    let text: string
    try {
      text = decodeURIComponent(part)
    } catch {
      throw wrong('holds a % that is no escape; a percent sign is written %25')
    }
    if (text.includes('\0')) throw wrong('holds a NUL character')
    return text
  }
  // A line feed at the end comes along when a URL is read from a file.
  const text = url.trimEnd()
  if (UNFIT.test(text)) throw wrong('holds white space, a control character or half a character')
  const parts = PARTS.exec(text)
  if (!parts) throw wrong('has no // behind its scheme')
  const [, scheme, authority, path = '', search = '', fragment] = parts
  const parameters = search.split('&').filter((parameter) => parameter !== '')
  if ([path, fragment, ...parameters.map(withoutUrl)].some((part) => part?.includes('@')))
    throw wrong('has an @ behind its host; in a user name or password write / as %2F, ? as %3F, # as %23')
  if (fragment !== undefined) throw wrong('has a #, which a broker has no use for')
  const at = authority!.lastIndexOf('@')
  const login = at < 0 ? undefined : authority!.slice(0, at)
  const colon = login?.indexOf(':') ?? -1
  const { host, port } = placeOf(authority!.slice(at + 1), wrong)
  const lowered = scheme!.toLowerCase()
  if (host === undefined && login !== undefined && !paths.includes(lowered)) throw wrong('names no host')
  return {
    scheme: lowered,
    username: plain(colon < 0 ? (login ?? '') : login!.slice(0, colon)) || undefined,
    password: colon < 0 ? undefined : plain(login!.slice(colon + 1)) || undefined,
    host,
    port,
    path: plain(path),
    query: queryOf(parameters, plain, known, wrong),
  }
}

/** A parameter's value may be another URL, with a login of its own. */
function withoutUrl(parameter: string): string {
  return parameter.replace(/=[a-z]+:\/\/.*$/i, '=')
}

function placeOf(
  text: string,
  wrong: (problem: string) => MessagingError,
): { host: string | undefined; port: number | undefined } {
  if (text === '') return { host: undefined, port: undefined }
  if (text.includes(','))
    throw wrong('names several hosts; give several URLs as a list, connect({ url: [...] })')
  const [, bracketed, name, port = ''] = /^(?:\[(.*)\]|([^:]*))(?::([^:]*))?$/s.exec(text) ?? []
  if (bracketed === undefined && name === undefined)
    throw wrong('has more than one colon behind its host; an IPv6 address stands in brackets')
  if (bracketed !== undefined && !isIPv6(bracketed)) throw wrong('has brackets without an IPv6 address')
  if (name === '') throw wrong('names no host')
  if (name !== undefined && !HOST_NAME.test(name)) throw wrong('has a host that is no name of a machine')
  if (port !== '' && (!/^[1-9]\d*$/.test(port) || Number(port) > MAX_PORT))
    throw wrong(`has a port that is no number from 1 to ${MAX_PORT}`)
  return { host: bracketed ?? name, port: port === '' ? undefined : Number(port) }
}

function queryOf(
  parameters: readonly string[],
  plain: (part: string) => string,
  known: readonly string[],
  wrong: (problem: string) => MessagingError,
): Record<string, string> {
  const query: Record<string, string> = Object.create(null)
  for (const parameter of parameters) {
    const equals = parameter.indexOf('=')
    const key = plain(equals < 0 ? parameter : parameter.slice(0, equals))
    checkKnownKeys({ [key]: true }, known, 'connect(): URL')
    if (key in query) throw wrong(`has the parameter ${key} twice`)
    query[key] = equals < 0 ? '' : plain(parameter.slice(equals + 1))
  }
  return query
}

/** `host:port`, for people. */
export function placeText(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
