/** URLs of the embedded broker: `memory:`, `memory:name`, `file:./directory`, `file:///absolute/directory`. */
import { fileURLToPath } from 'node:url'
import { MessagingError } from '../../model/errors.ts'
import { checkKnownKeys } from '../options/known-keys.ts'

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const CONTROL = /[\x00-\x1f\x7f]/

/** The name behind `memory:`; empty for the one without. */
export function memoryName(url: string): string {
  const rest = behindScheme(url)
  refuseQuery(rest)
  return decode(rest.replace(/^\/\//, ''), url)
}

/** The directory behind `file:`: a path relative to the working directory, or a `file://` URL. */
export function fileDirectory(url: string): string {
  const rest = behindScheme(url)
  refuseQuery(rest)
  // Slashes alone would be the root of the file system, which nobody means.
  if (/^\/*$/.test(rest)) throw invalid(`'${url}' names no directory`)
  if (rest.startsWith('//')) {
    if (rest.includes('#')) throw invalid('the URL has a #; write %23 for one in a name')
    try {
      return fileURLToPath(`file:${rest}`)
    } catch (cause) {
      throw invalid(`'${url}' is no file URL`, cause)
    }
  }
  const path = decode(rest, url)
  if (path.includes('\0')) throw invalid('the path of the store holds a NUL character')
  return path
}

/** What parsers of URLs leave out without a word (line breaks, tabs, a NUL at the end) is refused: it would name another place. */
function behindScheme(url: string): string {
  // A line feed at the end comes along when a URL is read from a file.
  const rest = url.slice(url.indexOf(':') + 1).trimEnd()
  if (CONTROL.test(rest)) throw invalid('the URL holds a control character; write it as %XX')
  return rest
}

function refuseQuery(rest: string): void {
  const query = rest.indexOf('?')
  if (query < 0) return
  const names = [...new URLSearchParams(rest.slice(query + 1)).keys()]
  checkKnownKeys(Object.fromEntries(names.map((name) => [name, true])), [], 'connect(): the URL')
  throw invalid('the URL has a question mark; write %3F for one in a name')
}

function decode(text: string, url: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw invalid(
      `'${url}' has a % that no two hexadecimal digits follow; write %25 for a percent sign`,
      cause,
    )
  }
}

function invalid(text: string, cause?: unknown): MessagingError {
  return new MessagingError('CONFIG_INVALID', `connect(): ${text}`, {
    cause,
    hint: 'Write memory:, memory:name, file:./directory or file:///directory.',
    context: { option: 'url' },
  })
}
