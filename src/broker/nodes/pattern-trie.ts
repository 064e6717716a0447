/**
 * Subscribers by pattern: a tree of words, walked once per subject. The cost of a match grows with the words of the
 * subject and with what matches, not with the number of patterns. Rules of matching: `src/core/pattern.ts`.
 */

/** Subjects whose match is remembered; beyond it the memory starts anew. */
const MAX_REMEMBERED = 1_000

const NOBODY: readonly never[] = []

class TrieNode<T> {
  readonly words = new Map<string, TrieNode<T>>()
  /** `*` */
  one: TrieNode<T> | undefined
  /** `#`; the node loops on any word. */
  many: TrieNode<T> | undefined
  /** A node behind `#`. */
  readonly loops: boolean
  /** Subscribers of the pattern that ends here, with how often each gave it. */
  readonly ends = new Map<T, number>()
  /** Last step of a walk that reached this node. */
  step = 0

  constructor(loops: boolean) {
    this.loops = loops
  }

  get unused(): boolean {
    return this.ends.size === 0 && this.words.size === 0 && !this.one && !this.many
  }
}

export class PatternTrie<T> {
  readonly #root = new TrieNode<T>(false)
  /** Every word of a pattern with its number of uses: a word of a subject that no pattern has is looked up once, not in each branch. */
  readonly #vocabulary = new Map<string, number>()
  #steps = 0
  #remembered = new Map<string, readonly T[]>()

  /** The same subscriber may give the same pattern several times; it counts until removed as often. */
  add(pattern: string, subscriber: T): void {
    let node = this.#root
    for (const word of wordsOf(pattern)) {
      node = child(node, word)
      this.#vocabulary.set(word, (this.#vocabulary.get(word) ?? 0) + 1)
    }
    node.ends.set(subscriber, (node.ends.get(subscriber) ?? 0) + 1)
    this.#remembered.clear()
  }

  remove(pattern: string, subscriber: T): void {
    const words = wordsOf(pattern)
    const path = [this.#root]
    for (const word of words) {
      const next = existing(path[path.length - 1]!, word)
      if (!next) return
      path.push(next)
    }
    const { ends } = path[words.length]!
    const count = ends.get(subscriber)
    if (count === undefined) return
    this.#remembered.clear()
    for (const word of words) this.#forget(word)
    if (count > 1) {
      ends.set(subscriber, count - 1)
      return
    }
    ends.delete(subscriber)
    for (let at = words.length; at > 0 && path[at]!.unused; at--) cut(path[at - 1]!, words[at - 1]!)
  }

  /** Everyone with a pattern that fits, once each, in no particular order. The result must not be changed. */
  match(subject: string): readonly T[] {
    const known = this.#remembered.get(subject)
    if (known) return known
    const found = this.#walk(subject)
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear()
    this.#remembered.set(subject, found)
    return found
  }

  /** All branches at once, a word at a time; a node is visited once per word, so that `#.#.#` cannot blow up. */
  #walk(subject: string): readonly T[] {
    let reached: TrieNode<T>[] = []
    this.#steps++
    this.#reach(this.#root, reached)
    // Cut by hand: `split` keeps every subject it ever saw in a table of its own.
    for (let from = 0; from <= subject.length && subject !== ''; ) {
      const dot = subject.indexOf('.', from)
      const end = dot < 0 ? subject.length : dot
      const word = subject.slice(from, end)
      from = end + 1
      const known = this.#vocabulary.has(word)
      const next: TrieNode<T>[] = []
      this.#steps++
      for (const node of reached) {
        if (node.loops) this.#reach(node, next)
        const exact = known && node.words.size > 0 ? node.words.get(word) : undefined
        if (exact) this.#reach(exact, next)
        if (node.one) this.#reach(node.one, next)
      }
      if (next.length === 0) return NOBODY
      reached = next
    }
    if (reached.length === 1) return [...reached[0]!.ends.keys()]
    const found = new Set<T>()
    for (const node of reached) for (const subscriber of node.ends.keys()) found.add(subscriber)
    return [...found]
  }

  #forget(word: string): void {
    const uses = this.#vocabulary.get(word)! - 1
    if (uses === 0) this.#vocabulary.delete(word)
    else this.#vocabulary.set(word, uses)
  }

  #reach(node: TrieNode<T>, into: TrieNode<T>[]): void {
    for (let at: TrieNode<T> | undefined = node; at && at.step !== this.#steps; at = at.many) {
      at.step = this.#steps
      into.push(at)
    }
  }
}

/** `#.#` says no more than `#`; the empty pattern fits the empty subject, which has no words. */
function wordsOf(pattern: string): string[] {
  if (pattern === '') return []
  const words = pattern.split('.')
  return words.filter((word, at) => word !== '#' || words[at - 1] !== '#')
}

function child<T>(node: TrieNode<T>, word: string): TrieNode<T> {
  const found = existing(node, word)
  if (found) return found
  const made = new TrieNode<T>(word === '#')
  if (word === '*') node.one = made
  else if (word === '#') node.many = made
  else node.words.set(word, made)
  return made
}

function existing<T>(node: TrieNode<T>, word: string): TrieNode<T> | undefined {
  if (word === '*') return node.one
  if (word === '#') return node.many
  return node.words.get(word)
}

function cut<T>(node: TrieNode<T>, word: string): void {
  if (word === '*') node.one = undefined
  else if (word === '#') node.many = undefined
  else node.words.delete(word)
}
