/** Reading the URL of a broker, which may hold a password. */
import { MessagingError } from '../api/errors.ts'

/** @throws `CONFIG_INVALID` with `form` as advice, and without the platform's error: that quotes the URL, password and all */
export function parseBrokerUrl(url: string, adapter: string, form: string): URL {
  if (URL.canParse(url)) return new URL(url)
  throw new MessagingError('CONFIG_INVALID', 'The URL of the broker cannot be read', {
    hint: `Write ${form}, special characters as %XX.`,
    context: { adapter, option: 'url' },
  })
}
