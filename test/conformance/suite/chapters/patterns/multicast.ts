/** Multicast: the named members of a list, nobody else. */
import assert from 'node:assert/strict'
import { chapter } from '../../case.ts'
import { allBodies, bodies, fails, nothing, range, sorted } from '../../expect.ts'

export const multicastChapter = chapter('multicast', [
  {
    id: 'named-once',
    title: 'each named member gets the message once, and nobody else does',
    needs: ['multicast'],
    async run(c) {
      const fleet = c.multicast<string>()
      const [one, two, three] = await Promise.all(
        ['t1', 't2', 't3'].map((name) => c.connection.receiver(c.own(fleet.member(name)))),
      )
      await c.connection.send(fleet.to('t1', 't3'), 'go')
      assert.deepEqual(await allBodies(one!), ['go'])
      assert.deepEqual(await allBodies(three!), ['go'])
      await nothing(two!)
    },
  },
  {
    id: 'duplicate-names',
    title: 'a member named twice in one list gets one copy',
    needs: ['multicast'],
    async run(c) {
      const fleet = c.multicast<string>()
      const truck = await c.connection.receiver(c.own(fleet.member('t')))
      await c.connection.send(fleet.to('t', 't'), 'once')
      assert.deepEqual(await allBodies(truck), ['once'])
    },
  },
  {
    id: 'empty-list',
    title: 'an empty list is a TypeError',
    async run(c) {
      const fleet = c.multicast()
      assert.throws(() => fleet.to(), TypeError)
    },
  },
  {
    id: 'away',
    title: 'a member that is away gets its messages on return, in order',
    needs: ['multicast'],
    async run(c) {
      const fleet = c.multicast<number>()
      const member = c.own(fleet.member('t'))
      await (await c.connection.receiver(member)).close()
      const sender = await c.connection.sender(fleet.to('t'))
      for (const at of range(5)) await sender.send(at)
      assert.deepEqual(await bodies(await (await c.connect()).receiver(member), 5), range(5))
    },
  },
  {
    id: 'never-joined',
    title:
      'a send to members that never joined is SEND_UNROUTABLE listing exactly those; the others got theirs',
    needs: ['multicast', 'unroutable'],
    async run(c) {
      const fleet = c.multicast<string>()
      const known = await c.connection.receiver(c.own(fleet.member('known')))
      const error = await fails(
        c.connection.send(fleet.to('ghost-1', 'known', 'ghost-2'), 'partly'),
        'SEND_UNROUTABLE',
      )
      assert.match(error.message, /ghost-1/)
      assert.match(error.message, /ghost-2/)
      assert.doesNotMatch(error.message, /\bknown\b/)
      assert.deepEqual(await allBodies(known), ['partly'])
    },
  },
  {
    id: 'nobody-joined',
    title: 'a multicast that nobody ever joined is SEND_UNROUTABLE',
    needs: ['multicast', 'unroutable'],
    async run(c) {
      await fails(c.connection.send(c.multicast().to('a', 'b'), 'x'), 'SEND_UNROUTABLE')
    },
  },
  {
    id: 'settle-alone',
    title: 'members settle for themselves: a release of one concerns no other',
    needs: ['multicast'],
    async run(c) {
      const fleet = c.multicast<string>()
      const one = await c.connection.receiver(c.own(fleet.member('one')))
      const two = await c.connection.receiver(c.own(fleet.member('two')))
      await c.connection.send(fleet.to('one', 'two'), 'x')
      await (await one.receive({ timeoutMs: 5_000 }))!.release()
      assert.deepEqual(await bodies(two, 1), ['x'])
      assert.deepEqual(await bodies(one, 1), ['x'])
      await nothing(two, 100)
    },
  },
  {
    id: 'shared-member',
    title: 'two receivers of one member share its messages',
    needs: ['multicast'],
    async run(c) {
      const fleet = c.multicast<number>()
      const member = c.own(fleet.member('t'))
      const receivers = [await c.connection.receiver(member), await (await c.connect()).receiver(member)]
      const sender = await c.connection.sender(fleet.to('t'))
      const taken = receivers.map((receiver) => allBodies(receiver, 400))
      await Promise.all(range(20).map((at) => sender.send(at)))
      assert.deepEqual(sorted((await Promise.all(taken)).flat()), range(20))
    },
  },
  {
    id: 'names-kept-apart',
    title: 'list and member names with separators in them are never confused',
    needs: ['multicast'],
    async run(c) {
      const base = c.multicast<string>('m')
      const first = await c.connection.receiver(c.own(base.member('a:b')))
      const second = await c.connection.receiver(c.own(base.member('a')))
      const third = await c.connection.receiver(c.own(base.member('a%3Ab')))
      await c.connection.send(base.to('a:b'), 'first')
      await c.connection.send(base.to('a'), 'second')
      await c.connection.send(base.to('a%3Ab'), 'third')
      assert.deepEqual(await allBodies(first), ['first'])
      assert.deepEqual(await allBodies(second), ['second'])
      assert.deepEqual(await allBodies(third), ['third'])
    },
  },
  {
    id: 'many-members',
    title: 'one send reaches fifty members, each once',
    needs: ['multicast'],
    async run(c) {
      const fleet = c.multicast<string>()
      const names = range(50).map((at) => `member-${at}`)
      const receivers = await Promise.all(
        names.map((name) => c.connection.receiver(c.own(fleet.member(name)))),
      )
      await c.connection.send(fleet.to(...names), 'all')
      for (const receiver of receivers) assert.deepEqual(await bodies(receiver, 1), ['all'])
      await nothing(receivers[0]!, 100)
    },
  },
  {
    id: 'fields',
    title: 'every member sees the same fields, without a trace of the list',
    needs: ['multicast'],
    async run(c) {
      const fleet = c.multicast<string>()
      const receivers = await Promise.all(
        ['x', 'y'].map((name) => c.connection.receiver(c.own(fleet.member(name)))),
      )
      await c.connection.send(fleet.to('x', 'y'), 'b', { id: 'm-1', subject: 's', properties: { k: 'v' } })
      for (const receiver of receivers) {
        const delivery = await receiver.receive({ timeoutMs: 5_000 })
        assert.deepEqual([delivery?.id, delivery?.subject, delivery?.body], ['m-1', 's', 'b'])
        assert.deepEqual({ ...delivery?.properties }, { k: 'v' })
      }
    },
  },
])
