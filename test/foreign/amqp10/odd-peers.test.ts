/** What AMQP 1.0 allows a peer and brokers do rarely, and what no peer may do: nothing hangs, nothing else dies, and each is told by a typed error. */
import { createRequire } from 'node:module'
import type { Duplex } from 'node:stream'
import rhea, { type Delivery, type Sender } from 'rhea'
import { expect, test } from 'vitest'
import { type Connection, connect, isMessagingError, queue, type Receiver } from '../../../src/index.ts'
import { eventually } from '../../support/eventually.ts'
import { OddPeer } from './odd-peer.ts'

/** rhea's frames, of which its own sender writes only the usual ones. */
const frames = createRequire(import.meta.url)('rhea/lib/frames.js') as Record<
  'transfer' | 'disposition',
  (fields: object) => object
>
const RECONNECT = { minDelayMs: 10, maxDelayMs: 100 }
const node = queue<unknown>('q', { create: 'never' })

function dataSection(text: string): Buffer {
  return Buffer.from([0x00, 0x53, 0x75, 0xa0, text.length, ...Buffer.from(text)])
}

async function next(receiver: Receiver<unknown>): Promise<string | undefined> {
  const delivery = await receiver.receive({ timeoutMs: 10_000 })
  await delivery?.accept()
  return delivery && Buffer.from(delivery.bytes).toString()
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'done'
  } catch (error) {
    if (!isMessagingError(error)) throw error
    return error.code
  }
}

function losses(connection: Connection): string[] {
  const told: string[] = []
  connection.on('disconnected', ({ cause }) => told.push(cause.message))
  return told
}

interface RawSender extends Sender {
  readonly local: { readonly handle: number; readonly attach: { initial_delivery_count: number } }
  readonly session: Sender['session'] & { output(frame: object, payload?: Buffer): void }
  on_flow(frame: { performative: { delivery_count: number; link_credit: number } }): void
}

/** Writes one transfer frame as it is given. */
function transfer(sender: Sender | undefined, fields: object, payload?: Buffer): void {
  const { local, session } = sender as RawSender
  session.output(frames.transfer({ handle: local.handle, ...fields }), payload)
}

test('a peer that begins its count just below the turn gives no more than it was asked for', async () => {
  const BASE = 0xffff_fffc
  const given: number[] = []
  await using peer = await OddPeer.open({}, ({ container }) => {
    container.prependListener('sender_open', ({ sender }) => {
      const link = sender as RawSender
      link.local.attach.initial_delivery_count = BASE
      const onFlow = link.on_flow
      // rhea's own count begins at 0, and so goes on.
      link.on_flow = function (this: typeof link, frame) {
        const { performative } = frame
        const sent = (this as unknown as { delivery_count: number }).delivery_count
        performative.link_credit =
          (performative.delivery_count + performative.link_credit - BASE - sent) >>> 0
        performative.delivery_count = sent
        given.push(performative.link_credit)
        onFlow.call(this, frame)
      }
    })
  })
  await using connection = await connect({ url: peer.url })
  const lost = losses(connection)
  await using receiver = await connection.receiver(node, { credit: 3 })
  for (let at = 0; at < 12; at++) {
    await eventually(() => peer.senders[0]?.sendable() === true)
    peer.senders[0]!.send({ body: rhea.message.data_section(Buffer.from(String(at))) })
    expect(await next(receiver)).toBe(String(at))
  }
  expect(Math.max(...given)).toBe(3)
  expect(lost).toEqual([])
})

test.each([0, 1, 511, 512])(
  'a peer that takes frames of %s bytes gets large messages',
  async (max_frame_size) => {
    const got: number[] = []
    await using peer = await OddPeer.open({ max_frame_size }, ({ container }) => {
      container.on('message', ({ message }) => got.push(message!.body.content.length))
    })
    await using connection = await connect({ url: peer.url })
    await connection.send(node, Buffer.alloc(5_000))
    expect(got).toEqual([5_000])
  },
)

