/** Copies that the library makes by itself: dead letters and their senders. */
import { expect, test } from 'vitest'
import { memoryAdapter } from '../../../src/adapters/memory/adapter.ts'
import type { Adapter } from '../../../src/contract/adapter.ts'
import { connect, MessagingError, queue, registerAdapter } from '../../../src/index.ts'
import { emulated } from '../../../src/model/capabilities.ts'

/** Ends the link to the dead letters as a broker does. */
const ends: ((error: MessagingError) => void)[] = []

/** The embedded broker, which leaves dead letters to the API. */
const leaving: Adapter = {
  ...memoryAdapter,
  schemes: ['leaving'],
  async connect(target, events, signal) {
    const memory = { ...target, url: target.url.replace('leaving:', 'memory:') }
    const connection = await memoryAdapter.connect(memory, events, signal)
    const { capabilities } = connection
    const features = { ...capabilities.features, deadLetter: emulated('by a copy') }
    Object.defineProperty(connection, 'capabilities', { value: { ...capabilities, features } })
    const attach = connection.attachSender.bind(connection)
    connection.attachSender = (spec, told) => {
      if (spec.target?.name === 'letters') ends.push((error) => told.detached(error))
      return attach(spec, told)
    }
    return connection
  },
}
registerAdapter(leaving)

test('a sender of dead letters that ended for good is opened anew for the next one', async () => {
  await using connection = await connect('leaving:letters')
  await connection.admin.declare(queue('work'))
  const work = queue<number>('work', { create: 'never', deadLetter: 'letters' })
  await using receiver = await connection.receiver(work)
  for (const body of [1, 2, 3]) {
    await connection.send(queue('work'), body)
    await (await receiver.receive({ timeoutMs: 10_000 }))!.reject(`number ${body}`)
    ends.at(-1)!(new MessagingError('UNAUTHORIZED', 'the right was taken away'))
  }
  expect(ends).toHaveLength(3)
  expect((await connection.admin.inspect('letters'))?.depth).toBe(3)
})

test('the reason of a letter whose handler threw is short and valid, however long the error', async () => {
  await using connection = await connect('memory:long-reasons')
  const letters = queue('letters')
  const work = queue('work', { maxDeliveries: 1, deadLetter: letters })
  await using dead = await connection.receiver(letters)
  await using _ = await connection.consume(
    work,
    () => {
      throw new Error(`\ud800${'ü'.repeat(1_000_000)}`)
    },
    { onError: () => {} },
  )
  await connection.send(work, 1)
  const letter = await dead.receive({ timeoutMs: 10_000 })
  const reason = letter!.properties['sluice-reason'] as string
  expect(reason).toMatch(/^\ufffdü+$/)
  expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(4_096)
})

test('a reason with half a character is told with a mark in its place', async () => {
  await using connection = await connect('memory:half-reasons')
  const letters = queue('letters')
  const work = queue('work', { deadLetter: letters })
  await connection.send(work, 1)
  await using receiver = await connection.receiver(work)
  await (await receiver.receive({ timeoutMs: 10_000 }))!.reject('half \ud800')
  await using dead = await connection.receiver(letters)
  const letter = await dead.receive({ timeoutMs: 10_000 })
  expect(letter!.properties['sluice-reason']).toBe('half \ufffd')
})
