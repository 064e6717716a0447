/**
 * How the patterns of a subscription are bound at a topic exchange of Broker-J. Pure.
 *
 * Its matcher is one automaton for all keys of a topic. Keys whose wildcards stand in their midst multiply its states: forty random
 * ones take it ten seconds, sixty all its memory. With words first, then `*`, then at most one `#`, they only add up: a state is the
 * deepest word that still fits, and the number of words since. So a pattern is bound up to where it is of that form; what its key lets
 * in too many is dropped by the receiver.
 */
import { compilePattern } from '../../../core/pattern.ts'
import type { IncomingMessage } from '../../../model/message.ts'

/** Everything that fits a pattern fits one of the keys. */
export function bindingKeys(patterns: readonly string[]): string[] {
  const keys = new Set(patterns.map(keyOf))
  return keys.has('#') ? ['#'] : [...keys]
}

/** Tells the messages that fit from those that only fit the keys; `undefined` where the keys let in no others. */
export function exactFilter(
  patterns: readonly string[],
): ((message: IncomingMessage) => boolean) | undefined {
  // Broker-J takes a missing subject as one empty word, which `*` fits; by the rules of patterns it has no word at all.
  const tooWide = (pattern: string) => keyOf(pattern) !== pattern || pattern === '*' || pattern === '*.#'
  if (!patterns.some(tooWide) || patterns.includes('#')) return undefined
  const matchers = patterns.map(compilePattern)
  return (message) => {
    const key = routingKey(message)
    return matchers.some((fits) => fits(key))
  }
}

function keyOf(pattern: string): string {
  const words = pattern.split('.')
  const isWild = (word: string | undefined): boolean => word === '*' || word === '#'
  let end = words.findIndex(isWild)
  if (end < 0) return pattern
  while (words[end] === '*') end++
  return end === words.length ? pattern : [...words.slice(0, end), '#'].join('.')
}

/** What Broker-J routes by, as far as the message shows it; in this order. */
function routingKey({ properties, subject, annotations }: IncomingMessage): string {
  for (const value of [properties['routing-key'], properties.routing_key, subject]) {
    if (typeof value === 'string') return value
  }
  const to = annotations?.to
  return typeof to === 'string' ? to.slice(to.indexOf('/') + 1) : ''
}
