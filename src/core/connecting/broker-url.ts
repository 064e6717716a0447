/** Reading the URL of a broker, which may hold a password. */
import { MessagingError } from '../../model/errors.ts'

/** @throws `CONFIG_INVALID` with `form` as advice, and without the platform's error: that quotes the URL, password and all */
export function parseBrokerUrl(url: string, adapter: string, form: string): URL {
  if (URL.canParse(url)) return new URL(url)
  throw new MessagingError('CONFIG_INVALID', 'The URL of the broker cannot be read', {
    hint: `Write ${form}, special characters as %XX.`,
    context: { adapter, option: 'url' },
  })
}

/** What a socket takes as its host: an IPv6 address loses the brackets it has in a URL; nothing is `localhost`. */
export function hostName(inUrl: string): string {
  return inUrl.replace(/^\[|\]$/g, '') || 'localhost'
}

/** `host:port`, for people. */
export function placeText(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
