/**
 * What all links of one connection share: the wire, the scripts, the channel on which they are woken, and the one way in
 * which all of it ends.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ConnectionEvents } from '../../../contract/adapter.ts'
import { randomName } from '../../../core/message-id.ts'
import { type ErrorContext, MessagingError } from '../../../model/errors.ts'
import {
  ADAPTER,
  connectError,
  connectionLost,
  isConnectionError,
  isForbidden,
  isNotNow,
  redisError,
  wasHungUp,
} from '../errors.ts'
import { absentKey, Keys } from '../nodes/keys.ts'
import type { Endpoint } from '../options.ts'
import { Subscriptions } from '../receive/subscriptions.ts'
import { type ScriptName, type Scripts, scriptsFor } from '../scripts/index.ts'
import { ArgumentLimit } from './argument-limit.ts'
import { MasterReplaced } from './fail-over-watch.ts'
import { Heartbeat } from './heartbeat.ts'
import { callHidden } from './hidden-call.ts'
import { KeyWatch } from './key-watch.ts'
import { Marks } from './marks.ts'
import { farewell, refuseLosingWrites, refuseOtherMode } from './other-side.ts'
import { ReplicaWait, type Sent } from './replica-wait.ts'
import { FIRST_PAUSE_MS, LONGEST_PAUSE_MS, type ScriptArgument, ScriptCalls } from './script-calls.ts'
import { askServer, type ServerFacts } from './server-facts.ts'
import { type Client, Wire } from './wire.ts'

/** A link that must learn of the end of the connection, and that may be woken. */
export interface SessionLink {
  /**
   * The server says that there is something for this link. `claim`: what its place in a line was taken with; `handed`: a message
   * given to it along with the word.
   */
  woken(claim: number | undefined, handed: Buffer | undefined): void
  /** The connection is gone: nothing of this link can reach the server any more. */
  lost(cause: unknown): void
}

const SPACE = 0x20
/** Receivers that are remembered when they have left. */
const MOST_LEFT = 1_000

export class Session {
  readonly endpoint: Endpoint
  readonly events: ConnectionEvents
  readonly keys: Keys
  readonly facts: ServerFacts
  readonly wire: Wire
  readonly subscriptions: Subscriptions
  readonly keyWatch: KeyWatch
  readonly argumentLimit: ArgumentLimit
  /** Names this connection in the server; no dot in it. */
  readonly token = randomName()
  readonly #scripts: Scripts
  readonly #calls: ScriptCalls
  readonly #replicaWait: ReplicaWait
  readonly #links = new Map<number, SessionLink>()
  /** Queues of receivers that left, the last ones. */
  readonly #left = new Map<number, string>()
  readonly #heartbeat: Heartbeat
  readonly #marks: Marks
  #nextLink = 0
  #alive = true

