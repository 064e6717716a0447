/** One rhea connection: made within its time, ended once, its links kept apart by session. */

import type { Socket } from 'node:net'
import { settledWithin } from '../../../core/aborts.ts'
import { lookFor } from '../../../core/connecting/reach.ts'
import type { MessagingError } from '../../../model/errors.ts'
import {
  connectError,
  connectionLost,
  linkError,
  noChannelLeft,
  senderError,
  tooLargeToTake,
} from '../errors.ts'
import { loadRhea } from '../library.ts'
import { type Product, productOf } from '../nodes/product.ts'
import type { Endpoint } from '../options.ts'
import { countFromPeer } from './delivery-count.ts'
import { dial } from './dial.ts'
import { watchEcho } from './echo-watch.ts'
import { watchFrameSizes } from './frame-sizes.ts'
import { type Identity, openFields } from './identity.ts'
import { watchIdle } from './idle-watch.ts'
import { refuseLinks } from './peer-habits.ts'
import { openRawSession } from './raw-session.ts'
import { LIBRARY, REACHES, type ReachName, withProbe } from './reaches.ts'
import type {
  OpenFrame,
  Rhea,
  RheaConnection,
  RheaContainer,
  RheaContext,
  RheaLink,
  RheaReceiver,
  RheaSender,
  RheaSession,
} from './rhea-types.ts'
import { SessionTurns } from './session-turns.ts'

/** Longest wait for the broker to answer a close. Unit: ms. */
const CLOSE_MS = 1_000
/** Places for unsettled deliveries of a sending session beyond its window. */
const SPARE = 2_048
/** By the standard every peer takes frames of this size. Unit: bytes. */
const LEAST_FRAME_BYTES = 512
/** A transfer may have no bytes at all. */
const NOTHING = Buffer.alloc(0)

export class Physical {
  readonly connection: RheaConnection
  readonly rhea: Rhea
  readonly product: Product
  /** Unit: ms; 0: none. */
  readonly heartbeatMs: number
  /** After this time without a word the broker takes a client for gone. Unit: ms; 0: never. */
  readonly brokerIdleMs: number
  readonly #maxMessageBytes: number
  readonly #socket: Socket
  readonly #turns: SessionTurns
  /** Whoever waits for the broker: a lost connection ends it. */
  readonly #waiting = new Set<(error: MessagingError) => void>()
  readonly #lives = new WeakMap<RheaLink, LinkLife>()
  /** Links that write before they end. */
  readonly #finishing = new Set<Promise<unknown>>()
  #over: MessagingError | undefined
  #closing: Promise<void> | undefined
  /** Verdicts that wait for their turn. */
  #verdicts: Promise<void> = Promise.resolve()
  #onLost: (error: MessagingError) => void = () => {}

  private constructor(
    rhea: Rhea,
    connection: RheaConnection,
    turns: SessionTurns,
    socket: Socket,
    { heartbeatMs, maxMessageBytes }: Endpoint,
    brokerIdleMs: number,
  ) {
    this.rhea = rhea
    this.heartbeatMs = heartbeatMs
    this.#maxMessageBytes = maxMessageBytes
    this.brokerIdleMs = brokerIdleMs
    this.connection = connection
    this.product = productOf(connection.properties)
    this.#turns = turns
    this.#socket = socket
  }

