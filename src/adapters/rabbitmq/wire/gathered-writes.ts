/**
 * The way of a frame to the socket. amqplib puts each frame into a buffer of its channel, and a multiplexer moves it to the socket
 * in a later turn of the event loop, with a system call for every one. Here a channel writes to the socket itself, and what is written in
 * one turn goes out in one: the socket is corked by the first write and uncorked right after the turn. Order and back-pressure
 * are those of the stream.
 */
import type { Duplex } from 'node:stream'
import type { Channel, ChannelModel } from 'amqplib'
import { builtOtherwise, hasMethods } from '../../../core/connecting/reach.ts'
import type { MessagingError } from '../../../model/errors.ts'
import type { PublishOptions } from '../codec/codec.ts'
import { copyFrames, publishFrames } from './publish-frames.ts'
import { LIBRARY, REACHES, type ReachName } from './reaches.ts'

/** The parts of amqplib's connection that frames go through. */
interface FramePath {
  readonly stream: Duplex
  readonly muxer?: { unpipeFrom(buffer: unknown): void }
  readonly channels?: ({ buffer: unknown } | null)[]
  readonly frameMax: number
  sentSinceLastCheck: boolean
  /** Replaced when the connection ends, or is about to. */
  readonly sendMessage: unknown
}

/** The parts of amqplib's channel that frames go through. */
interface FrameSource {
  readonly ch: number
  /** Replaced when the channel ends. */
  readonly sendMessage: unknown
  publish(
    exchange: string,
    routingKey: string,
    body: Buffer,
    options?: PublishOptions,
    confirmed?: unknown,
  ): boolean
  /** On a channel with confirms. */
  pushConfirmCallback?(confirmed: unknown): void
}

/** What amqplib asks of the buffer of a channel. */
interface FrameBuffer {
  write(frame: Buffer): boolean
  end(): void
}

const gathered = new WeakMap<ChannelModel, GatheredWrites>()

/** From now on, for this connection, as far as this amqplib is built as expected. */
export function gatherWrites(
  model: ChannelModel,
  found: ReadonlySet<ReachName>,
  warn: (warning: MessagingError) => void,
): void {
  if (!found.has('corkedStream')) return
  const { stream } = model.connection as unknown as FramePath
  const writes = new GatheredWrites(stream, found.has('publishedFrames') && found.has('frameMax'), warn)
  if (found.has('directWrites')) gathered.set(model, writes)
}

/** Leaves the multiplexer out for a channel that has just been opened, so that nothing of it is still in there. */
export function writeDirectly(model: ChannelModel, channel: Channel): void {
  gathered.get(model)?.take(model.connection as unknown as FramePath, channel)
}

class GatheredWrites {
  readonly #write: (frame: Buffer) => boolean
  /** Channels that were told to wait. */
  readonly #full = new Set<Channel>()
  readonly #warn: (warning: MessagingError) => void
  /** Whether frames are made here: `untried` until the first of them was held against those of amqplib. */
  #ownFrames: 'untried' | 'yes' | 'no'

  constructor(stream: Duplex, ownFrames: boolean, warn: (warning: MessagingError) => void) {
    this.#ownFrames = ownFrames ? 'untried' : 'no'
    this.#warn = warn
    const write = stream.write as (...args: unknown[]) => boolean
    let corked = false
    const uncork = (): void => {
      corked = false
      stream.uncork()
    }
    const gather = (...args: unknown[]): boolean => {
      if (!corked) {
        corked = true
        stream.cork()
        process.nextTick(uncork)
      }
      return write.apply(stream, args)
    }
    stream.write = gather as Duplex['write']
    this.#write = gather
    stream.on('drain', () => this.#drained())
  }

  take(connection: FramePath, channel: Channel): void {
    const { muxer, channels } = connection
    const source = channel as unknown as FrameSource
    const entry = channels?.[source.ch]
    if (!entry || !muxer) return
    muxer.unpipeFrom(entry.buffer)
    let seen: Buffer[] | undefined
    const direct: FrameBuffer = {
      write: (frame) => {
        seen?.push(frame)
        const room = this.#write(frame)
        if (!room) this.#full.add(channel)
        return room
      },
      end: () => this.#full.delete(channel),
    }
    entry.buffer = direct
    const { publish, sendMessage } = source
    const sendByConnection = connection.sendMessage
    // One with confirms counts what is published.
    const counts = typeof source.pushConfirmCallback === 'function'
    if (typeof publish !== 'function' || (hasMethods(source, 'waitForConfirms') && !counts)) return
    source.publish = (exchange, routingKey, body, options = {}, confirmed) => {
      const frames =
        this.#ownFrames !== 'no' &&
        source.sendMessage === sendMessage &&
        connection.sendMessage === sendByConnection
          ? framesOf(source.ch, exchange, routingKey, body, options, connection.frameMax)
          : undefined
      if (!frames) return publish.call(source, exchange, routingKey, body, options, confirmed)
      if (this.#ownFrames === 'untried' && options.headerBytes === undefined) {
        seen = []
        try {
          return publish.call(source, exchange, routingKey, body, options, confirmed)
        } finally {
          this.#compared(frames.equals(Buffer.concat(seen)))
          seen = undefined
        }
      }
      connection.sentSinceLastCheck = true
      const room = direct.write(frames)
      source.pushConfirmCallback?.(confirmed)
      return room
    }
  }

  #compared(same: boolean): void {
    this.#ownFrames = same ? 'yes' : 'no'
    if (!same) this.#warn(builtOtherwise(LIBRARY, REACHES.publishedFrames))
  }

  #drained(): void {
    const full = [...this.#full]
    this.#full.clear()
    for (const channel of full) channel.emit('drain')
  }
}

function framesOf(
  channel: number,
  exchange: string,
  routingKey: string,
  body: Buffer,
  options: PublishOptions,
  frameMax: number,
): Buffer | undefined {
  const { headerBytes } = options
  return headerBytes === undefined
    ? publishFrames(channel, exchange, routingKey, body, options, frameMax)
    : copyFrames(channel, exchange, routingKey, body, { mandatory: options.mandatory, headerBytes }, frameMax)
}
