/**
 * The hub at work: the embedded broker behind a ROUTER socket. It knows the protocol and no queue semantics; every client
 * gets a session of the broker. One read loop here, one write loop in `post.ts`, as ZeroMQ wants it.
 */
import type { Router } from 'zeromq'
import type { Broker } from '../../../broker/index.ts'
import { MessagingError } from '../../../model/errors.ts'
import { readJson, readRecords } from '../codec/records.ts'
import { toWire } from '../errors.ts'
import { placesFree } from '../wire/listening.ts'
import { type Hello, Op, PROTOCOL_VERSION } from '../wire/protocol.ts'
import type { Hub } from './hub-api.ts'
import { Peer } from './peer.ts'
import { Post } from './post.ts'

export interface HubFacts {
  /** Where the socket listens, in ZeroMQ's words. */
  readonly endpoints: readonly string[]
  readonly urls: readonly string[]
  readonly durable: boolean
  readonly maxMessageBytes: number
  readonly maxSessions: number
}

/** How often silent clients are looked for. Unit: ms. */
const SWEEP_MS = 500
/** A lost connection is followed by a look at who is still there, this much later. Unit: ms. */
const ROLL_CALL_MS = 100
const LEAST_HEARTBEAT_MS = 100

export class RunningHub implements Hub {
  readonly urls: readonly string[]
  readonly #router: Router
  readonly #broker: Broker
  readonly #facts: HubFacts
  readonly #release: () => Promise<void>
  readonly #peers = new Map<string, Peer>()
  readonly #post: Post
  readonly #sweep: NodeJS.Timeout
  #rollCall: NodeJS.Timeout | undefined
  #closing: Promise<void> | undefined

  /** `release` ends what the hub stands on: its broker, its answers about keys. */
  constructor(router: Router, broker: Broker, facts: HubFacts, release: () => Promise<void>) {
    this.#router = router
    this.#broker = broker
    this.#facts = facts
    this.urls = facts.urls
    this.#release = release
    this.#post = new Post(router, (peer) => this.#drop(keyOf(peer.identity)))
    this.#sweep = setInterval(() => this.#dropSilent(), SWEEP_MS)
    // ZeroMQ tells that a connection ended, but not whose.
    router.events.on('disconnect', () => this.#callRoll())
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
    const free = placesFree(this.#router, this.#facts.endpoints)
    this.#router.close()
    await Promise.all([...[...this.#peers.values()].map((peer) => peer.close()), free])
    this.#peers.clear()
    await this.#release()
  }

  async #read(): Promise<void> {
    try {
      for await (const [identity, batch] of this.#router) {
        if (identity && batch) this.#arrived(identity as Buffer, batch as Buffer)
      }
    } catch (error) {
      if (!this.#closing) process.emitWarning(error instanceof Error ? error : String(error))
    }
  }

  #arrived(identity: Buffer, batch: Buffer): void {
    const key = keyOf(identity)
    const peer = this.#peers.get(key)
    try {
      if (!peer) this.#stranger(key, identity, batch)
      else {
        peer.heardAt = performance.now()
        readRecords(batch, {
          record: (op, link, bytes, start, end) => {
            if (op === Op.BYE) this.#drop(key)
            else if (op === Op.HELLO) this.#hello(key, identity, readJson<Hello>(bytes, start, end))
            else if (this.#peers.get(key) === peer) peer.record(op, link, bytes, start, end)
          },
        })
      }
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
        if (op === Op.HELLO) this.#hello(key, identity, readJson<Hello>(bytes, start, end))
        else if (peer) peer.record(op, link, bytes, start, end)
        else if (!refused && op !== Op.PING && op !== Op.BYE) {
          refused = true
          this.#post.refuse(identity, unknownSession())
        }
      },
    })
  }

  #hello(key: string, identity: Buffer, hello: Hello): void {
    this.#drop(key)
    const refusal = this.#refusalOf(hello)
    if (refusal) {
      this.#post.refuse(identity, refusal)
      return
    }
    const heartbeatMs = Math.max(LEAST_HEARTBEAT_MS, Number(hello.heartbeatMs) || 10_000)
    const { client } = hello
    const session = this.#broker.session(
      { disconnected: (error) => this.#ended(key, error), warning: (error) => process.emitWarning(error) },
      typeof client === 'string' ? { client } : {},
    )
    const peer = new Peer(Buffer.from(identity), session, heartbeatMs, this.#post)
    this.#peers.set(key, peer)
    const { durable, maxMessageBytes } = this.#facts
    peer.write(Op.WELCOME, 0, {
      protocol: PROTOCOL_VERSION,
      product: 'Sluice hub',
      version: this.#broker.version,
      durable,
      heartbeatMs,
      maxMessageBytes,
    })
  }

  #refusalOf({ protocol }: Hello): MessagingError | undefined {
    if (protocol !== PROTOCOL_VERSION) {
      return new MessagingError(
        'CONNECT_FAILED',
        `The hub speaks protocol ${PROTOCOL_VERSION}, the client ${String(protocol)}`,
        { retryable: false, hint: 'Bring hub and client to the same version of Sluice.' },
      )
    }
    if (this.#peers.size < this.#facts.maxSessions) return undefined
    return new MessagingError('CONNECT_FAILED', 'The hub has as many clients as it takes')
  }

  #ended(key: string, error: MessagingError): void {
    this.#peers.get(key)?.write(Op.DISCONNECTED, 0, { error: toWire(error) })
  }

  #drop(key: string): void {
    const peer = this.#peers.get(key)
    if (!peer) return
    this.#peers.delete(key)
    void peer.close()
  }

  #dropSilent(): void {
    const now = performance.now()
    for (const [key, peer] of this.#peers) {
      if (now - peer.heardAt > peer.heartbeatMs * 2) this.#drop(key)
      else if (now - peer.saidAt > peer.heartbeatMs / 2) peer.ping()
    }
    this.#post.retry()
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
