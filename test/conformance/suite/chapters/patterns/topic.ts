/** Publish-subscribe: live subscriptions and the one grammar of patterns. */
import assert from 'node:assert/strict'
import { chapter } from '../../case.ts'
import type { CaseContext } from '../../context.ts'
import { allBodies, bodies, nothing, range, take } from '../../expect.ts'

/** Asserts which of the subjects fit, as the broker sees it. The last publish marks the end. */
async function shows(
  c: CaseContext,
  pattern: string,
  subjects: readonly string[],
  expected: readonly string[],
): Promise<void> {
  const news = c.topic<string>()
  const receiver = await c.connection.receiver(news.matching(pattern, 'end.of.test'))
  const sender = await c.connection.sender(news)
  for (const subject of subjects) await sender.send(subject, { subject })
  await sender.send('', { subject: 'end.of.test' })
  const seen: string[] = []
  for (;;) {
    const delivery = await take(receiver)
    await delivery.accept()
    if (delivery.subject === 'end.of.test') break
    assert.equal(delivery.subject, delivery.body)
    seen.push(delivery.body)
  }
  assert.deepEqual(seen, expected, `pattern ${pattern}`)
}

/** The rule in its plainest form, to compare brokers with. */
function fits(pattern: readonly string[], words: readonly string[]): boolean {
  const [first, ...rest] = pattern
  if (first === undefined) return words.length === 0
  if (first === '#') return fits(rest, words) || (words.length > 0 && fits(pattern, words.slice(1)))
  return words.length > 0 && (first === '*' || first === words[0]) && fits(rest, words.slice(1))
}

