/** Names of nodes, members and subscriptions, and patterns of subjects: what every broker can hold. */
import { MessagingError } from '../../model/errors.ts'

/** Longest name. Unit: UTF-8 bytes. Leaves every broker room for its own decoration within AMQP's 255. */
export const MAX_NAME_BYTES = 220

/** @throws `ADDRESS_MALFORMED`; `TypeError` when it is no string */
export function checkName(name: string): string {
  if (typeof name !== 'string') throw new TypeError('The name of a node is no string')
  if (name === '') throw malformed('The name of a node is empty')
  // RabbitMQ takes line breaks out of names without a word.
  const wrong = /[\0\r\n]/.exec(name)
  if (wrong)
    throw malformed(`The name of a node holds ${wrong[0] === '\0' ? 'a NUL character' : 'a line break'}`)
  if (!name.isWellFormed()) throw malformed('The name is no valid Unicode')
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) {
    throw malformed(`The name has ${Buffer.byteLength(name)} bytes in UTF-8, the limit is ${MAX_NAME_BYTES}`)
  }
  return name
}

/** @throws `ADDRESS_MALFORMED`; `TypeError` when there is none, or one is no string */
export function checkPatterns(patterns: readonly string[]): readonly string[] {
  if (patterns.length === 0) throw new TypeError('matching() needs at least one pattern')
  for (const pattern of patterns) {
    if (typeof pattern !== 'string')
      throw new TypeError('A pattern is no string: matching() takes them one by one, matching(...patterns)')
    if (!(pattern as string & { isWellFormed(): boolean }).isWellFormed())
      throw malformed('The pattern is no valid Unicode')
    if (Buffer.byteLength(pattern) > 255) throw malformed('The pattern is longer than 255 bytes')
  }
  return Object.freeze([...new Set(patterns)])
}

function malformed(text: string): MessagingError {
  return new MessagingError('ADDRESS_MALFORMED', text)
}