  static async open(
    endpoint: Endpoint,
    identity: Identity,
    signal: AbortSignal,
    lost: (error: MessagingError) => void,
    warn: (warning: MessagingError) => void,
  ): Promise<Physical> {
    const { default: module } = await loadRhea()
    const rhea = module as unknown as Rhea
    const container = rhea.create_container({ id: identity.containerId })
    // What nobody listens to climbs up to here and would be thrown.
    container.on('error', () => {})
    return new Promise((resolve, reject) => {
      let socket: Socket | undefined
      let physical: Physical | undefined
      let early: unknown
      const fail = (cause: unknown): void => {
        signal.removeEventListener('abort', onAbort)
        socket?.destroy()
        reject(connectError(cause, endpoint.place))
      }
      const onAbort = (): void => fail(signal.reason)
      if (signal.aborted) return fail(signal.reason)
      signal.addEventListener('abort', onAbort, { once: true })
      const connection = container.connect({
        ...loginOptions(endpoint, container),
        ...openFields(identity, rhea, { product: 'Sluice', 'client-name': endpoint.clientName }),
        reconnect: false,
        connect: (_port: number, _host: string, _options: object, connected: () => void) => {
          socket = dial(endpoint, connected)
          // order: before rhea listens.
          watchFrameSizes(socket, endpoint.maxFrameBytes, (cause) => {
            early ??= cause
            socket!.destroy()
            ended(cause)
          })
          // rhea does not listen to it, and waits on for a peer that was given up during the handshake.
          socket.once('close', () => {
            clearTimeout(connection.heartbeat_in)
            ended(early ?? new Error('the socket was closed'))
          })
          return socket
        },
      })
      const found = withProbe(connection, (looked) => lookFor(LIBRARY, REACHES, looked, warn))
      if (found.has('peerHabits')) refuseLinks(connection)
      const turns = new SessionTurns(connection, found)
      const ended = (cause: unknown): void => {
        if (physical) physical.#lost(cause)
        else fail(cause)
      }
      for (const event of ['connection_error', 'protocol_error', 'error']) {
        connection.on(event, (context: RheaContext) => {
          early = connection.error ?? context.error ?? context
          if (event === 'connection_error') return
          // rhea only ends its half, for which a peer that speaks something else does not care.
          socket?.destroy()
          ended(early)
        })
      }
      connection.on('session_error', () => {})
      // Of links that a program makes natively: rhea ends the process when nobody listens.
      for (const event of ['receiver_error', 'sender_error']) connection.on(event, () => {})
      connection.on('connection_close', () => ended(connection.error ?? early))
      connection.on('disconnected', (context) => ended(early ?? context.error))
      connection.once('connection_open', () => {
        allowLeastFrame(connection.remote.open)
        // order: `watchIdle` takes it away.
        const brokerIdleMs = connection.remote.open.idle_time_out ?? 0
        if (found.has('idleTimers')) {
          watchEcho(connection, socket!, turns)
          watchIdle(connection, socket!)
        }
        // A broker whose virtual host is not up answers the open and closes at once: one turn shows it.
        setImmediate(() => {
          if (early !== undefined || signal.aborted) return fail(early ?? signal.reason)
          signal.removeEventListener('abort', onAbort)
          physical = new Physical(rhea, connection, turns, socket!, endpoint, brokerIdleMs)
          physical.#onLost = lost
          resolve(physical)
        })
      })
    })
  }

  get over(): MessagingError | undefined {
    return this.#over
  }

  /** What of this rhea is built as expected. */
  get found(): ReadonlySet<ReachName> {
    return this.#turns.found
  }

  /** The message of a delivery as it stood on the wire, or as rhea writes what it has decoded. */
  bytesOf(message: Buffer | object | undefined): Buffer {
    if (message === undefined) return NOTHING
    return Buffer.isBuffer(message) ? message : this.rhea.message.encode(message)
  }

