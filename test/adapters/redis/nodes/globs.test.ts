import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { placesOf } from '../../../../src/adapters/redis/nodes/globs.ts'
import {
  channelOf,
  channelRoot,
  Keys,
  sameSlot,
  subjectOf,
} from '../../../../src/adapters/redis/nodes/keys.ts'
import { memberQueue } from '../../../../src/contract/adapter.ts'

const word = fc.constantFrom('a', 'b', 'ab', 'a*', '[a]', '?', '\\', '^', 'ü')
const pattern = fc
  .array(fc.oneof(word, fc.constantFrom('*', '#')), { minLength: 1, maxLength: 5 })
  .map((words) => words.join('.'))
const subject = fc.option(
  fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => words.join('.')),
  { nil: undefined },
)
const topic = fc.constantFrom('news', 'n.e.w.s', 'ne*', '[x]', '100%', 'ü?')

/** Redis' stringmatchlen for the globs made here: literals, escapes and `*`. */
function globFits(glob: string, text: string): boolean {
  const source = glob.replace(/\\(.)|\*|[.+^${}()|[\]?]/g, (found, escaped?: string) =>
    escaped !== undefined
      ? escaped.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
      : found === '*'
        ? '[^]*'
        : `\\${found}`,
  )
  return new RegExp(`^${source}$`).test(text)
}

describe('globs', () => {
  it('fit every subject that the pattern fits, each by exactly one place', () => {
    fc.assert(
      fc.property(topic, pattern, subject, (name, one, key) => {
        const root = channelRoot(name)
        const channel = channelOf(root, key)
        const { fits, places } = placesOf(root, one)
        const by = places.filter((place) =>
          place.kind === 'exact' ? place.name === channel : globFits(place.name, channel),
        )
        if (fits(key ?? '')) expect(by).toHaveLength(1)
        else expect(by.length).toBeLessThanOrEqual(1)
      }),
      { numRuns: 5_000 },
    )
  })
})

describe('names', () => {
  it('of channels can be read back, and no topic hears another', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }),
        fc.option(fc.string(), { nil: undefined }),
        fc.string({ minLength: 1 }),
        (name, key, other) => {
          const root = channelRoot(name)
          const channel = channelOf(root, key)
          expect(channel === root || channel.startsWith(`${root}.`)).toBe(true)
          expect(subjectOf(root, channel)).toBe(key)
          const foreign = channelRoot(other)
          if (other !== name) expect(channel === foreign || channel.startsWith(`${foreign}.`)).toBe(false)
        },
      ),
    )
    expect(channelOf('news', 'us')).toBe('news.us')
    expect(channelOf('news', undefined)).toBe('news')
  })

  it('of keys never meet', () => {
    const keys = new Keys('sluice')
    const name = fc.string({
      minLength: 1,
      unit: fc.constantFrom('a', ':', '{', '}', '#', '/', '%', '2', 'F'),
    })
    fc.assert(
      fc.property(name, name, name, name, (one, two, three, four) => {
        const all = [keys.queue(one), keys.topic(one), keys.subscription(one, three)]
        expect(new Set(all).size).toBe(3)
        if (one !== two) {
          expect(keys.queue(one)).not.toBe(keys.queue(two))
          expect(keys.topic(one)).not.toBe(keys.topic(two))
        }
        if (one !== two || three !== four)
          expect(keys.subscription(one, three)).not.toBe(keys.subscription(two, four))
        for (const part of ['#ready', '#msg']) expect(`${keys.queue(one)}${part}`).not.toBe(keys.queue(two))
      }),
    )
  })

  it('of all members of a multicast share its slot, and of a subscription that of its topic', () => {
    const keys = new Keys('sluice')
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (node, member) => {
        expect(sameSlot(keys.multicast(node), keys.queue(memberQueue(node, member)))).toBe(true)
        expect(sameSlot(keys.topic(node), keys.subscription(node, member))).toBe(true)
      }),
    )
  })
})
