/**
 * Queues, limits and rights that others set up on Artemis: every call works or ends in one typed error, what was accepted is received unless
 * the maker of the queue wished otherwise, and no connection is lost.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Connection, connect, queue, service } from '../../../src/index.ts'
import { brokerUrl, isLeftOut } from '../../support/brokers.ts'
import { uniqueName } from '../../support/names.ts'
import { runs, timeoutOf } from '../runs.ts'
import { ArtemisManagement } from './artemis-management.ts'
import { BODIES, browsed, ended, KEY, often, received, type Situation, sendAll } from './situation.ts'

describe.skipIf(isLeftOut('artemis'))('Artemis', () => {
  const artemis = () => brokerUrl('artemis')
  let management: ArtemisManagement
  let sends: Connection
  let reads: Connection
  const lost: unknown[] = []

  beforeAll(async () => {
    management = await ArtemisManagement.open(artemis())
    sends = await connect(artemis())
    reads = await connect(artemis())
    for (const each of [sends, reads]) each.on('disconnected', ({ cause }) => lost.push(cause))
  })
  afterAll(async () => {
    await Promise.all([sends.close(), reads.close(), management.close()])
  })

  async function situation(settings: Readonly<Record<string, unknown>>): Promise<Situation> {
    const name = uniqueName('theirs')
    await management.makeQueue(name, settings)
    return { sends, reads, theirs: queue<number>(name, { create: 'never' }) }
  }

  const settings = fc
    .record({
      durable: fc.boolean(),
      exclusive: often(true, false),
      'ring-size': often(2),
      'last-value-key': often(KEY),
      'max-consumers': often(0, 1),
      'group-buckets': often(2),
      'group-first-key': often(KEY),
      'consumer-priority': often(5),
      'auto-delete': often(false),
      'filter-string': often(`${KEY} <> '0'`),
    })
    .map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)))

  test(
    'queues of others, whatever their settings, are used as they are',
    async () => {
      await fc.assert(
        fc.asyncProperty(settings, async (native) => {
          const each = await situation(native)
          expect(await sendAll(each)).toEqual([BODIES, []])
          const kept = native['ring-size'] === undefined ? BODIES : [3, 4]
          const looks = await ended(browsed(each))
          // A message that comes back to a last-value queue of Artemis gives way to itself, and one to a full ring to the others.
          const drops = 'ring-size' in native || 'last-value-key' in native
          const got = await ended(received(each, kept.length, !drops))
          if (native['max-consumers'] === 0) {
            expect(got).toBe('UNAUTHORIZED in-use')
            expect([kept, 'UNAUTHORIZED in-use']).toContainEqual(looks)
          } else {
            expect(looks).toEqual(kept)
            expect(got).toEqual(kept)
          }
          expect(lost).toEqual([])
        }),
        runs(8),
      )
    },
    timeoutOf(8, 3_000),
  )

  test.each(['FAIL', 'BLOCK'])(
    'an address that is full (%s) takes messages again when there is room',
    async (policy) => {
      const name = uniqueName('full')
      const full = { maxSizeBytes: 20_000, pageSizeBytes: 10_000, addressFullMessagePolicy: policy }
      await management.ask('addAddressSettings', name, JSON.stringify(full))
      await management.makeQueue(name)
      const theirs = queue<string>(name, { create: 'never' })
      await using sender = await sends.sender(theirs, { capacity: 2_000 })
      const filling = 'x'.repeat(2_000)
      const bodies = Array.from({ length: 1_100 }, (_, at) => `${at} ${filling}`)
      const outcomes = await Promise.all(bodies.map((body) => ended(sender.send(body, { timeoutMs: 2_000 }))))
      const told = (code: unknown): string[] => bodies.filter((_, at) => outcomes[at] === code)
      const accepted = bodies.filter((_, at) => typeof outcomes[at] === 'object')
      const unknown = told('SEND_UNCONFIRMED')
      const late = told('CAPACITY_EXCEEDED')
      const refused = policy === 'FAIL' ? told('SEND_REJECTED node-full') : []
      expect(late).not.toEqual([])
      expect(accepted.length + refused.length + unknown.length + late.length).toBe(bodies.length)
      const waiting = sender.send('waits', { timeoutMs: 20_000 })
      await using receiver = await reads.receiver(theirs)
      const got = new Set<string>()
      while (!got.has('waits')) {
        const delivery = (await receiver.receive({ timeoutMs: 10_000 }))!
        got.add(delivery.body)
        await delivery.accept()
      }
      await waiting
      got.delete('waits')
      for (const body of accepted) expect(got.delete(body)).toBe(true)
      // What was told as not taken never comes.
      for (const body of got) expect(unknown).toContain(body)
      expect(await receiver.receive({ timeoutMs: 0 })).toBeUndefined()
      expect(lost).toEqual([])
    },
  )

  test('a queue that has as many receivers as it may have is in use, and free again', async () => {
    const { theirs } = await situation({ 'max-consumers': 1 })
    const first = await sends.receiver(theirs)
    expect(await ended(reads.receiver(theirs))).toBe('UNAUTHORIZED in-use')
    await reads.send(theirs, 1)
    expect((await first.receive({ timeoutMs: 10_000 }))?.body).toBe(1)
    await first.close()
    await using second = await reads.receiver(theirs)
    expect((await second.receive({ timeoutMs: 10_000 }))?.body).toBe(1)
  })

  test('a topic is no queue to a receiver either', async () => {
    const { theirs } = await situation({ 'routing-type': 'MULTICAST' })
    expect(await ended(sends.receiver(theirs))).toBe('ADDRESS_MISMATCH')
    expect(await ended(sends.send(theirs, 1))).toBe('ADDRESS_MISMATCH')
  })

  test('a user without a right is refused that, by name, and has the others', async () => {
    const RIGHTS = [
      'send',
      'consume',
      'createDurableQueue',
      'deleteDurableQueue',
      'createNonDurableQueue',
      'deleteNonDurableQueue',
      'manage',
      'browse',
      'createAddress',
      'deleteAddress',
      'view',
      'edit',
    ]
    const user = uniqueName('weak')
    await management.ask('addUser', user, user, user, true)
    const at = new URL(artemis())
    at.username = user
    at.password = user
    await using weak = await connect(at.href)
    weak.on('disconnected', ({ cause }) => lost.push(cause))
    await fc.assert(
      fc.asyncProperty(fc.subarray(['send', 'consume', 'browse']), async (rights) => {
        const { theirs } = await situation({})
        const fresh = queue<number>(`${theirs.name}.fresh`, { create: 'never' })
        const grants = RIGHTS.map((right) => (rights.includes(right) ? `amq,${user}` : 'amq'))
        for (const { name } of [theirs, fresh]) await management.ask('addSecuritySettings', name, ...grants)
        await sends.send(theirs, 7)
        const may = (right: string): unknown => (rights.includes(right) ? undefined : 'UNAUTHORIZED')
        const sent = await ended(weak.send(theirs, 8))
        expect(typeof sent === 'string' ? sent : undefined).toBe(may('send'))
        const seen = await ended(browsed({ sends, reads: weak, theirs }))
        expect(typeof seen === 'string' ? seen : undefined).toBe(may('browse'))
        const got = await ended(received({ sends, reads: weak, theirs }, 1))
        expect(typeof got === 'string' ? got : undefined).toBe(may('consume'))
        expect(await ended(weak.send(fresh, 1))).toBe('UNAUTHORIZED')
        expect(await ended(weak.request(service<number, number>(fresh.name, { create: 'never' }), 1))).toBe(
          'UNAUTHORIZED',
        )
        expect(lost).toEqual([])
      }),
      runs(3),
    )
  })
})