export const topicChapter = chapter('topic', [
  {
    id: 'live-at-once',
    title: 'receiver() resolves when the subscription is live: the very next publish arrives',
    needs: ['topic'],
    async run(c) {
      const news = c.topic<number>()
      const publisher = await (await c.connect()).sender(news)
      for (const at of range(10)) {
        const receiver = await c.connection.receiver(news.matching('a.*'))
        await publisher.send(at, { subject: 'a.b' })
        assert.equal((await take(receiver)).body, at)
        await receiver.close()
      }
    },
  },
  {
    id: 'every-subscription',
    title: 'every fitting subscription gets a copy',
    needs: ['topic'],
    async run(c) {
      const news = c.topic<string>()
      const receivers = await Promise.all(
        ['us.*', '#.weather', '#'].map((one) => c.connection.receiver(news.matching(one))),
      )
      await c.connection.send(news, 'storm', { subject: 'us.weather' })
      for (const receiver of receivers) assert.equal((await take(receiver)).body, 'storm')
    },
  },
  {
    id: 'exact',
    title: 'a pattern without wildcards fits only the same subject, in the same case',
    needs: ['topic'],
    run: (c) => shows(c, 'a.b', ['a.b', 'a', 'a.b.c', 'A.B', 'ab', 'a.bb', 'b.a'], ['a.b']),
  },
  {
    id: 'star',
    title: '* is exactly one word, neither none nor two',
    needs: ['topic'],
    run: (c) => shows(c, 'a.*', ['a.b', 'a', 'a.b.c', 'b.a', 'a.c'], ['a.b', 'a.c']),
  },
  {
    id: 'star-leading',
    title: 'a leading * stands for one word, not for several and not for none',
    needs: ['topic'],
    run: (c) => shows(c, '*.b', ['a.b', 'b', 'a.a.b', 'x.b', 'a.bb'], ['a.b', 'x.b']),
  },
  {
    id: 'hash-trailing',
    title: 'a trailing # is zero or more words',
    needs: ['topic'],
    run: (c) => shows(c, 'a.#', ['a', 'a.b', 'a.b.c', 'b', 'ab', 'b.a'], ['a', 'a.b', 'a.b.c']),
  },
  {
    id: 'hash-leading',
    title: 'a leading # is zero or more words',
    needs: ['topic'],
    run: (c) => shows(c, '#.z', ['z', 'a.z', 'a.b.z', 'z.a', 'az'], ['z', 'a.z', 'a.b.z']),
  },
  {
    id: 'hash-middle',
    title: 'a # in the middle is zero or more words',
    needs: ['topic'],
    run: (c) => shows(c, 'a.#.z', ['a.z', 'a.b.z', 'a.b.c.z', 'a', 'z', 'a.b'], ['a.z', 'a.b.z', 'a.b.c.z']),
  },
  {
    id: 'hash-and-star',
    title: '# and * together ask for at least as many words as there are stars',
    needs: ['topic'],
    run: (c) => shows(c, '*.#.*', ['a', 'a.b', 'a.b.c', 'a.b.c.d'], ['a.b', 'a.b.c', 'a.b.c.d']),
  },
  {
    id: 'hash-alone',
    title: '# alone fits everything, messages without a subject included',
    needs: ['topic'],
    async run(c) {
      const news = c.topic<string>()
      const receiver = await c.connection.receiver(news.matching('#'))
      const sender = await c.connection.sender(news)
      await sender.send('with', { subject: 'a.b.c' })
      await sender.send('without')
      assert.deepEqual(await bodies(receiver, 2), ['with', 'without'])
    },
  },
  {
    id: 'no-subject',
    title: 'a message without a subject fits no pattern that asks for a word',
    needs: ['topic'],
    async run(c) {
      const news = c.topic<string>()
      const receiver = await c.connection.receiver(news.matching('a', '*', '*.*'))
      const sender = await c.connection.sender(news)
      await sender.send('without')
      await sender.send('marker', { subject: 'a' })
      assert.deepEqual(await bodies(receiver, 1), ['marker'])
    },
  },
  {
    id: 'no-prefix-match',
    title: 'a pattern is no prefix: words are compared whole',
    needs: ['topic'],
    run: (c) =>
      shows(c, 'new.york', ['new.yorker', 'new.york', 'new', 'new.york.city', 'anew.york'], ['new.york']),
  },
  {
    id: 'literal-characters',
    title: 'characters that mean something elsewhere (+ ? [ ( $ ^ \\ >) are plain in patterns and subjects',
    needs: ['topic'],
    run: (c) =>
      shows(
        c,
        'a+?.[b-c].(x|y)',
        ['a+?.[b-c].(x|y)', 'aa.b.x', 'a+?.b.(x|y)', 'a+x.[b-c].x'],
        ['a+?.[b-c].(x|y)'],
      ),
  },
  {
    id: 'unicode-words',
    title: 'words may be of any script',
    needs: ['topic'],
    run: (c) => shows(c, 'größe.*', ['größe.日本', 'grosse.x', 'größe'], ['größe.日本']),
  },
  {
    id: 'table',
    title: 'patterns and subjects agree with the rule on every pair of a table',
    needs: ['topic'],
    async run(c) {
      const patterns = [
        '#',
        '*',
        'a',
        'a.*',
        '*.a',
        'a.#',
        '#.a',
        '#.a.#',
        'a.*.b',
        'a.#.b',
        '*.*',
        '*.*.*',
        '#.*',
        'a.b.c',
        '#.b.*',
      ]
      const words = ['a', 'b', 'c']
      const subjects = [
        ...words,
        ...words.flatMap((x) => words.map((y) => `${x}.${y}`)),
        'a.b.c',
        'a.a.b',
        'b.a.c',
        'a.b.a.b',
        'c.b.a.c',
      ]
      const news = c.topic<string>()
      const receivers = await Promise.all(
        patterns.map((one) => c.connection.receiver(news.matching(one, 'end.of.this.test'))),
      )
      const sender = await c.connection.sender(news)
      await Promise.all([...subjects, 'end.of.this.test'].map((subject) => sender.send(subject, { subject })))
      for (const [at, pattern] of patterns.entries()) {
        const expected = subjects.filter((subject) => fits(pattern.split('.'), subject.split('.')))
        assert.deepEqual(
          await bodies(receivers[at]!, expected.length + 1),
          [...expected, 'end.of.this.test'],
          pattern,
        )
      }
    },
  },
  {
    id: 'overlapping-once',
    title: 'one copy per subscription, however many of its patterns fit',
    needs: ['topic'],
    async run(c) {
      const news = c.topic<number>()
      const receiver = await c.connection.receiver(news.matching('a.*', '#', 'a.b', '*.b', 'a.#'))
      const sender = await c.connection.sender(news)
      for (const at of range(5)) await sender.send(at, { subject: 'a.b' })
      assert.deepEqual(await allBodies(receiver), range(5))
    },
  },
  {
    id: 'several-patterns',
    title: 'a subscription gets what fits any of its patterns, and nothing else',
    needs: ['topic'],
    async run(c) {
      const news = c.topic<string>()
      const receiver = await c.connection.receiver(news.matching('a.*', '*.z'))
      const sender = await c.connection.sender(news)
      for (const subject of ['a.b', 'b.z', 'b.c', 'z', 'a']) await sender.send(subject, { subject })
      assert.deepEqual(await allBodies(receiver), ['a.b', 'b.z'])
    },
  },
  {
    id: 'no-subscriber',
    title: 'publishing with nobody subscribed is fine',
    needs: ['topic'],
    async run(c) {
      await c.connection.send(c.topic(), 'into the void', { subject: 'a' })
      const news = c.topic('other')
      await (await c.connection.receiver(news.matching('a'))).close()
      await c.connection.send(news, 'fits nobody', { subject: 'b' })
    },
  },
  {
    id: 'not-retained',
    title: 'a live subscription gets nothing that was published before it',
    needs: ['topic'],
    async run(c) {
      const news = c.topic<string>()
      await c.connection.send(news, 'before', { subject: 'a' })
      const receiver = await c.connection.receiver(news.matching('#'))
      await c.connection.send(news, 'after', { subject: 'a' })
      assert.deepEqual(await allBodies(receiver), ['after'])
    },
  },
  {
    id: 'unsubscribed',
    title: 'a closed subscription ends alone: the others go on',
    needs: ['topic'],
    async run(c) {
      const news = c.topic<number>()
      const first = await c.connection.receiver(news.matching('#'))
      const second = await c.connection.receiver(news.matching('#'))
      await c.connection.send(news, 1, { subject: 'a' })
      assert.deepEqual([...(await bodies(first, 1)), ...(await bodies(second, 1))], [1, 1])
      await first.close()
      await c.connection.send(news, 2, { subject: 'a' })
      assert.deepEqual(await allBodies(second), [2])
    },
  },
  {
    id: 'isolated',
    title: 'two topics do not leak into each other',
    needs: ['topic'],
    async run(c) {
      const [left, right] = [c.topic<string>('left'), c.topic<string>('right')]
      const receivers = [await c.connection.receiver(left), await c.connection.receiver(right)]
      await c.connection.send(left, 'l', { subject: 'a' })
      await c.connection.send(right, 'r', { subject: 'a' })
      assert.deepEqual(await allBodies(receivers[0]!), ['l'])
      assert.deepEqual(await allBodies(receivers[1]!), ['r'])
    },
  },
  {
    id: 'order',
    title: 'a subscription keeps the order of each publisher',
    needs: ['topic'],
    async run(c) {
      const news = c.topic<number>()
      const receiver = await c.connection.receiver(news.matching('a.#'))
      const sender = await c.connection.sender(news)
      await Promise.all(range(200).map((at) => sender.send(at, { subject: at % 2 ? 'a.b' : 'a.c' })))
      assert.deepEqual(await bodies(receiver, 200), range(200))
    },
  },
  {
    id: 'topic-itself',
    title: 'receiving from a topic without patterns receives everything',
    needs: ['topic'],
    async run(c) {
      const news = c.topic<string>()
      const receiver = await c.connection.receiver(news)
      await c.connection.send(news, 'x', { subject: 'any.thing' })
      assert.deepEqual(await bodies(receiver, 1), ['x'])
    },
  },
  {
    id: 'text-address',
    title: 'an address string publishes with its subject and subscribes with its pattern',
    needs: ['topic'],
    async run(c) {
      const news = c.topic<string>()
      const node = '{create: always, node: {type: topic}}'
      const receiver = await c.connection.receiver(`${news.name}/us.*; ${node}`)
      const sender = await c.connection.sender(`${news.name}/us.weather; ${node}`)
      await sender.send('default subject')
      await sender.send('own subject', { subject: 'eu.weather' })
      await sender.send('own fitting subject', { subject: 'us.news' })
      assert.deepEqual(await allBodies(receiver), ['default subject', 'own fitting subject'])
    },
  },
  {
    id: 'own-publishes',
    title: 'subscriber and publisher may share one connection',
    needs: ['topic'],
    async run(c) {
      const news = c.topic<number>()
      const receiver = await c.connection.receiver(news.matching('#'))
      const sender = await c.connection.sender(news)
      for (const at of range(5)) {
        await sender.send(at, { subject: 'a' })
        assert.deepEqual(await bodies(receiver, 1), [at])
      }
    },
  },
  {
    id: 'many-subscriptions',
    title: 'of a hundred subscriptions each gets its own messages and no others',
    needs: ['topic'],
    async run(c) {
      const news = c.topic<number>()
      const receivers = await Promise.all(
        range(100).map((at) => c.connection.receiver(news.matching(`k.${at}`))),
      )
      const sender = await c.connection.sender(news)
      await Promise.all(range(200).map((at) => sender.send(at, { subject: `k.${at % 100}` })))
      for (const at of range(100)) assert.deepEqual(await bodies(receivers[at]!, 2), [at, at + 100])
      await nothing(receivers[0]!, 100)
    },
  },
])