test('messages in pieces, given up, settled, without tag or bytes, of another format: each is one delivery or none', async () => {
  await using peer = await OddPeer.open()
  await using connection = await connect({ url: peer.url })
  const lost = losses(connection)
  await using receiver = await connection.receiver(node, { credit: 2 })
  await eventually(() => peer.senders[0]?.sendable() === true)
  const [sender] = peer.senders
  const first = (delivery_id: number) => ({
    delivery_id,
    delivery_tag: Buffer.of(delivery_id),
    message_format: 0,
  })

  transfer(sender, { ...first(0), more: true })
  for (const byte of dataSection('pieces')) {
    transfer(sender, { more: true }, Buffer.of(byte))
    transfer(sender, { more: true })
  }
  transfer(sender, {})
  expect(await next(receiver)).toBe('pieces')

  // More of them than there is credit for: each gives its credit back.
  for (let id = 1; id <= 6; id += 2) {
    transfer(sender, { ...first(id), more: true }, dataSection('given up').subarray(0, 8))
    transfer(sender, { aborted: true })
    transfer(sender, { ...first(id + 1), aborted: true }, dataSection('at once'))
  }
  transfer(sender, first(7), dataSection('behind'))
  expect(await next(receiver)).toBe('behind')

  transfer(sender, { delivery_id: 8, delivery_tag: Buffer.alloc(0), settled: true }, dataSection('settled'))
  expect(await next(receiver)).toBe('settled')
  transfer(sender, { delivery_id: 9, message_format: 77 }, dataSection('no tag'))
  expect(await next(receiver)).toBe('no tag')
  transfer(sender, first(10))
  expect(await next(receiver)).toBe('')
  expect(lost).toEqual([])
})

