/** What happens to links while they are being attached. */
import { expect, test } from 'vitest'
import { memoryAdapter } from '../../../src/adapters/memory/adapter.ts'
import type { Adapter } from '../../../src/contract/adapter.ts'
import { connect, queue, type Receiver, registerAdapter } from '../../../src/index.ts'
import { eventually } from '../../support/eventually.ts'

/** Receivers wait here before they attach, or behind it. */
let gate: Promise<void> | undefined
let gateBehind: Promise<void> | undefined
let atGate = 0

/** The embedded broker, whose receivers can be held up while they attach. */
const gated: Adapter = {
  ...memoryAdapter,
  schemes: ['gated'],
  async connect(target, events, signal) {
    const memory = { ...target, url: target.url.replace('gated:', 'memory:') }
    const connection = await memoryAdapter.connect(memory, events, signal)
    const attach = connection.attachReceiver.bind(connection)
    connection.attachReceiver = async (spec, events) => {
      atGate++
      await gate
      const receiver = await attach(spec, events)
      if (gateBehind) atGate++
      await gateBehind
      return receiver
    }
    return connection
  },
}
registerAdapter(gated)

const jobs = queue<number>('jobs')

async function leaveLoop(receiver: Receiver<number>): Promise<void> {
  for await (const delivery of receiver) {
    await delivery.accept()
    break
  }
}

/** Deletes the node under its receiver, and resolves when that is attaching again; `open` lets it. */
async function attachingAnew(connection: Awaited<ReturnType<typeof connect>>): Promise<() => void> {
  let open = (): void => {}
  gate = new Promise((resolve) => {
    open = resolve
  })
  atGate = 0
  await connection.admin.delete(jobs)
  await eventually(() => atGate > 0)
  return open
}

test('a receiver whose node is deleted while it is being opened stands once at the node made anew', async () => {
  await using connection = await connect('gated:deleted-while-opened')
  await using other = await connect('memory:deleted-while-opened')
  let open = (): void => {}
  gateBehind = new Promise((resolve) => {
    open = resolve
  })
  atGate = 0
  const opening = connection.receiver(jobs)
  await eventually(() => atGate > 1)
  await other.admin.delete(jobs)
  gateBehind = undefined
  open()
  const receiver = await opening
  expect(await other.admin.inspect(jobs)).toMatchObject({ receivers: 1 })
  for (const body of [1, 2, 3]) {
    await other.send(jobs, body)
    expect((await receiver.receive({ timeoutMs: 2_000 }))?.body).toBe(body)
  }
})

test('a receiver that is read again while it attaches gets what comes', async () => {
  await using connection = await connect('gated:read-again')
  const receiver = await connection.receiver(jobs)
  await connection.send(jobs, 1)
  await leaveLoop(receiver)
  const open = await attachingAnew(connection)
  const next = receiver.receive({ timeoutMs: 2_000 })
  open()
  await connection.send(jobs, 2)
  expect((await next)?.body).toBe(2)
})

test('a receiver whose loop is left while it attaches keeps nothing from others', async () => {
  await using connection = await connect('gated:left')
  const receiver = await connection.receiver(jobs)
  await connection.send(jobs, 1)
  await connection.send(jobs, 2)
  const iterator = receiver[Symbol.asyncIterator]()
  await (await iterator.next()).value.accept()
  const open = await attachingAnew(connection)
  await iterator.return?.()
  open()
  await eventually(async () => (await connection.admin.inspect(jobs))?.receivers === 1)
  await connection.send(jobs, 3)
  await using other = await connection.receiver(jobs)
  const delivery = await other.receive({ timeoutMs: 2_000 })
  expect(delivery?.body).toBe(3)
})
