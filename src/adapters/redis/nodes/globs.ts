/**
 * From patterns of words to what Redis can subscribe to. Pure.
 *
 * A glob's `*` crosses dots, so that a pattern becomes a glob that fits at least all it should; the exact matcher decides behind
 * it. Redis sends one copy for each fitting glob or channel, so that for every message exactly one of a subscription's places has to
 * count: that of its first pattern that fits.
 */
import { compilePattern, type Matcher } from '../../../core/pattern.ts'

/** A channel, or a glob of channels. */
export interface ChannelPlace {
  readonly kind: 'exact' | 'glob'
  readonly name: string
}

export interface PatternPlaces {
  readonly fits: Matcher
  /** No channel fits two of them. */
  readonly places: readonly ChannelPlace[]
}

/** Where the messages that fit a pattern come from. `root` is the part of the channels before the subject. */
export function placesOf(root: string, pattern: string): PatternPlaces {
  const fits = compilePattern(pattern)
  const words = pattern.split('.')
  const places: ChannelPlace[] = []
  // The channel without a subject.
  if (fits('')) places.push({ kind: 'exact', name: root })
  const wild = words.some((word) => word === '*' || word === '#')
  if (wild) places.push({ kind: 'glob', name: `${escapeGlob(root)}${globOf(words)}` })
  else places.push({ kind: 'exact', name: `${root}.${pattern}` })
  return { fits, places }
}

/** Every channel with a subject. */
export function wholeTopic(root: string): string {
  return `${escapeGlob(root)}.*`
}

/** Begins with the dot, unless `#` may stand for no word at all. */
function globOf(words: readonly string[]): string {
  let glob = ''
  for (const [at, word] of words.entries()) {
    // The dot goes, too: `a.#` fits `a`. The channel of the topic itself is another place.
    if (word === '#') return at === 0 ? '.*' : `${glob}*`
    glob += `.${word === '*' ? '*' : escapeGlob(word)}`
  }
  return glob
}

function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&')
}
