/**
 * The hub at work: the embedded broker behind a ROUTER socket. It knows the protocol and no queue semantics; every client
 * gets a session of the broker. One read loop here, one write loop in `post.ts`, as ZeroMQ wants it.
 */
import type { Router } from 'zeromq'
import type { Broker } from '../../../broker/index.ts'
import { MessagingError } from '../../../model/errors.ts'
import { malformed, readJson, readRecords } from '../codec/records.ts'
import { ADAPTER, toWire } from '../errors.ts'
import { placesFree } from '../wire/listening.ts'
import { LoopClock } from '../wire/loop-clock.ts'
import { type Hello, Op } from '../wire/protocol.ts'
import { SocketEvents } from '../wire/socket-events.ts'
import type { Hub } from './hub-api.ts'
import { Peer, type PeerFacts } from './peer.ts'
import { Post } from './post.ts'
import { helloOf } from './specs.ts'

export interface HubFacts {
  /** Where the socket listens, in ZeroMQ's words. */
  readonly endpoints: readonly string[]
  readonly urls: readonly string[]
  readonly durable: boolean
  readonly maxMessageBytes: number
  /** Largest batch that comes in parts. Unit: bytes. */
  readonly maxBatchBytes: number
  readonly maxSessions: number
}

/** How often silent clients are looked for. Unit: ms. */
const SWEEP_MS = 200
/** A lost connection is followed by a look at who is still there, this much later. Unit: ms. */
const ROLL_CALL_MS = 100

export class RunningHub implements Hub {
  readonly urls: readonly string[]
  readonly #router: Router
  readonly #broker: Broker
  readonly #facts: HubFacts
  readonly #release: () => Promise<void>
  readonly #peers = new Map<string, Peer>()
  /** Those that may come back, by what they are known by. */
  readonly #clients = new Map<string, Peer>()
  readonly #post: Post
  readonly #clock = new LoopClock(SWEEP_MS)
  readonly #sweep: NodeJS.Timeout
  readonly #events: SocketEvents
  #rollCall: NodeJS.Timeout | undefined
  #toldFull = false
  #closing: Promise<void> | undefined

  /** `release` ends what the hub stands on: its broker, its answers about keys. */
  constructor(router: Router, broker: Broker, facts: HubFacts, release: () => Promise<void>) {
    this.#router = router
    this.#broker = broker
    this.#facts = facts
    this.urls = facts.urls
    this.#release = release
    this.#post = new Post(router, (peer, reason) => this.#dismiss(peer, reason))
    this.#sweep = setInterval(() => this.#dropSilent(), SWEEP_MS)
    this.#events = new SocketEvents(router)
    // ZeroMQ tells that a connection ended, but not whose.
    this.#events.on('disconnect', () => this.#callRoll())
    this.#events.on('accept:error', ({ error }) => this.#full(error))
    void this.#read()
  }

