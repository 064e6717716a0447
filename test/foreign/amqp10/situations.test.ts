/**
 * Queues that others made on Broker-J, with settings of any kind, and messages that a broker does not take: every call works or ends in one
 * typed error, what was accepted is received unless the maker of the queue wished otherwise, and no connection is lost.
 */
import { once } from 'node:events'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { connect, queue } from '../../../src/index.ts'
import { url } from '../../adapters/qpid/fixture.ts'
import { bareConnection } from '../../support/bare-rhea.ts'
import { brokerUrl, brokerVariable, isLeftOut } from '../../support/brokers.ts'
import { uniqueName } from '../../support/names.ts'
import { runs, timeoutOf } from '../runs.ts'
import { AccessRules } from './access-rules.ts'
import { browsed, ended, KEY, often, received, type Situation, sendAll } from './situation.ts'

describe('Broker-J', () => {
  const settings = fc
    .record({
      'qpid-type': fc.constantFrom('standard', 'priority', 'lvq', 'sorted'),
      overflowPolicy: fc.constantFrom('NONE', 'RING', 'REJECT', 'PRODUCER_FLOW_CONTROL', 'FLOW_TO_DISK'),
      durable: fc.boolean(),
      exclusive: often(
        'NONE',
        'SESSION',
        'CONTAINER',
        'CONNECTION',
        'PRINCIPAL',
        'LINK',
        'SHARED_SUBSCRIPTION',
      ),
      lifetimePolicy: often('PERMANENT', 'IN_USE'),
      holdOnPublishEnabled: often(true, false),
      maximumDeliveryAttempts: often(3),
      noLocal: often(true, false),
      messageGroupType: often('NONE', 'STANDARD', 'SHARED_GROUPS'),
      messageGroupKeyOverride: often(KEY),
      messageDurability: often('DEFAULT', 'ALWAYS', 'NEVER'),
      maximumMessageTtl: often(60_000),
      minimumMessageTtl: often(60_000),
    })
    .map(({ overflowPolicy, ...all }) => {
      const native: Record<string, unknown> = Object.fromEntries(
        Object.entries(all).filter(([, value]) => value !== undefined),
      )
      if (overflowPolicy !== 'NONE') Object.assign(native, { overflowPolicy, maximumQueueDepthMessages: 2 })
      if (native['qpid-type'] === 'lvq') native.lvqKey = KEY
      if (native['qpid-type'] === 'sorted') native.sortKey = KEY
      return native
    })

  test(
    'queues of others, whatever their settings, are used as they are',
    async () => {
      await using sends = await connect(url)
      await using reads = await connect(url)
      const lost: unknown[] = []
      for (const each of [sends, reads]) each.on('disconnected', ({ cause }) => lost.push(cause))
      await fc.assert(
        fc.asyncProperty(settings, async (native) => {
          const name = uniqueName('theirs')
          await sends.admin.declare(queue(name, { native, durable: native.durable === true }))
          const situation: Situation = { sends, reads, theirs: queue<number>(name, { create: 'never' }) }
          const [accepted, refused] = await sendAll(situation)
          for (const code of refused) expect(code).toBe('SEND_REJECTED node-full')
          expect(accepted.length).toBe(native.overflowPolicy === 'REJECT' ? 2 : 4)
          const seen = await ended(browsed(situation))
          // Another connection, session or container may have it for itself.
          if (typeof seen === 'string') expect(seen).toBe('UNAUTHORIZED in-use')
          else if (native.overflowPolicy === 'RING') expect(seen.length).toBe(2)
          else expect([...seen].sort()).toEqual(accepted)
          expect(await ended(browsed(situation))).toEqual(seen)
          const got = await ended(received(situation, seen.length))
          if (typeof seen === 'string') expect(got).toBe(seen)
          else expect([...got].sort()).toEqual([...seen].sort())
          if (seen.length > 0 && native['qpid-type'] === 'sorted') expect(got).toEqual(seen)
          await sends.admin.delete(queue(name))
          expect(lost).toEqual([])
        }),
        runs(10),
      )
    },
    timeoutOf(10, 2_000),
  )

  test('a user without a right is refused that, with the words of the broker, and has the others', async () => {
    await using admin = await connect(url)
    const rules = await AccessRules.open(url)
    try {
      await using weak = await connect({
        url: brokerVariable('qpid', 'SLUICE_TEST_QPID_ANONYMOUS'),
        native: { mechanism: 'ANONYMOUS' },
      })
      const lost: unknown[] = []
      weak.on('disconnected', ({ cause }) => lost.push(cause))
      await fc.assert(
        fc.asyncProperty(fc.subarray(['PUBLISH', 'CONSUME', 'CREATE', 'DELETE']), async (denied) => {
          const name = uniqueName('theirs')
          await admin.admin.declare(queue(name))
          await rules.deny(
            'ANONYMOUS',
            denied.map((right) =>
              right === 'PUBLISH'
                ? `PUBLISH EXCHANGE name="" routingkey="${name}*"`
                : `${right} QUEUE name="${name}*"`,
            ),
          )
          const theirs = queue<number>(name, { create: 'never' })
          const told = async (right: string, work: Promise<unknown>): Promise<void> => {
            const outcome = await ended(work)
            expect([right, outcome === 'UNAUTHORIZED']).toEqual([right, denied.includes(right)])
          }
          await admin.send(theirs, 1)
          await told('PUBLISH', weak.send(theirs, 2))
          await told('CONSUME', browsed({ sends: weak, reads: weak, theirs }))
          await told('CONSUME', received({ sends: weak, reads: weak, theirs }, 1))
          await told('CREATE', weak.admin.declare(queue(`${name}.new`)))
          await told('DELETE', weak.admin.delete(queue(name)))
          await admin.admin.delete(queue(name))
          await admin.admin.delete(queue(`${name}.new`))
          expect(lost).toEqual([])
        }),
        runs(4),
      )
    } finally {
      await rules.close()
    }
  })

  test('a message that it ends the connection over is told once, and what is beside it arrives', {
    skip: isLeftOut('artemis'),
    timeout: 30_000,
  }, async () => {
    // A described value among the application properties: legal to Artemis, no primitive to Broker-J.
    const text = (code: number, value: string) => Buffer.from([code, value.length, ...Buffer.from(value)])
    const pair = Buffer.concat([text(0xa1, 'd'), Buffer.of(0), text(0xa3, 'x:y'), text(0xa1, 'v')])
    const sections = [
      Buffer.of(0, 0x53, 0x74, 0xc1, pair.length + 1, 2),
      pair,
      Buffer.of(0, 0x53, 0x75),
      text(0xa0, 'x'),
    ]
    await using artemis = await connect(brokerUrl('artemis'))
    const from = queue<Uint8Array>(uniqueName('from'))
    await artemis.admin.declare(from)
    const bare = await bareConnection(brokerUrl('artemis'))
    const link = bare.open_sender({ target: { address: from.name, capabilities: ['queue'] } })
    await once(link, 'sendable')
    link.send(Buffer.concat(sections), undefined, 0)
    await once(link, 'accepted')
    bare.close()
    await using source = await artemis.receiver(from)
    const odd = (await source.receive({ timeoutMs: 10_000 }))!
    expect({ ...odd.properties }).toEqual({ d: 'v' })

    await using connection = await connect(url)
    const to = queue<unknown>(uniqueName('to'))
    await connection.admin.declare(to)
    const losses: unknown[] = []
    connection.on('disconnected', ({ cause }) => losses.push(cause))
    await using sender = await connection.sender(to)
    const [before, copy, after] = await Promise.allSettled([
      sender.send(1),
      sender.forward(odd),
      sender.send(2),
    ])
    expect([before.status, after.status]).toEqual(['fulfilled', 'fulfilled'])
    expect(copy).toMatchObject({
      reason: {
        code: 'SEND_UNCONFIRMED',
        retryable: false,
        message: expect.stringContaining('non-primitive'),
      },
    })
    expect(losses.length).toBeLessThanOrEqual(3)
    await using receiver = await connection.receiver(to)
    // One whose answer was lost with the connection comes twice.
    const got = new Set<unknown>()
    while (got.size < 2) {
      const delivery = (await receiver.receive({ timeoutMs: 10_000 }))!
      got.add(delivery.body)
      await delivery.accept()
    }
    expect(got).toEqual(new Set([1, 2]))
    await odd.accept()
    await connection.admin.delete(to)
  })
})

