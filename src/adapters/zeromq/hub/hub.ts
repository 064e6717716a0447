/**
 * The hub: the embedded broker behind a ROUTER socket. It knows the protocol and no queue semantics; every client gets a session of
 * the broker. One read loop and one write loop for each socket, as ZeroMQ wants it.
 */
import type { Router } from 'zeromq'
import { MessagingError } from '../../../api/errors.ts'
import { Broker, type BrokerLease, fileBroker } from '../../../broker/index.ts'
import { clientLibrary } from '../../../core/client-library.ts'
import { toWire } from '../errors.ts'
import { type Hello, Op, PROTOCOL_VERSION } from '../protocol.ts'
import { RecordWriter, readJson, readRecords } from '../records.ts'
import { allowKeys, type CurveHubOptions, curveOptions } from './curve.ts'
import { Peer } from './peer.ts'

export interface HubOptions {
  /** Where to listen: `tcp://127.0.0.1:5600`, `ipc:///path`, `inproc://name`. A port `*` takes a free one. */
  readonly listen: readonly string[]
  /** Directory of the store. Default: everything in memory. */
  readonly data?: string
  /** Encryption, and the clients that are let in. */
  readonly curve?: CurveHubOptions
  /** Listen beyond this machine without CURVE. Default false. */
  readonly insecure?: boolean
  /** Larger messages end the connection they come by. Unit: bytes. Default 64 MiB. */
  readonly maxMessageBytes?: number
  /** Clients at once. Default 10,000. */
  readonly maxSessions?: number
}

export interface Hub extends AsyncDisposable {
  /** URLs for `connect`, with the real ports. */
  readonly urls: readonly string[]
  /** Clients with a session now. */
  readonly sessions: number
  close(): Promise<void>
}

const MAX_MESSAGE_BYTES = 64 * 1024 * 1024
const MAX_SESSIONS = 10_000
/** How often silent clients are looked for. Unit: ms. */
const SWEEP_MS = 500
const LEAST_HEARTBEAT_MS = 100

/** Starts a hub. @throws `CONFIG_INVALID`, `CONNECT_FAILED` when the address is taken or the store cannot be opened */
export async function createHub(options: HubOptions): Promise<Hub> {
  checkListen(options)
  const lease: BrokerLease = options.data === undefined ? await memoryLease() : await fileBroker(options.data)
  const { Router } = await clientLibrary('zeromq', () => import('zeromq'))
  const router = new Router({
    linger: 500,
    sendHighWaterMark: 0,
    receiveHighWaterMark: 0,
    maxMessageSize: options.maxMessageBytes ?? MAX_MESSAGE_BYTES,
    handover: true,
    ...curveOptions(options.curve),
  })
  const zap = options.curve ? await allowKeys(options.curve.allowedKeys) : undefined
  try {
    const urls: string[] = []
    for (const address of options.listen) {
      await router.bind(address)
      urls.push(urlOf(router.lastEndpoint ?? address))
    }
    return new RunningHub(router, lease, urls, options, zap)
  } catch (cause) {
    router.close()
    await zap?.close()
    await lease.release()
    throw new MessagingError('CONNECT_FAILED', `The hub cannot listen: ${(cause as Error).message}`, {
      cause,
      hint: 'Check that the address is of this machine and free.',
      context: { address: options.listen.join(', ') },
    })
  }
}

async function memoryLease(): Promise<BrokerLease> {
  const broker = await Broker.open()
  return { broker, release: () => broker.close() }
}

class RunningHub implements Hub {
  readonly urls: readonly string[]
  readonly #router: Router
  readonly #lease: BrokerLease
  readonly #options: HubOptions
  readonly #zap: { close(): Promise<void> } | undefined
  readonly #peers = new Map<string, { peer: Peer; identity: Buffer }>()
  readonly #dirty = new Set<string>()
  readonly #refusals: { identity: Buffer; batch: Buffer }[] = []
  readonly #sweep: NodeJS.Timeout
  #scheduled = false
  #writing = false
  #closing: Promise<void> | undefined