  get sessions(): number {
    return this.#peers.size
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    clearInterval(this.#sweep)
    clearTimeout(this.#rollCall)
    const error = toWire(new MessagingError('CONNECTION_LOST', 'the hub was closed'))
    for (const peer of this.#peers.values()) peer.write(Op.DISCONNECTED, 0, { error })
    await this.#post.flush()
    this.#post.end()
    const free = placesFree(this.#router, this.#facts.endpoints, this.#events)
    this.#router.close()
    await Promise.all([...[...this.#peers.values()].map((peer) => peer.close()), free])
    this.#peers.clear()
    await this.#release()
  }

  async #read(): Promise<void> {
    try {
      for await (const [identity, ...frames] of this.#router)
        this.#arrived(identity as Buffer, frames as Buffer[])
    } catch (error) {
      if (!this.#closing) process.emitWarning(error instanceof Error ? error : String(error))
    }
  }

  #arrived(identity: Buffer, frames: Buffer[]): void {
    const key = keyOf(identity)
    const peer = this.#peers.get(key)
    try {
      const [message] = frames
      if (!message || frames.length > 1) throw malformed(`it has ${frames.length} frames instead of one`)
      if (!peer) {
        this.#stranger(key, identity, message)
        return
      }
      peer.heardAt = this.#clock.now
      const batch = peer.parts.add(message)
      if (!batch) return
      readRecords(batch, {
        record: (op, link, bytes, start, end) => {
          if (this.#peers.get(key) !== peer && op !== Op.HELLO) return
          if (op === Op.BYE) this.#drop(key)
          else if (op === Op.HELLO) this.#hello(key, identity, readJson(bytes, start, end))
          else peer.record(op, link, bytes, start, end)
        },
      })
    } catch (error) {
      this.#drop(key)
      this.#post.refuse(identity, error)
    }
  }

  /** Without a session: HELLO begins one, anything else is answered once for each batch, and the client starts anew. */
  #stranger(key: string, identity: Buffer, batch: Buffer): void {
    let refused = false
    readRecords(batch, {
      record: (op, link, bytes, start, end) => {
        const peer = this.#peers.get(key)
        if (op === Op.HELLO) this.#hello(key, identity, readJson(bytes, start, end))
        else if (peer) peer.record(op, link, bytes, start, end)
        else if (!refused && op !== Op.PING && op !== Op.BYE) {
          refused = true
          this.#post.refuse(identity, unknownSession())
        }
      },
    })
  }

  #hello(key: string, identity: Buffer, asked: Readonly<Record<string, unknown>>): void {
    this.#drop(key)
    let hello: Hello
    try {
      hello = helloOf(asked)
      if (this.#peers.size >= this.#facts.maxSessions)
        throw new MessagingError('CONNECT_FAILED', 'The hub has as many clients as it takes')
    } catch (error) {
      this.#post.refuse(identity, error)
      return
    }
    const { protocol, client, heartbeatMs } = hello
    const { durable, maxMessageBytes, maxBatchBytes } = this.#facts
    const older = client === undefined ? undefined : this.#clients.get(client)
    if (older) this.#dismiss(older, 'The same client opened another connection')
    const session = this.#broker.session(
      { disconnected: (error) => this.#ended(key, error), warning: (error) => process.emitWarning(error) },
      client === undefined ? {} : { client },
    )
    const facts: PeerFacts = {
      identity: Buffer.from(identity),
      hello,
      maxBodyBytes: maxMessageBytes,
      maxBatchBytes,
      dismiss: (error) => this.#dismiss(peer, error),
    }
    const peer = new Peer(facts, session, this.#post)
    peer.heardAt = this.#clock.now
    this.#peers.set(key, peer)
    if (client !== undefined) this.#clients.set(client, peer)
    peer.write(Op.WELCOME, 0, {
      protocol,
      product: 'Sluice hub',
      version: this.#broker.version,
      durable,
      heartbeatMs,
      maxMessageBytes,
    })
  }

  #ended(key: string, error: MessagingError): void {
    this.#peers.get(key)?.write(Op.DISCONNECTED, 0, { error: toWire(error) })
  }

  #drop(key: string): void {
    const peer = this.#peers.get(key)
    if (!peer) return
    this.#peers.delete(key)
    if (peer.client !== undefined && this.#clients.get(peer.client) === peer)
      this.#clients.delete(peer.client)
    void peer.close()
  }

  /** Ends the session from here, and says why: where only the way to the hub is broken, the client hears it at once. */
  #dismiss(peer: Peer, reason: MessagingError | string): void {
    const key = keyOf(peer.identity)
    if (this.#peers.get(key) !== peer) return
    this.#drop(key)
    const error = typeof reason === 'string' ? new MessagingError('CONNECTION_LOST', reason) : reason
    this.#post.refuse(peer.identity, error)
  }

  #dropSilent(): void {
    const heard = this.#clock.look()
    const now = performance.now()
    for (const peer of this.#peers.values()) {
      const patienceMs = peer.heartbeatMs * 2
      if (heard - peer.heardAt > patienceMs) this.#dismiss(peer, `The hub heard nothing for ${patienceMs} ms`)
      else if (now - peer.saidAt > peer.heartbeatMs / 2) peer.ping()
    }
  }

  #full(error: Error): void {
    if (this.#toldFull) return
    this.#toldFull = true
    process.emitWarning(
      new MessagingError('CONNECT_FAILED', `The hub could not take a connection: ${error.message}`, {
        cause: error,
        hint: 'Where too many files are open, raise the limit (ulimit -n), or see who opens so many connections.',
        context: { adapter: ADAPTER, operation: 'accept' },
      }),
    )
  }

  /** Says something to everybody: ZeroMQ then names those it cannot reach any more. */
  #callRoll(): void {
    this.#rollCall ??= setTimeout(() => {
      this.#rollCall = undefined
      for (const peer of this.#peers.values()) peer.ping()
    }, ROLL_CALL_MS)
  }
}

function keyOf(identity: Buffer): string {
  return identity.toString('latin1')
}

function unknownSession(): MessagingError {
  return new MessagingError('CONNECTION_LOST', 'The hub does not know this session: begin with HELLO')
}
