/** Reads single options that only one adapter knows; an unusable value is refused in the same words on each. */
import { MessagingError } from '../../model/errors.ts'

/** Each reader but `invalid` throws `CONFIG_INVALID` naming the option; `undefined` is not said, and stays so. */
interface OptionReader {
  text(option: string, value: unknown): string | undefined
  /** Digits in a text count too: the query of a URL has nothing else. */
  wholeNumber(option: string, value: unknown, least: number): number | undefined
  /** A part of the URL in `option` (default `url`), without its escapes. */
  urlPart(part: string, option?: string): string
  invalid(option: string, problem: string): MessagingError
}

/** @param place where the options stand: `connect()`, or a node's `native` */
export function optionReader(adapter: string, place: 'connect()' | 'native'): OptionReader {
  const invalid = (option: string, problem: string): MessagingError =>
    new MessagingError('CONFIG_INVALID', `${place}: ${option} ${problem}`, { context: { adapter, option } })
  return {
    invalid,
    text(option, value) {
      if (value === undefined || typeof value === 'string') return value
      throw invalid(option, 'is no string')
    },
    wholeNumber(option, value, least) {
      if (value === undefined) return undefined
      const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
      if (Number.isSafeInteger(number) && (number as number) >= least) return number as number
      throw invalid(option, `is no whole number from ${least} up`)
    },
    urlPart(part, option = 'url') {
      try {
        return decodeURIComponent(part)
      } catch {
        throw invalid(option, 'holds a % that is no escape')
      }
    },
  }
}