test('RabbitMQ 3: a body of several sections arrives whole and in order, a list as a list', {
  skip: isLeftOut('rabbitmq'),
  timeout: 30_000,
}, async () => {
  await using admin = await connect(brokerUrl('rabbitmq'))
  await using connection = await connect(brokerVariable('rabbitmq', 'SLUICE_TEST_RABBITMQ_AMQP10'))
  await using brokerJ = await connect(url)
  const to = queue<unknown>(uniqueName('to'), { create: 'never' })
  await admin.admin.declare(queue(to.name))
  const from = queue<unknown>(uniqueName('from'))
  await brokerJ.admin.declare(from)
  const bare = await bareConnection(url)
  const link = bare.open_sender(from.name)
  await once(link, 'sendable')
  // Delivery annotations, which the plugin ends the connection over, and two data sections, which it would turn round.
  link.send(Buffer.from('005371c10502a3017841005375a0026162005375a0026364', 'hex'), undefined, 0)
  await once(link, 'accepted')
  bare.close()
  await using source = await brokerJ.receiver(from)
  const original = (await source.receive({ timeoutMs: 10_000 }))!
  await using sender = await connection.sender(to)
  const losses: unknown[] = []
  connection.on('disconnected', ({ cause }) => losses.push(cause))
  await sender.forward(original)
  await sender.send([1, 'two', null], { contentType: 'amqp/list' })
  await original.accept()
  await using receiver = await connection.receiver(to)
  // A message that says no priority comes behind those that do.
  const list = await receiver.receive({ timeoutMs: 10_000 })
  expect(list?.body).toEqual([1, 'two', null])
  const copy = await receiver.receive({ timeoutMs: 10_000 })
  expect(Buffer.from(copy!.bytes).toString()).toBe('abcd')
  expect(losses).toEqual([])
  await brokerJ.admin.delete(from)
})
