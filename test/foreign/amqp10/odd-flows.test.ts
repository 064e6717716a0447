/** What AMQP 1.0 lets a peer ask for or say about credit, verdicts and links of its own, and brokers do rarely. */
import { createRequire } from 'node:module'
import rhea, { type Receiver, type Sender } from 'rhea'
import { expect, test } from 'vitest'
import { type Connection, connect, queue } from '../../../src/index.ts'
import { eventually } from '../../support/eventually.ts'
import { OddPeer } from './odd-peer.ts'

const frames = createRequire(import.meta.url)('rhea/lib/frames.js') as Record<
  'flow' | 'disposition',
  (fields: object) => object
>
const node = queue<unknown>('q', { create: 'never' })

interface RawSession {
  output(frame: object): void
  on_flow(frame: { performative: Readonly<Record<string, unknown>> }): void
  incoming: { next_transfer_id: number; window: number }
  outgoing: { next_transfer_id: number; window: number }
}

function losses(connection: Connection): string[] {
  const told: string[] = []
  connection.on('disconnected', ({ cause }) => told.push(cause.message))
  return told
}

/** The flows that come by the session of a link, and a way to write one. */
function flowsOf(link: Sender | Receiver): {
  came: Readonly<Record<string, unknown>>[]
  write(fields?: object): void
} {
  const session = link.session as unknown as RawSession
  const came: Readonly<Record<string, unknown>>[] = []
  const onFlow = session.on_flow
  session.on_flow = function (frame) {
    const { handle, link_credit } = frame.performative
    came.push({ handle, link_credit })
    onFlow.call(this, frame)
  }
  const write = (fields = {}): void => {
    const { incoming, outgoing } = session
    session.output(
      frames.flow({
        next_incoming_id: incoming.next_transfer_id,
        incoming_window: incoming.window,
        next_outgoing_id: outgoing.next_transfer_id,
        outgoing_window: outgoing.window,
        ...fields,
      }),
    )
  }
  return { came, write }
}

test('a peer that drains a sender gets its credit back, and what is sent afterwards by the credit that it gives then', async () => {
  await using peer = await OddPeer.open({ receiver_options: { credit_window: 0 } })
  await using connection = await connect({ url: peer.url })
  const lost = losses(connection)
  await using sender = await connection.sender(node)
  await eventually(() => peer.receivers.length === 1)
  const [receiver] = peer.receivers
  const bodies: string[] = []
  receiver!.on('message', ({ message }) => bodies.push(message!.body.content.toString()))
  for (let round = 0; round < 3; round++) {
    const sent = sender.send(`${round} first`)
    receiver!.add_credit(5)
    await sent
    receiver!.drain = true
    const drained = new Promise((resolve) => receiver!.once('receiver_drained', resolve))
    receiver!.drain_credit()
    await drained
    receiver!.drain = false
    // More than the next credit is for: the rest can be taken back, for it has not gone to the library below.
    const kept = Array.from({ length: 4 }, (_, at) => sender.send(`${round} ${at}`, { timeoutMs: 500 }))
    receiver!.add_credit(2)
    const outcomes = await Promise.allSettled(kept)
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected'])
    expect(outcomes[3]).toMatchObject({ reason: { code: 'CAPACITY_EXCEEDED' } })
  }
  expect(bodies).toEqual([0, 1, 2].flatMap((round) => [`${round} first`, `${round} 0`, `${round} 1`]))
  expect(lost).toEqual([])
})

test('a peer that asks how things stand, by link or by session, is answered', async () => {
  await using peer = await OddPeer.open()
  await using connection = await connect({ url: peer.url })
  await using _sender = await connection.sender(node)
  await using _receiver = await connection.receiver(node, { credit: 7 })
  await eventually(() => peer.receivers.length === 1 && peer.senders[0]?.sendable() === true)
  for (const link of [peer.receivers[0]!, peer.senders[0]!]) {
    const { handle } = (link as unknown as { local: { handle: number } }).local
    const flows = flowsOf(link)
    flows.write({ echo: true })
    await eventually(() => flows.came.length === 1)
    const { delivery_count, credit } = link as unknown as { delivery_count: number; credit: number }
    flows.write({ handle, delivery_count, link_credit: credit, echo: true })
    await eventually(() => flows.came.length === 2)
    expect(flows.came[1]).toMatchObject({ handle: expect.any(Number), link_credit: credit })
  }
})