test.each([1, 500])(
  'a message that never ends, in pieces of %i bytes, ends its receiver and nothing else',
  async (bytes) => {
    await using peer = await OddPeer.open()
    await using connection = await connect({ url: peer.url, native: { maxMessageBytes: 100_000 } })
    const lost = losses(connection)
    await using other = await connection.receiver(node)
    await eventually(() => peer.senders.length === 1)
    await using receiver = await connection.receiver(node)
    await eventually(() => peer.senders[1]?.sendable() === true)
    const [beside, sender] = peer.senders
    const piece = Buffer.alloc(bytes)
    transfer(sender, { delivery_id: 0, delivery_tag: Buffer.of(0), message_format: 0, more: true }, piece)
    let condition: string | undefined
    sender!.on('sender_error', () => {
      condition = (sender!.error as { condition?: string }).condition
    })
    for (let sent = 0; condition === undefined && sent < 100_000; sent += 100) {
      for (let at = 0; at < 100; at++) transfer(sender, { more: true }, piece)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(condition).toBe('amqp:link:message-size-exceeded')
    expect(await codeOf(receiver.closed)).toBe('MESSAGE_TOO_LARGE')
    expect(await codeOf(receiver.receive({ timeoutMs: 0 }))).toBe('MESSAGE_TOO_LARGE')
    beside!.send({ body: rhea.message.data_section(Buffer.from('alive')) })
    expect(await next(other)).toBe('alive')
    expect([lost, peer.senders.length]).toEqual([[], 2])
  },
)

test('outcomes of every kind', async () => {
  const { accepted, modified, received } = rhea.message as unknown as Record<
    'accepted' | 'modified' | 'received',
    (fields?: object) => { described(): object }
  >
  const answers: [expected: string, answer: (delivery: Delivery) => void][] = [
    ['done', (delivery) => delivery.update(false, accepted().described() as never)],
    [
      'done',
      (delivery) => {
        delivery.update(false, received({ section_number: 0, section_offset: 0 }).described() as never)
        setImmediate(() => delivery.accept())
      },
    ],
    ['SEND_UNCONFIRMED', (delivery) => delivery.update(true, undefined as never)],
    [
      'SEND_REJECTED',
      (delivery) =>
        delivery.update(
          true,
          modified({ undeliverable_here: true, delivery_failed: true }).described() as never,
        ),
    ],
    ['SEND_REJECTED', (delivery) => delivery.release()],
    ['SEND_REJECTED', (delivery) => delivery.reject()],
    ['SEND_REJECTED', (delivery) => delivery.reject({ condition: 'x:y', info: { a: [1] } } as never)],
    ['SEND_UNROUTABLE', (delivery) => delivery.reject({ condition: 'amqp:not-found' } as never)],
  ]
  const waiting = answers.map(([, answer]) => answer)
  await using peer = await OddPeer.open({ receiver_options: { autoaccept: false } }, ({ container }) => {
    container.on('message', ({ delivery }) => waiting.shift()!(delivery!))
  })
  await using connection = await connect({ url: peer.url })
  const lost = losses(connection)
  await using sender = await connection.sender(node)
  for (const [expected] of answers) expect(await codeOf(sender.send('x'))).toBe(expected)
  // One disposition for all there ever were, and for some there never will be.
  let both = 0
  waiting.push(
    () => both++,
    () => {
      const { session } = peer.receivers[0] as unknown as RawSender
      const state = accepted().described()
      session.output(frames.disposition({ role: true, first: 0, last: 1_000, settled: true, state }))
    },
  )
  expect(await Promise.all([codeOf(sender.send(1)), codeOf(sender.send(2))])).toEqual(['done', 'done'])
  expect([both, lost]).toEqual([1, []])
})

test('a peer that answers a close without closing, or an attach with no terminus and then nothing, holds nobody up', async () => {
  await using loose = await OddPeer.open({}, ({ container }) => {
    for (const event of ['sender_close', 'receiver_close'])
      container.on(event, ({ sender, receiver }) => {
        const { local } = (sender ?? receiver) as unknown as { local: { detach: { closed: boolean } } }
        local.detach.closed = false
      })
  })
  await using connection = await connect({ url: loose.url })
  await (await connection.receiver(node)).close()
  await (await connection.sender(node)).close()
  await using silent = await OddPeer.open({}, ({ container }) => {
    container.removeAllListeners('sender_open')
    container.removeAllListeners('receiver_open')
  })
  await using other = await connect({ url: silent.url })
  expect(await codeOf(other.send(node, 1, { timeoutMs: 300 }))).toBe('CONNECTION_LOST')
})

test('a link that is stolen, redirected or ended with odd words comes back alone; one that the peer does not have ends', async () => {
  await using peer = await OddPeer.open()
  await using connection = await connect({ url: peer.url, reconnect: RECONNECT })
  const lost = losses(connection)
  const told: string[] = []
  connection.on('detached', ({ error }) => told.push(`${error.code} ${error.message}`))
  connection.on('reattached', () => told.push('back'))
  await using other = await connection.receiver(node)
  await eventually(() => peer.senders.length === 1)
  await using receiver = await connection.receiver(node)
  await eventually(() => peer.senders.length === 2)
  const errors: object[] = [
    { condition: 'amqp:link:stolen', description: 'stolen' },
    { condition: 'amqp:link:redirect', info: { 'network-host': 'elsewhere' } },
    { condition: 'x', description: 'y'.repeat(5_000) },
    {},
  ]
  for (const [at, error] of errors.entries()) {
    peer.senders.at(-1)!.close(error as never)
    await eventually(() => peer.senders.length === 3 + at)
  }
  await eventually(() => peer.senders.at(-1)!.sendable())
  peer.senders.at(-1)!.send({ body: rhea.message.data_section(Buffer.from('back')) })
  expect(await next(receiver)).toBe('back')
  // One that is ended again before it stands is told once.
  expect(told.slice(0, 2)).toEqual(['DETACHED stolen', 'back'])
  expect(told.filter((each) => each === 'back')).toHaveLength(told.length / 2)
  peer.senders.at(-1)!.close({ condition: 'amqp:not-implemented', description: 'no' } as never)
  expect(await codeOf(receiver.closed)).toBe('NOT_SUPPORTED')
  peer.senders[0]!.send({ body: rhea.message.data_section(Buffer.from('alive')) })
  expect(await next(other)).toBe('alive')
  expect(lost).toEqual([])
})

test('a selector, or copies, that a peer passes over: nothing is taken, and the caller is told', async () => {
  const given: number[] = []
  await using peer = await OddPeer.open({}, ({ container }) => {
    container.prependListener('sender_open', ({ sender }) => {
      const { address } = sender!.source
      sender!.set_source = () => {
        Object.getPrototypeOf(sender).set_source.call(sender, { address })
      }
    })
    container.on('sender_flow', ({ sender }) => given.push(sender!.credit))
  })
  await using connection = await connect({ url: peer.url })
  const lost = losses(connection)
  const text = "q; {create: never, link: {selector: 'n > 3'}}"
  expect(await codeOf(connection.receiver(text))).toBe('NOT_SUPPORTED')
  const look = async () => {
    for await (const _ of connection.browse(node)) throw new Error('It shows nothing')
  }
  expect(await codeOf(look())).toBe('NOT_SUPPORTED')
  expect([given, lost]).toEqual([[], []])
  await using _plain = await connection.receiver(node)
})

test('a message that a peer has settled can be accepted, and its release is refused instead of being lost in silence', async () => {
  const modes: unknown[] = []
  await using peer = await OddPeer.open({}, ({ container }) => {
    container.on('sender_open', ({ sender }) => modes.push(sender!.snd_settle_mode))
  })
  await using connection = await connect({ url: peer.url })
  await using receiver = await connection.receiver(node, { credit: 1 })
  await eventually(() => peer.senders[0]?.sendable() === true)
  // It is asked not to.
  expect(modes).toEqual([0])
  for (const text of ['1', '2', '3']) {
    await eventually(() => peer.senders[0]!.sendable())
    transfer(
      peer.senders[0],
      { delivery_id: Number(text) - 1, delivery_tag: Buffer.from(text), message_format: 0, settled: true },
      dataSection(text),
    )
    const sent = peer.senders[0] as unknown as { credit: number; delivery_count: number }
    sent.credit--
    sent.delivery_count++
    const delivery = (await receiver.receive({ timeoutMs: 10_000 }))!
    // It has its place in the window no longer, whatever becomes of it.
    expect(await codeOf(delivery.release())).toBe('NOT_SUPPORTED')
    if (text !== '2') await delivery.accept()
  }
})

test('a browse, or a replay, on a peer that never answers a drain ends with an error', async () => {
  let closed = 0
  await using peer = await OddPeer.open({}, ({ container }) => {
    container.on('sender_close', () => closed++)
  })
  await using connection = await connect({ url: peer.url, heartbeatMs: 1_000 })
  const lost = losses(connection)
  const seen: string[] = []
  const browsed = (async () => {
    for await (const { bytes } of connection.browse(node)) seen.push(Buffer.from(bytes).toString())
  })()
  const replayed = connection.replay(node, { to: queue('elsewhere', { create: 'never' }) })
  await eventually(() => peer.senders.length >= 2 && peer.senders.every((sender) => sender.sendable()))
  for (const sender of peer.senders) sender.send({ body: rhea.message.data_section(Buffer.from('shown')) })
  expect(await Promise.all([codeOf(browsed), codeOf(replayed)])).toEqual(['DETACHED', 'DETACHED'])
  expect([seen, lost]).toEqual([['shown'], []])
  // Its links are closed, not left behind with credit.
  await eventually(() => closed === peer.senders.length)
})

test.each([
  ['shorter than a header', '00000007020000'],
  ['that points outside itself', '000000080500000000000000'],
  ['that points into its header', '0000000c0100000000534145'],
  ['of no performative', '0000000c0200000000539945'],
  ['of another value', '000000090200000040'],
  ['for a session that is not there', '0000000c0200000900531445'],
  ['of another kind', '0000000c020900000053414500000000'],
  ['of four gigabytes', 'ffffffff02000000005313'],
  ['a byte larger than was agreed on', '0010000102000000005313'],
])('after a frame %s the program is connected again', async (_, hex) => {
  await using peer = await OddPeer.open()
  await using connection = await connect({ url: peer.url, reconnect: RECONNECT })
  await using receiver = await connection.receiver(node)
  await eventually(() => peer.senders.length === 1)
  const { socket } = peer.connections[0] as unknown as { socket: Duplex }
  const lost = losses(connection)
  socket.write(Buffer.from(hex, 'hex'))
  await eventually(() => peer.senders.length === 2)
  expect(lost).toHaveLength(1)
  await eventually(() => peer.senders[1]!.sendable())
  peer.senders[1]!.send({ body: rhea.message.data_section(Buffer.from('again')) })
  expect(await next(receiver)).toBe('again')
})