  constructor(
    router: Router,
    lease: BrokerLease,
    urls: readonly string[],
    options: HubOptions,
    zap: { close(): Promise<void> } | undefined,
  ) {
    this.#router = router
    this.#lease = lease
    this.urls = urls
    this.#options = options
    this.#zap = zap
    this.#sweep = setInterval(() => this.#dropSilent(), SWEEP_MS)
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
    const error = toWire(new MessagingError('CONNECTION_LOST', 'the hub was closed'))
    for (const { peer } of this.#peers.values()) peer.write(Op.DISCONNECTED, 0, { error })
    await this.#write()
    this.#router.close()
    await Promise.all([...this.#peers.values()].map(({ peer }) => peer.close()))
    this.#peers.clear()
    await this.#zap?.close()
    await this.#lease.release()
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
    const key = identity.toString('latin1')
    try {
      readRecords(batch, (op, link, payload) => {
        if (op === Op.HELLO) {
          this.#hello(key, identity, readJson<Hello>(payload))
          return
        }
        const known = this.#peers.get(key)
        // Without a session: the client is told once and starts anew.
        if (!known) {
          if (op !== Op.PING && op !== Op.BYE) this.#refuse(identity, notWelcome())
          return
        }
        known.peer.heardAt = performance.now()
        if (op === Op.BYE) this.#drop(key)
        else known.peer.record(op, link, payload)
      })
    } catch (error) {
      this.#drop(key)
      this.#refuse(identity, error)
    }
  }

  #hello(key: string, identity: Buffer, hello: Hello): void {
    if (hello?.protocol !== PROTOCOL_VERSION) {
      this.#refuse(
        identity,
        new MessagingError(
          'CONNECT_FAILED',
          `The hub speaks protocol ${PROTOCOL_VERSION}, the client ${String(hello?.protocol)}`,
          {
            retryable: false,
            hint: 'Bring hub and client to the same version of Sluice.',
          },
        ),
      )
      return
    }
    if (this.#peers.size >= (this.#options.maxSessions ?? MAX_SESSIONS)) {
      this.#refuse(identity, new MessagingError('CONNECT_FAILED', 'The hub has as many clients as it takes'))
      return
    }
    this.#drop(key)
    const heartbeatMs = Math.max(LEAST_HEARTBEAT_MS, Number(hello.heartbeatMs) || 10_000)
    const session = this.#lease.broker.session(
      { disconnected: (error) => this.#ended(key, error), warning: (error) => process.emitWarning(error) },
      typeof hello.client === 'string' ? { client: hello.client } : {},
    )
    const peer = new Peer(session, heartbeatMs, () => this.#touch(key))
    this.#peers.set(key, { peer, identity })
    peer.write(Op.WELCOME, 0, {
      protocol: PROTOCOL_VERSION,
      product: 'Sluice hub',
      version: this.#lease.broker.version,
      durable: this.#options.data !== undefined,
      heartbeatMs,
      maxMessageBytes: this.#options.maxMessageBytes ?? MAX_MESSAGE_BYTES,
    })
  }

  #ended(key: string, error: MessagingError): void {
    this.#peers.get(key)?.peer.write(Op.DISCONNECTED, 0, { error: toWire(error) })
  }

  #drop(key: string): void {
    const known = this.#peers.get(key)
    if (!known) return
    this.#peers.delete(key)
    this.#dirty.delete(key)
    void known.peer.close()
  }

  #refuse(identity: Buffer, error: unknown): void {
    // Strangers must not fill memory with refusals: beyond some, they get none.
    if (this.#refusals.length >= 1_000) return
    const records = new RecordWriter()
    records.json(Op.REFUSED, 0, { error: toWire(error) })
    this.#refusals.push({ identity: Buffer.from(identity), batch: records.take() })
    this.#schedule()
  }

  #dropSilent(): void {
    const now = performance.now()
    for (const [key, { peer }] of this.#peers) {
      if (now - peer.heardAt > peer.heartbeatMs * 2) this.#drop(key)
      else if (now - peer.saidAt > peer.heartbeatMs / 2) peer.ping()
    }
  }

  #touch(key: string): void {
    this.#dirty.add(key)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled || this.#writing) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      void this.#write()
    })
  }

  async #write(): Promise<void> {
    if (this.#writing) return
    this.#writing = true
    try {
      while (this.#refusals.length > 0 || this.#dirty.size > 0) {
        const refusal = this.#refusals.shift()
        if (refusal) await this.#router.send([refusal.identity, refusal.batch])
        for (const key of [...this.#dirty]) {
          this.#dirty.delete(key)
          const known = this.#peers.get(key)
          if (!known) continue
          known.peer.saidAt = performance.now()
          await this.#router.send([known.identity, known.peer.records.take()])
        }
      }
    } catch (error) {
      if (!this.#closing) process.emitWarning(error instanceof Error ? error : String(error))
    } finally {
      this.#writing = false
    }
  }
}

function notWelcome(): MessagingError {
  return new MessagingError('CONNECTION_LOST', 'The hub does not know this session: begin with HELLO')
}

function urlOf(endpoint: string): string {
  return endpoint.startsWith('tcp://') ? endpoint.replace(/^tcp:/, 'zmq:') : `zmq+${endpoint}`
}

const LOOPBACK = /^tcp:\/\/(127\.|localhost[:]|\[::1\])/

function checkListen({ listen, curve, insecure }: HubOptions): void {
  if (!Array.isArray(listen) || listen.length === 0)
    throw new MessagingError('CONFIG_INVALID', 'The hub needs an address to listen at')
  for (const address of listen) {
    if (!/^(tcp|ipc|inproc):\/\//.test(address)) {
      throw new MessagingError('CONFIG_INVALID', `'${address}' is none of tcp://, ipc://, inproc://`)
    }
    if (address.startsWith('tcp:') && !LOOPBACK.test(address) && !curve && !insecure) {
      throw new MessagingError(
        'CONFIG_INVALID',
        `${address} can be reached from other machines, without encryption or login`,
        {
          hint: 'Use CURVE keys (sluice hub --curve-keys), or say that it may be so (--insecure).',
        },
      )
    }
  }
}