  /** Gives rhea a verdict. Where it may write two different ones as one, each has a turn of its own. */
  verdict(give: () => void): void {
    if (this.found.has('verdicts')) {
      give()
      return
    }
    this.#verdicts = this.#verdicts.then(async () => {
      if (!this.#over) give()
      await new Promise((resolve) => setImmediate(resolve))
    })
  }

  /** Calls `ended` at the end of the connection, whoever ends it. */
  whenOver(ended: (error: MessagingError) => void): void {
    this.#waiting.add(ended)
  }

  /** Opens a sender on a session of its own; rejects with the broker's reason. */
  openSender(options: object, window: number, address: string | undefined): Promise<RheaSender> {
    return this.#open(window, address, 'sender', (session) => session.open_sender(options))
  }

  openReceiver(options: object, window: number, address: string | undefined): Promise<RheaReceiver> {
    return this.#open(window, address, 'receiver', (session) =>
      // Of `mixed`, which is the default, a peer may make messages that are settled when they leave, and lost with this program.
      session.open_receiver({ autoaccept: false, credit_window: 0, snd_settle_mode: 0, ...options }),
    )
  }

  #open<L extends RheaSender | RheaReceiver>(
    window: number,
    address: string | undefined,
    side: 'sender' | 'receiver',
    open: (session: RheaSession) => L,
  ): Promise<L> {
    if (this.#over) return Promise.reject(this.#over)
    const { channel_max, local_channel_map: channels } = this.connection
    // By the standard what is not said is 65535.
    const lastChannel = channel_max ?? 0xffff
    // One session more than agreed on, and the broker ends the whole connection.
    if (Object.keys(channels).length > lastChannel) return Promise.reject(noChannelLeft(address, lastChannel))
    const session = openRawSession(this.connection, this.#turns, window * 2 + SPARE, this.#maxMessageBytes)
    return new Promise((resolve, reject) => {
      const link = open(session)
      const life = new LinkLife()
      const errorOf = side === 'sender' ? senderError : linkError
      this.#lives.set(link, life)
      const fail = (error: MessagingError): void => {
        this.#waiting.delete(fail)
        life.ended(error)
        reject(error)
      }
      this.#waiting.add(fail)
      const ended = (cause: unknown): void => {
        if (life.over) return
        if (this.#waiting.has(fail)) {
          fail(errorOf(cause, { address, operation: 'attach' }))
        } else {
          life.ended(errorOf(cause, { address }))
        }
      }
      // One set of listeners from the first moment: an attach and a detach may come in one read.
      for (const event of [`${side}_error`, `${side}_close`]) {
        link.on(event, () => {
          ended(link.error)
          // In this order and at once: a detach after the session's end would be an error of the whole connection.
          link.close()
          session.close()
        })
      }
      for (const event of ['session_error', 'session_close']) session.on(event, () => ended(session.error))
      link.on('too_large', () => {
        const error = tooLargeToTake(address, this.#maxMessageBytes)
        if (!life.over) life.ended(error)
        link.close({ condition: 'amqp:link:message-size-exceeded', description: error.message })
        session.close()
      })
      link.once(`${side}_open`, () => {
        const terminus = side === 'sender' ? (link as RheaSender).target : (link as RheaReceiver).source
        // An attach without terminus is a refusal: the detach with the reason follows. No credit until then, or the session ends.
        if (life.over || isNothing(terminus)) return
        this.#waiting.delete(fail)
        if (side === 'receiver' && this.found.has('receiverFlow')) countFromPeer(link as RheaReceiver)
        resolve(link)
      })
    })
  }

  /** Calls `ended` when the broker ends the link while the connection lives; at once when it has. */
  watch(link: RheaLink, ended: (error: MessagingError) => void): void {
    this.#lives.get(link)?.watch(ended)
  }

  /** Gives a link time to write what waits for credit, a second at most; the connection is not closed before. */
  async finish(written: Promise<void>): Promise<void> {
    const finishing = settledWithin(written, CLOSE_MS)
    this.#finishing.add(finishing)
    await finishing
    this.#finishing.delete(finishing)
  }

  /** Ends a link and its session; resolves when the broker has answered, or after a second. */
  async closeLink(link: RheaLink): Promise<void> {
    const life = this.#lives.get(link)
    if (!life || life.over || this.#over) return
    await this.#verdicts
    life.close()
    const { session } = link
    let done: () => void
    const ended = new Promise<void>((resolve) => {
      done = resolve
      session.once('session_close', done)
      this.#waiting.add(done)
    })
    // One answer for both. Verdicts given before are written before.
    link.close()
    session.close()
    await settledWithin(ended, CLOSE_MS)
    this.#waiting.delete(done!)
  }

  close(timeoutMs = CLOSE_MS): Promise<void> {
    this.#closing ??= this.#close(performance.now() + timeoutMs)
    return this.#closing
  }

  async #close(deadline: number): Promise<void> {
    const left = (): number => Math.min(CLOSE_MS, Math.max(0, deadline - performance.now()))
    this.#onLost = () => {}
    if (!this.#over) await settledWithin(Promise.all(this.#finishing), left())
    if (!this.#over) {
      const closed = new Promise<void>((resolve) => {
        this.connection.once('connection_close', () => resolve())
        this.connection.once('disconnected', () => resolve())
      })
      this.connection.close()
      await settledWithin(closed, left())
      this.#lost(new Error('closed by this program'))
    }
    this.#socket.destroy()
  }

  #lost(cause: unknown): void {
    if (this.#over) return
    this.#over = connectionLost(cause)
    for (const fail of [...this.#waiting]) fail(this.#over)
    this.#socket.destroy()
    this.#onLost(this.#over)
  }
}

/** What has become of one link. */
class LinkLife {
  over = false
  #error: MessagingError | undefined
  #watcher: ((error: MessagingError) => void) | undefined

  watch(watcher: (error: MessagingError) => void): void {
    this.#watcher = watcher
    if (this.#error) watcher(this.#error)
  }

  /** The broker ended it. */
  ended(error: MessagingError): void {
    this.over = true
    this.#error = error
    this.#watcher?.(error)
  }

  /** We end it: nobody need be told. */
  close(): void {
    this.over = true
  }
}

/** `undefined`: without a SASL layer, for brokers that ask nobody for a login. */
function mechanismsOf(
  { mechanism, username, password }: Endpoint,
  container: RheaContainer,
): object | undefined {
  if (mechanism === undefined) return undefined
  const mechanisms = container.sasl.client_mechanisms()
  if (mechanism === 'PLAIN') mechanisms.enable_plain(username ?? '', password ?? '')
  else if (mechanism === 'EXTERNAL') mechanisms.enable_external()
  else mechanisms.enable_anonymous(username ?? 'anonymous')
  return mechanisms
}

/** Of a peer that says less than every peer must take, rhea would cut a message into pieces for ever. */
function allowLeastFrame(open: OpenFrame): void {
  const { max_frame_size: largest } = open
  if (typeof largest === 'number' && largest < LEAST_FRAME_BYTES) open.max_frame_size = LEAST_FRAME_BYTES
}

/** rhea gives an absent terminus as its own word for null. */
function isNothing(terminus: unknown): boolean {
  return terminus === undefined || terminus === null || (terminus as { value?: unknown }).value === null
}

function loginOptions(endpoint: Endpoint, container: RheaContainer): object {
  return {
    host: endpoint.host,
    port: endpoint.port,
    hostname: endpoint.virtualHost,
    sasl_mechanisms: mechanismsOf(endpoint, container),
    idle_time_out: endpoint.heartbeatMs === 0 ? undefined : endpoint.heartbeatMs,
    max_frame_size: endpoint.maxFrameBytes,
  }
}
