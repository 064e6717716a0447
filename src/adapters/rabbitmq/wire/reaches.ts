/**
 * Where this adapter uses more of amqplib than amqplib promises; see `core/connecting/reach.ts`.
 *
 * `publishedFrames` is looked at when something is published: what amqplib writes for the first message is held against what would have been
 * written here (`gathered-writes.ts`).
 */
import type { ChannelModel } from 'amqplib'
import { hasMethods, type Reaches } from '../../../core/connecting/reach.ts'
import { readsHeaderFrames } from './native-properties.ts'

export const LIBRARY = 'amqplib'
const TEST = 'test/adapters/rabbitmq/reaches.test.ts'

interface Inside {
  readonly stream?: unknown
  readonly muxer?: unknown
  readonly channels?: unknown
  readonly frameMax?: unknown
  readonly sentSinceLastCheck?: unknown
  readonly sendMessage?: unknown
}

const inside = (model: ChannelModel): Inside => model.connection as unknown as Inside

export const REACHES = {
  headerFrames: {
    expects:
      'connection.recvFrame() takes a header frame from connection.rest and gives { id, channel, size, fields }',
    isThere: readsHeaderFrames,
    otherwise: 'headers are decoded by amqplib, which rounds large integers and loses some types.',
    test: TEST,
  },
  corkedStream: {
    expects: 'connection.stream is the stream of the socket',
    isThere: (model) =>
      hasMethods(inside(model).stream, 'write', 'cork', 'uncork', 'on', 'once', 'emit', 'read'),
    otherwise:
      'frames are written one by one, and a socket that is closed without a word is noticed by heartbeats alone.',
    test: TEST,
  },
  directWrites: {
    expects: 'connection.muxer.unpipeFrom() and connection.channels[number].buffer',
    isThere: (model) => {
      const { muxer, channels } = inside(model)
      const first = Array.isArray(channels) ? (channels[0] as { buffer?: unknown } | undefined) : undefined
      return hasMethods(muxer, 'unpipeFrom') && hasMethods(first?.buffer, 'write')
    },
    otherwise: 'frames go through the buffers of amqplib, which is slower.',
    test: TEST,
  },
  publishedFrames: {
    expects: 'channel.publish() writes the frames of basic.publish by connection.sendMessage()',
    isThere: (model) =>
      hasMethods(inside(model), 'sendMessage') && typeof inside(model).sentSinceLastCheck === 'boolean',
    otherwise:
      'messages are encoded by amqplib, which is slower; native properties of copies that amqplib cannot write are lost.',
    test: TEST,
  },
  frameMax: {
    expects: 'connection.frameMax is the size of a frame that was agreed on',
    isThere: (model) => typeof inside(model).frameMax === 'number',
    otherwise:
      'a message whose headers are larger than a frame is refused by RabbitMQ, which ends the connection.',
    test: TEST,
  },
} as const satisfies Reaches<string, ChannelModel>

export type ReachName = keyof typeof REACHES