  private constructor(
    endpoint: Endpoint,
    events: ConnectionEvents,
    keys: Keys,
    wire: Wire,
    facts: ServerFacts,
  ) {
    this.endpoint = endpoint
    this.events = events
    this.keys = keys
    this.wire = wire
    this.facts = facts
    this.subscriptions = new Subscriptions(wire.subscriber)
    this.#scripts = scriptsFor({
      prefix: keys.prefix,
      cluster: endpoint.mode === 'cluster',
      flags: facts.scriptFlags,
    })
    this.#calls = new ScriptCalls(this.#scripts, this.cluster, wire.library, (error) => this.check(error))
    this.#replicaWait = new ReplicaWait(endpoint, wire.library, wire.sends, this.#calls)
    this.keyWatch = new KeyWatch({
      pollMs: endpoint.pollMs,
      ask: (work) => this.ask(work),
      check: (error) => this.check(error),
    })
    this.argumentLimit = new ArgumentLimit(facts, () => wire.spare())
    this.#marks = new Marks(keys.wake(this.token))
    this.#heartbeat = new Heartbeat(
      { ms: endpoint.heartbeatMs, idleMs: facts.idleMs },
      wire,
      () => this.#calls.bytesUnderWay,
      (cause) => this.fail(cause),
    )
  }

  /** @throws `CONNECT_FAILED`, `UNAUTHENTICATED`; nothing is left open then */
  static async open(endpoint: Endpoint, events: ConnectionEvents, signal: AbortSignal): Promise<Session> {
    for (;;) {
      try {
        return await Session.#open(endpoint, events, signal)
      } catch (error) {
        if (signal.aborted || !((error as Error).cause instanceof MasterReplaced)) throw error
      }
    }
  }

  static async #open(endpoint: Endpoint, events: ConnectionEvents, signal: AbortSignal): Promise<Session> {
    const wire = await Wire.open(endpoint, signal, (warning) => events.warning(warning))
    const onAbort = (): void => wire.close()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      const { mode } = endpoint
      const facts = await askServer(wire.asked, signal)
      if (mode === 'single') refuseOtherMode(facts.mode, endpoint.place)
      if (mode !== 'cluster' && facts.losesWrites) refuseLosingWrites(endpoint.place)
      // A client id holds for one server; which one of a Cluster will have a node is not known here.
      const known =
        mode === 'cluster' ? { ...facts, clientId: undefined, product: `${facts.product} Cluster` } : facts
      const session = new Session(endpoint, events, new Keys(endpoint.prefix), wire, known)
      await session.#prepare()
      if (signal.aborted) throw signal.reason
      wire.onEnd((cause) => session.fail(cause))
      session.#heartbeat.start()
      return session
    } catch (cause) {
      wire.close()
      const said = !signal.aborted && wasHungUp(cause) ? await farewell(endpoint) : undefined
      throw connectError(
        signal.aborted ? (signal.reason ?? cause) : (wire.replaced ?? said ?? cause),
        endpoint.place,
      )
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  get alive(): boolean {
    return this.#alive
  }

  get cluster(): boolean {
    return this.endpoint.mode === 'cluster'
  }

  // ── links ──

  /** A number for a new link of this connection. */
  add(link: SessionLink): number {
    const number = ++this.#nextLink
    this.#links.set(number, link)
    return number
  }

  /** `base`: key of the queue that a receiver leaves. */
  remove(number: number, base?: string): void {
    if (!this.#links.delete(number) || base === undefined) return
    this.#left.set(number, base)
    if (this.#left.size <= MOST_LEFT) return
    const [oldest] = this.#left.keys()
    this.#left.delete(oldest!)
  }

  /** How the server knows a receiver: connection, link, and the connection's place at the server, to see whether it lives. */
  ownerName(link: number): string {
    const { runId, clientId } = this.facts
    // Both or neither: a number alone says nothing without the server that gave it.
    const place = clientId === undefined || runId === '' ? '-.-' : `${runId.slice(0, 12)}.${clientId}`
    return `${this.token}.${link}.${place}`
  }

  // ── commands ──

  /** Runs a script on the slot of `keys`. Rejects with the library's own error; a lost connection has been reported then. */
  run(name: ScriptName, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown> {
    return this.#calls.run(this.wire.commands, name, this.#withAbsent(keys), args)
  }

  /** As `run`, for messages. A server that was lost while its replicas were asked leaves them in doubt: the session ends. */
  async runSend(name: ScriptName, keys: readonly string[], args: readonly ScriptArgument[]): Promise<Sent> {
    const running = this.#calls.run(this.wire.sends, name, this.#withAbsent(keys), args)
    try {
      return await this.#replicaWait.after(running, keys[0]!)
    } catch (error) {
      if (isConnectionError(error)) this.fail(error)
      throw error
    }
  }

  #withAbsent(keys: readonly string[]): readonly string[] {
    return this.cluster ? [...keys, absentKey(keys[0]!)] : keys
  }

  /** The server's clock, or this machine's where the user may not ask. Unit: ms since 1970. */
  async now(): Promise<number> {
    try {
      const [seconds, microseconds] = await this.ask((commands) => commands.time())
      return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000)
    } catch (error) {
      if (isForbidden(error)) return Date.now()
      throw error
    }
  }

  /**
   * Resolves when everything that was published before has come in here: pub/sub keeps the order of a connection, and in a
   * Cluster that of the way from each master to the one that is listened to.
   */
  async caughtUp(): Promise<void> {
    const { commands, subscriber } = this.wire
    if ('nodes' in commands) await this.#marks.fromAll(commands.nodes('master'))
    else {
      // A refusal has waited its turn, too.
      await subscriber.ping().catch((error) => {
        if (isConnectionError(error)) throw error
      })
    }
  }

  /** Runs plain commands, and again after a pause where the server cannot run one for now. They must bear to be run twice. */
  async ask<T>(work: (commands: Client) => Promise<T>): Promise<T> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        return await work(this.wire.commands)
      } catch (error) {
        if (!isNotNow(error, this.cluster)) throw error
        await sleep(pauseMs)
        if (!this.#alive) throw error
      }
    }
  }

  /** Messages of a queue as they are stored, for {@link ask}; `null`: it is gone. Nobody else can read the reply. */
  payloads(commands: Client, base: string, members: readonly string[]): Promise<(Buffer | null)[]> {
    const reply = callHidden(commands, this.wire.library, 'HMGET', [`${base}#msg`, ...members], [])
    return reply as Promise<(Buffer | null)[]>
  }

  /** Ends everything if the error says that the connection is no good any more. */
  check(error: unknown): void {
    if (isConnectionError(error) && !isNotNow(error, this.cluster)) this.fail(error)
  }

  error(cause: unknown, context: ErrorContext): MessagingError {
    if (!this.#alive) return connectionLost(cause)
    return redisError(cause, context)
  }

  /** The work of one call. @throws as a `MessagingError`, which has ended the session where the connection is no good any more */
  async guarded<T>(context: ErrorContext, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (cause) {
      if (cause instanceof MessagingError) throw cause
      this.check(cause)
      throw this.error(cause, context)
    }
  }

  // ── end ──

  /** Gives the connection up: once, and told to everybody. */
  fail(cause: unknown): void {
    if (!this.#alive) return
    this.#end(cause)
    this.events.disconnected(connectionLost(cause))
  }

  /** Closes politely: links have been closed before. */
  close(): void {
    if (this.#alive) this.#end(undefined)
  }

  /** For a server that does not answer: nothing of {@link close} waits for it. */
  hangUpAtOnce(): void {
    this.wire.destroy()
  }

  #end(cause: unknown): void {
    this.#alive = false
    this.#heartbeat.stop()
    this.subscriptions.stop()
    this.#marks.stop()
    this.keyWatch.stop()
    this.#calls.end(connectionLost(cause))
    const links = [...this.#links.values()]
    this.#links.clear()
    for (const link of links) link.lost(cause)
    this.wire.close()
  }

  async #prepare(): Promise<void> {
    const scripts = Object.values(this.#scripts)
    const loading = this.wire.servers.flatMap((server) =>
      scripts.map(({ lua }) => server.script('LOAD', lua)),
    )
    // Of a Cluster a frozen master would keep all others from being used.
    const awaited = this.cluster ? [] : loading
    for (const one of loading) one.catch(() => {})
    const waking = this.subscriptions.exact(this.keys.wake(this.token), (_, word) => this.#wake(word))
    for (const outcome of await Promise.allSettled([...awaited, waking.ready])) {
      if (outcome.status === 'fulfilled') continue
      const { reason } = outcome
      // A user who may only read can browse; receivers that cannot be woken look by themselves. A script that is missing is sent when it is called.
      if (!isForbidden(reason) && !isNotNow(reason, this.cluster)) throw reason
    }
    this.#warnOfEviction()
  }

  /** The number of a link; behind a space that of a claim; behind another what is handed over. */
  #wake(word: Buffer): void {
    const afterLink = word.indexOf(SPACE)
    const afterClaim = afterLink < 0 ? -1 : word.indexOf(SPACE, afterLink + 1)
    const text = word.toString('latin1', 0, afterClaim < 0 ? word.length : afterClaim)
    if (this.#marks.arrived(text)) return
    const number = Number(afterLink < 0 ? text : text.slice(0, afterLink))
    const link = this.#links.get(number)
    if (link === undefined) this.#sendOff(number)
    const claim = afterLink < 0 ? undefined : Number(text.slice(afterLink + 1))
    link?.woken(claim, afterClaim < 0 ? undefined : word.subarray(afterClaim + 1))
  }

  /** Another program may have put back keys that name a receiver which has left: what it is handed goes back at once, and it is named no more. */
  #sendOff(number: number): void {
    const base = this.#left.get(number)
    if (base !== undefined) this.run('detach', [base], ['0', this.ownerName(number)]).catch(() => {})
  }

  #warnOfEviction(): void {
    const { eviction } = this.facts
    if (eviction === 'noeviction' || eviction === 'unknown') return
    const text = `The server removes keys when its memory is full (maxmemory-policy ${eviction}): messages could vanish`
    this.events.warning(
      new MessagingError('CONFIG_INVALID', text, {
        context: { adapter: ADAPTER },
        hint: 'Set maxmemory-policy noeviction: then sends are refused instead.',
      }),
    )
  }
}
