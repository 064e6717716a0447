/** Checks of what stands on the command line beside the options. Nothing of it is repeated: it may be a URL with a password. */

import type { Arguments } from './arguments.ts'
import { UsageError } from './errors.ts'

const URL_LIKE = /^[a-z][a-z0-9+.-]*:\/\/|^(memory|file):/i

/** @throws UsageError when there are more than these, which are named as in the usage line */
export function expectOnly({ positionals }: Arguments, ...names: readonly string[]): void {
  if (positionals.length <= names.length) return
  const all =
    names.length === 0
      ? 'no arguments are'
      : `${names.join(', ')} ${names.length === 1 ? 'is all that is' : 'are all that is'}`
  const cure = positionals.some((word) => URL_LIKE.test(word)) ? '; the broker goes with -b URL' : ''
  throw new UsageError(`too many arguments: ${all} expected${cure}`)
}

/** @throws UsageError when it is missing, or is the broker */
export function addressArgument(text: string | undefined, what = 'address'): string {
  if (text === undefined) throw new UsageError(`${what} is required`)
  if (URL_LIKE.test(text))
    throw new UsageError(`${what} is expected, and this is a URL: the broker goes with -b URL`)
  return text
}

/** The broker as the only argument or with `-b`. */
export function brokerArgument(args: Arguments): string | undefined {
  const [url] = args.positionals
  if (args.positionals.length > 1 || (url !== undefined && args.has('broker')))
    throw new UsageError('only one URL can be given')
  return url ?? args.text('broker')
}