test('a disposition of all numbers there are costs no more than one of those that were used', async () => {
  await using peer = await OddPeer.open({ receiver_options: { autoaccept: false } })
  await using connection = await connect({ url: peer.url })
  const lost = losses(connection)
  await using sender = await connection.sender(node)
  await using _receiver = await connection.receiver(node)
  await eventually(() => peer.receivers.length === 1 && peer.senders.length === 1)
  const state = (rhea.message as unknown as { accepted(): { described(): object } }).accepted().described()
  const all = { first: 0, last: 0xffff_ffff, settled: true, state }
  let came = false
  peer.receivers[0]!.on('message', () => {
    came = true
  })
  const sent = sender.send('x')
  await eventually(() => came)
  const used = process.cpuUsage()
  for (const [link, role] of [
    [peer.senders[0]!, false],
    [peer.receivers[0]!, true],
  ] as const)
    (link.session as unknown as RawSession).output(frames.disposition({ role, ...all }))
  await sent
  // Four billion steps take ten seconds and more of the processor.
  expect(process.cpuUsage(used).user).toBeLessThan(4_000_000)
  expect(lost).toEqual([])
})

test('links and sessions that a peer makes by itself are refused, and take no message; ours go on', async () => {
  await using peer = await OddPeer.open()
  await using connection = await connect({ url: peer.url })
  const lost = losses(connection)
  await using sender = await connection.sender(node)
  await eventually(() => peer.receivers.length === 1)
  const [link] = peer.receivers
  const [theirs] = peer.connections
  // What it does with links of others.
  for (const event of ['sender_open', 'receiver_open']) peer.container.removeAllListeners(event)
  const own = theirs!.create_session()
  own.begin()
  const made = [link!.session, own].flatMap((session) => [
    session.open_sender('theirs'),
    session.open_receiver('theirs'),
  ])
  const refused = made.map(
    (each) =>
      new Promise<unknown>((resolve) => {
        for (const event of ['sender_error', 'receiver_error']) each.on(event, () => resolve(each.error))
      }),
  )
  for (const error of await Promise.all(refused))
    expect(error).toMatchObject({ condition: 'amqp:not-allowed' })
  for (const each of made)
    if (each.is_sender()) expect((each as unknown as { credit: number }).credit).toBe(0)
  await sender.send('alive')
  expect(lost).toEqual([])
})

test('sessions that a peer ends, with a reason or without, come back alone, and their numbers are free again', async () => {
  await using peer = await OddPeer.open()
  await using connection = await connect({ url: peer.url, reconnect: { minDelayMs: 5, maxDelayMs: 20 } })
  const lost = losses(connection)
  await using sender = await connection.sender(node)
  await using receiver = await connection.receiver(node)
  await eventually(() => peer.receivers.length === 1 && peer.senders.length === 1)
  for (let round = 1; round <= 6; round++) {
    const { session } = round % 2 === 0 ? peer.receivers.at(-1)! : peer.senders.at(-1)!
    session.close(
      round % 3 === 0 ? undefined : { condition: 'amqp:session:window-violation', description: 'no' },
    )
    await eventually(() => peer.receivers.length + peer.senders.length === 2 + round)
  }
  await sender.send('alive')
  const back = peer.senders.at(-1)!
  await eventually(() => back.sendable())
  back.send({ body: rhea.message.data_section(Buffer.from('alive')) })
  const delivery = await receiver.receive({ timeoutMs: 10_000 })
  expect(Buffer.from(delivery!.bytes).toString()).toBe('alive')
  await delivery!.accept()
  const { local_channel_map: taken } = connection.native as unknown as { local_channel_map: object }
  await eventually(() => Object.keys(taken).length === 2)
  expect(lost).toEqual([])
})

test('a peer that takes one link for each session and one frame at a time gets large messages whole', async () => {
  await using peer = await OddPeer.open({ max_frame_size: 512 }, ({ container }) => {
    container.on('session_open', ({ session }) => {
      const own = session as unknown as {
        incoming: { deliveries: { available(): number }; on_transfer(...given: unknown[]): void }
        local: { begin: object }
        _write_flow(): void
      }
      Object.assign(own.local.begin, { handle_max: 0, incoming_window: 0 })
      const { incoming } = own
      // Of this rhea makes its window, which it opens again when a message is whole.
      incoming.deliveries.available = () => 1
      const { on_transfer: onTransfer } = incoming
      incoming.on_transfer = (...given) => {
        onTransfer.apply(incoming, given)
        own._write_flow()
      }
    })
  })
  await using connection = await connect({ url: peer.url })
  const lost = losses(connection)
  await using sender = await connection.sender(node)
  await using _other = await connection.sender(queue('r', { create: 'never' }))
  await eventually(() => peer.receivers.length === 2)
  const came: Buffer[] = []
  peer.container.on('message', ({ message }) => came.push(message!.body.content))
  const sent = [1, 20_000, 3].map((size) => Buffer.alloc(size, String(size)))
  await Promise.all(sent.map((body) => sender.send(body)))
  expect(came.map((body) => body.equals(sent[came.indexOf(body)]!))).toEqual([true, true, true])
  expect(lost).toEqual([])
})
