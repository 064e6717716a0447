/** One TCP connection to the broker: opened under an abort signal, watched, and ended without fail. */
import type { ChannelModel } from 'amqplib'
import { speaksOther, speechAt } from '../../../core/connecting/first-words.ts'
import { lookFor } from '../../../core/connecting/reach.ts'
import { speaksTls } from '../../../core/connecting/tls-probe.ts'
import type { MessagingError } from '../../../model/errors.ts'
import { ADAPTER, connectError } from '../errors.ts'
import { loadAmqplib } from '../library.ts'
import { brokerWords, hungUp, isNoFrame } from '../native-errors.ts'
import type { Endpoint } from '../options.ts'
import { quotaFor } from './channel-quota.ts'
import { gatherWrites } from './gathered-writes.ts'
import { tapHeaderFrames } from './native-properties.ts'
import { LIBRARY, REACHES, type ReachName } from './reaches.ts'

/** Header of the protocol. */
const GREETING = Buffer.from('AMQP\0\0\x09\x01', 'latin1')
/** What amqplib asks for. Unit: bytes. */
const USUAL_FRAME_BYTES = 131_072
const LEAST_FRAME_BYTES = 4_096
/** Type, channel, size and end. */
const FRAME_OVERHEAD = 8

export class PhysicalConnection {
  readonly model: ChannelModel
  readonly #abort: AbortController
  #cause: unknown

  readonly #found: ReadonlySet<ReachName>

  private constructor(
    model: ChannelModel,
    abort: AbortController,
    login: string,
    warn: (warning: MessagingError) => void = () => {},
  ) {
    this.model = model
    this.#abort = abort
    this.#found = lookFor(LIBRARY, REACHES, model, warn)
    if (this.#found.has('headerFrames')) tapHeaderFrames(model)
    gatherWrites(model, this.#found, warn)
    // Without a listener amqplib's 'error' would end the process; the last one before the end is the cause.
    const quota = quotaFor(model, login)
    model.on('error', (error) => {
      this.#cause = error
      // order: before its channels are told of the end.
      quota.ended(brokerWords(error))
    })
  }

  /**
   * @param warn is told what of amqplib is built otherwise; one of several connections to a broker needs it
   * @throws `CONNECT_FAILED`, `UNAUTHENTICATED`; nothing is left open then
   */
  static async open(
    endpoint: Endpoint,
    role: string,
    signal: AbortSignal,
    warn?: (warning: MessagingError) => void,
  ): Promise<PhysicalConnection> {
    const { connect, credentials } = await loadAmqplib()
    const { username, password, mechanism } = endpoint
    const login =
      mechanism === 'EXTERNAL'
        ? credentials.external()
        : mechanism === 'AMQPLAIN'
          ? credentials.amqplain(username, password)
          : credentials.plain(username, password)
    // The socket obeys this signal for all its life; the caller's only until the connection is open.
    const abort = new AbortController()
    const onAbort = (): void => abort.abort(signal.reason)
    if (signal.aborted) throw connectError(signal.reason, endpoint.place, endpoint.vhost)
    signal.addEventListener('abort', onAbort, { once: true })
    const aborted = new Promise<never>((_, reject) => {
      abort.signal.addEventListener('abort', () => reject(abort.signal.reason), { once: true })
    })
    aborted.catch(() => {})
    try {
      const opening = connect(
        {
          protocol: endpoint.secure ? 'amqps' : 'amqp',
          hostname: endpoint.host,
          port: endpoint.port,
          vhost: encodeURIComponent(endpoint.vhost),
          heartbeat: endpoint.heartbeatSeconds,
          frameMax: endpoint.frameMax,
          maxFrameSize: largestPayload(endpoint.frameMax),
          channelMax: endpoint.channelMax,
        },
        {
          ...endpoint.tls,
          noDelay: true,
          keepAlive: true,
          credentials: login,
          clientProperties: { connection_name: `${endpoint.clientName} (${role})` },
          signal: abort.signal,
        } as Parameters<typeof connect>[1],
      )
      // Given up just when it had succeeded: then nobody else listens to its end.
      opening.then(
        (model) => model.on('error', () => {}),
        () => {},
      )
      const user = `${username}@${endpoint.place}`
      return new PhysicalConnection(await Promise.race([opening, aborted]), abort, user, warn)
    } catch (cause) {
      abort.abort()
      if (signal.aborted) throw connectError(signal.reason ?? cause, endpoint.place, endpoint.vhost)
      throw (await otherListener(cause, endpoint)) ?? connectError(cause, endpoint.place, endpoint.vhost)
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  get serverProperties(): Readonly<Record<string, unknown>> {
    return this.model.connection.serverProperties ?? {}
  }

  /** What the connection ended with, if it was an error. */
  get cause(): unknown {
    return this.#cause
  }

  /** Calls back when the connection has ended, for whatever reason. */
  onEnd(ended: (cause: unknown) => void): void {
    this.model.on('close', (error) => ended(error ?? this.#cause))
    // A socket that is destroyed without an error or an end goes unnoticed by amqplib until heartbeats fail, and calls
    // under way wait for ever: it is told in the words it listens for. Where it knows already, it does nothing.
    if (!this.#found.has('corkedStream')) return
    const { stream } = this.model.connection as unknown as { stream: NodeJS.EventEmitter }
    stream.once('close', () => stream.emit('error', new Error('the socket was closed')))
  }

  /** The polite end. May wait for ever on a silent broker: bound it. Never rejects. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.model.once('close', () => resolve())
      this.model.close().then(resolve, () => resolve())
    })
  }

  /** The impolite one: the socket is gone at once. */
  destroy(): void {
    this.#abort.abort()
  }
}

/**
 * A frame that says it is larger than was asked for ends the connection, instead of being waited for. `undefined`, where no limit was asked
 * for: what amqplib takes from the broker's word.
 */
function largestPayload(frameMax = USUAL_FRAME_BYTES): number | undefined {
  return frameMax === 0 ? undefined : Math.max(LEAST_FRAME_BYTES, frameMax - FRAME_OVERHEAD)
}

/** What listens there, where that is no RabbitMQ or its port with TLS: asked on a connection of its own. */
async function otherListener(cause: unknown, endpoint: Endpoint): Promise<MessagingError | undefined> {
  if (endpoint.secure) return undefined
  const speech = isNoFrame(cause)
    ? await speechAt(endpoint, GREETING)
    : hungUp(cause) && (await speaksTls(endpoint))
      ? 'TLS'
      : undefined
  const context = { adapter: ADAPTER, address: endpoint.place, operation: 'connect' }
  return speech && speaksOther(speech, 'rabbitmqs', cause, context)
}
