/** Foreign messages through a real broker: written and read as raw bytes by bare amqplib, handled by this adapter between. */
import amqp, { type Channel, type ChannelModel, type GetMessage } from 'amqplib'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rabbitmqAdapter } from '../../../src/adapters/rabbitmq/adapter.ts'
import { RawProperties, tapHeaderFrames } from '../../../src/adapters/rabbitmq/wire/native-properties.ts'
import { copyFrames } from '../../../src/adapters/rabbitmq/wire/publish-frames.ts'
import { copyOf, deadLetterOf } from '../../../src/model/copy.ts'
import type { OutgoingMessage } from '../../../src/model/message.ts'
import { Fixture, sendOk } from '../../adapters/rabbitmq/fixture.ts'
import { runs, timeoutOf } from '../runs.ts'
import { type ForeignMessage, foreignMessages } from './messages.ts'

const fixture = new Fixture()
const login = decodeURIComponent(new URL(fixture.url).username)
let bare: ChannelModel
let channel: Channel

beforeAll(async () => {
  bare = await amqp.connect(fixture.url.replace(/^rabbitmq/, 'amqp'))
  expect(tapHeaderFrames(bare)).toBe(true)
  channel = await bare.createChannel()
})
afterAll(() => bare.close())

async function publish(queue: string, { header, body }: ForeignMessage): Promise<void> {
  const { ch, connection } = channel as unknown as {
    ch: number
    connection: { frameMax: number; sendBytes(bytes: Buffer): void }
  }
  const frames = copyFrames(ch, '', queue, body, { headerBytes: header }, connection.frameMax)
  connection.sendBytes(frames!)
  // Channels work in order.
  await channel.checkQueue(queue)
}

async function take(queue: string): Promise<ForeignMessage> {
  let got: GetMessage | false = false
  await expect
    .poll(
      async () => {
        got = await channel.get(queue, { noAck: true })
        return got !== false
      },
      { timeout: 15_000, interval: 5 },
    )
    .toBe(true)
  const { properties, content } = got as unknown as { properties: RawProperties; content: Buffer }
  return { header: properties.bytes, body: content }
}

function hex({ header, body }: ForeignMessage): { header: string; body: string } {
  return { header: header.toString('hex'), body: body.toString('hex') }
}

test(
  'received, released, released with a delay, rejected, forwarded, dumped and restored: natively the same',
  async () => {
    const node = await fixture.node()
    const other = await fixture.node()
    const sender = await fixture.sender(other)
    const back = await fixture.sender(node)
    await fc.assert(
      fc.asyncProperty(foreignMessages(login), async (foreign) => {
        await publish(node.name, foreign)
        // What the broker makes of it by itself is the measure.
        const probe = await take(node.name)
        await publish(node.name, foreign)
        const { receiver, inbox } = await fixture.receiver(node)
        const first = await inbox.next()
        await receiver.settle(first, { kind: 'release', delayMs: 0, unseen: false })
        const delivery = await inbox.next()
        expect(delivery.redelivered).toBe(true)
        const copy = copyOf(delivery.message)
        const sent: [string, OutgoingMessage][] = [
          ['forward', copy],
          [
            'restore',
            copyOf(
              rabbitmqAdapter.fromWireForm!(delivery.message.wireForm!, delivery.message.body as Uint8Array),
            ),
          ],
        ]
        for (const [what, message] of sent) {
          await sendOk(sender, message)
          expect({ what, ...hex(await take(other.name)) }).toEqual({ what, ...hex(probe) })
        }
        await sendOk(sender, deadLetterOf(delivery.message, 'broken', 1, node.name))
        const letter = await fixture.receiver(other)
        const dead = await letter.inbox.next()
        expect(dead.message.annotations).toEqual({ ...delivery.message.annotations, routingKey: other.name })
        expect({ ...dead.message.properties }).toMatchObject({
          ...delivery.message.properties,
          'sluice-reason': 'broken',
        })
        letter.receiver.accept(dead)
        await letter.receiver.close()
        await sendOk(back, { ...copy, delayMs: 1, deliveriesBefore: 0 })
        receiver.accept(delivery)
        const again = await inbox.next()
        const { annotations, properties, ttlMs } = again.message
        expect(annotations).toEqual(delivery.message.annotations)
        expect(properties).toEqual(delivery.message.properties)
        expect(ttlMs).toBe(delivery.message.ttlMs === undefined ? undefined : delivery.message.ttlMs - 1)
        // Passed on once more, it has no trace of having been held back, and its whole header again.
        await sendOk(sender, { ...copyOf(again.message), ttlMs: delivery.message.ttlMs })
        expect(sorted(await take(other.name))).toEqual(sorted(probe))
        receiver.accept(again)
        await receiver.close()
        expect(fixture.reports.lost).toEqual([])
      }),
      runs(40),
    )
  },
  timeoutOf(40, 1_000),
)

/**
 * Whatever the order of the headers, since the broker puts its own in front; no headers and an empty table are the same, since the
 * broker makes the one of the other.
 */
function sorted({ header, body }: ForeignMessage): unknown {
  const { headerBytes, ...fields } = { ...new RawProperties(header).parsed() }
  return { ...fields, headers: [...headerBytes].sort((a, b) => a - b).join(), body: body.toString('hex') }
}
