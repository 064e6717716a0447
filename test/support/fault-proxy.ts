/**
 * A TCP proxy that does to connections what networks do: cut them, hold bytes back in one direction or both, delay, trickle,
 * be slow, change bits. Tests of reconnecting put it between the library and a real broker.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'

export type Direction = 'toBroker' | 'toClient'

/** Bytes held for one direction of one connection before its source is paused. */
const HIGH_WATER_BYTES = 256 * 1024

export interface Faults {
  /** Every piece arrives this much later; order stays. Unit: ms. */
  latencyMs: number
  /** Pieces are cut to this size … Unit: bytes. */
  sliceBytes: number
  /** … and this long passes between two of them. Unit: ms. */
  sliceGapMs: number
  /** What each connection carries at most. Unit: bytes per second. */
  bytesPerSecond: number
}

const NONE: Readonly<Faults> = {
  latencyMs: 0,
  sliceBytes: Number.POSITIVE_INFINITY,
  sliceGapMs: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
}
const BOTH: readonly Direction[] = ['toBroker', 'toClient']
/** Pieces in which a slow line passes bytes on. Unit: pieces per second. */
const PIECES_PER_SECOND = 50

/** Pieces without a gap between them, after which others have their turn. */
const PIECES_PER_TURN = 32

interface Silence {
  readonly over: Promise<void>
  readonly end: () => void
}

export class FaultProxy implements AsyncDisposable {
  readonly #target: { host: string; port: number }
  readonly #pairs = new Set<Pair>()
  #server: Server | undefined
  #port = 0
  readonly #faults: Record<Direction, Readonly<Faults>> = { toBroker: NONE, toClient: NONE }
  readonly #silence: Partial<Record<Direction, Silence>> = {}
  readonly #corruptAfter: Partial<Record<Direction, { bytes: number; readonly done: () => void }>> = {}
  #cutAfter: { direction: Direction; bytes: number; done: () => void } | undefined
  /** Connections taken since the beginning. */
  accepted = 0

  private constructor(target: { host: string; port: number }) {
    this.#target = target
  }

  /** In front of the broker at this URL, or at this host and port. */
  static async before(target: string | { host: string; port: number }): Promise<FaultProxy> {
    const place = typeof target === 'string' ? placeOf(target) : target
    const proxy = new FaultProxy(place)
    await proxy.allow()
    return proxy
  }

  get port(): number {
    return this.#port
  }

  /** Connections open now. */
  get connections(): number {
    return this.#pairs.size
  }

  /** The same URL, but by way of this proxy. */
  urlFor(url: string): string {
    // Not by URL: its setters ignore the port of schemes it does not know.
    const { host } = new URL(url)
    return url.replace(host, `127.0.0.1:${this.#port}`)
  }

  /** Resets all open connections (RST, as when a machine goes away); new ones are taken. */
  cut(): void {
    for (const pair of this.#pairs) pair.reset()
  }

  /** Resets all open connections towards the clients alone: the broker still takes them for open, and hears nothing more. */
  cutClients(): void {
    for (const pair of this.#pairs) pair.resetClient()
  }

  /** Lets exactly this many further bytes through in that direction, then resets all. Resolves when it has. */
  cutAfter(direction: Direction, bytes: number): Promise<void> {
    return new Promise((done) => {
      this.#cutAfter = { direction, bytes, done }
    })
  }

  /**
   * A black hole: connections stay open and new ones are taken, but no byte passes. With a direction: half-open, bytes of the
   * other one still pass.
   */
  silence(direction?: Direction): void {
    for (const one of direction === undefined ? BOTH : [direction]) {
      if (this.#silence[one] !== undefined) continue
      let end = () => {}
      const over = new Promise<void>((resolve) => {
        end = resolve
      })
      this.#silence[one] = { over, end }
    }
  }

  /** Turns over the lowest bit of the byte that follows so many further ones in that direction. Resolves when it has. */
  corruptAfter(direction: Direction, bytes: number): Promise<void> {
    return new Promise((done) => {
      this.#corruptAfter[direction] = { bytes, done }
    })
  }

  /** Refuses new connections (nobody listens), until `allow`. Open ones go on. */
  async refuse(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    // Resolves when the last connection has ended, so it is not awaited.
    server.close()
  }

  async allow(): Promise<void> {
    if (this.#server !== undefined) return
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) =>
      this.#accept(client),
    )
    this.#server = server
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
  }

  /** Delays, slices and slows what passes from now on, in one direction or both. */
  degrade(faults: Partial<Faults>, direction?: Direction): void {
    for (const one of direction === undefined ? BOTH : [direction])
      this.#faults[one] = { ...this.#faults[one], ...faults }
  }

  /** Ends every fault; what was held passes. */
  async heal(): Promise<void> {
    for (const direction of BOTH) {
      this.#faults[direction] = NONE
      delete this.#corruptAfter[direction]
    }
    this.#cutAfter = undefined
    this.#endSilence()
    await this.allow()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.refuse()
    this.cut()
    this.#endSilence()
  }

  #endSilence(): void {
    for (const direction of BOTH) {
      const silence = this.#silence[direction]
      // In this order: whoever wakes looks whether there is a new silence.
      delete this.#silence[direction]
      silence?.end()
    }
  }

  #accept(client: Socket): void {
    this.accepted++
    const broker = connect({ ...this.#target, allowHalfOpen: true })
    const pair = new Pair(client, broker, this.#gate)
    this.#pairs.add(pair)
    pair.ended.then(() => this.#pairs.delete(pair))
  }

  readonly #gate: Gate = {
    faults: (direction) => this.#faults[direction],
    silence: (direction) => this.#silence[direction]?.over,
    allowance: (direction) => (this.#cutAfter?.direction === direction ? this.#cutAfter.bytes : undefined),
    corrupt: (direction, bytes) => {
      const fault = this.#corruptAfter[direction]
      if (fault === undefined) return bytes
      if (fault.bytes >= bytes.length) {
        fault.bytes -= bytes.length
        return bytes
      }
      delete this.#corruptAfter[direction]
      const changed = Buffer.from(bytes)
      changed[fault.bytes]! ^= 1
      fault.done()
      return changed
    },
    passed: (direction, bytes) => {
      const limit = this.#cutAfter
      if (limit?.direction !== direction) return
      limit.bytes -= bytes
      if (limit.bytes > 0) return
      this.#cutAfter = undefined
      this.cut()
      limit.done()
    },
  }
}

/** What a connection asks of its proxy. */
interface Gate {
  faults(direction: Direction): Readonly<Faults>
  silence(direction: Direction): Promise<void> | undefined
  /** Bytes that may pass before the cut; `undefined`: no cut is planned. */
  allowance(direction: Direction): number | undefined
  /** The bytes as they go on. */
  corrupt(direction: Direction, bytes: Buffer): Buffer
  passed(direction: Direction, bytes: number): void
}

/** One connection: both sockets, a pump for each direction. */
class Pair {
  readonly ended: Promise<unknown>
  readonly #sockets: readonly [Socket, Socket]
  /** The broker is left alone with its end. */
  #halved = false

  constructor(client: Socket, broker: Socket, gate: Gate) {
    this.#sockets = [client, broker]
    this.ended = Promise.all(
      this.#sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))),
    )
    for (const socket of this.#sockets) {
      socket.setNoDelay(true)
      socket.on('error', () => this.#failed())
    }
    new Pump(client, broker, 'toBroker', gate, () => this.#failed())
    new Pump(broker, client, 'toClient', gate, () => this.#failed())
    client.resume()
  }

  #failed(): void {
    if (!this.#halved) this.reset()
  }

  resetClient(): void {
    this.#halved = true
    this.#sockets[0].resetAndDestroy()
  }

  reset(): void {
    for (const socket of this.#sockets) {
      // A socket that is still connecting cannot be reset. Of one that is just ending, Node would keep the handle for ever.
      const ending = socket.writableEnded && !socket.writableFinished
      if (socket.connecting || ending) socket.destroy()
      else socket.resetAndDestroy()
    }
  }
}

class Pump {
  readonly #queue: { readonly bytes: Buffer; readonly at: number }[] = []
  #queued = 0
  #ended = false
  #running = false
  /** When a slow line has carried all that it was given. A time of `performance.now()`. */
  #freeAt = 0

  constructor(
    readonly source: Socket,
    readonly sink: Socket,
    readonly direction: Direction,
    readonly gate: Gate,
    readonly reset: () => void,
  ) {
    source.on('data', (bytes) => {
      this.#queue.push({ bytes, at: performance.now() })
      this.#queued += bytes.length
      if (this.#queued > HIGH_WATER_BYTES) source.pause()
      this.#start()
    })
    source.on('end', () => {
      this.#ended = true
      this.#start()
    })
  }

  #start(): void {
    if (this.#running) return
    this.#running = true
    this.#run().then(
      () => {
        this.#running = false
      },
      () => this.reset(),
    )
  }

  async #run(): Promise<void> {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const wait = next.at + this.gate.faults(this.direction).latencyMs - performance.now()
      if (wait > 0) await delay(wait)
      await this.#pass(next.bytes)
      this.#queued -= next.bytes.length
      if (this.#queued <= HIGH_WATER_BYTES) this.source.resume()
    }
    if (this.#ended) this.sink.end()
  }

  async #pass(bytes: Buffer): Promise<void> {
    for (let from = 0, pieces = 1; from < bytes.length; pieces++) {
      await this.#whileSilent()
      const { sliceBytes, sliceGapMs, bytesPerSecond } = this.gate.faults(this.direction)
      if (bytesPerSecond !== Number.POSITIVE_INFINITY) await this.#keepPace()
      // A silence may have begun meanwhile.
      await this.#whileSilent()
      if (this.sink.destroyed) return
      const allowance = this.gate.allowance(this.direction) ?? Number.POSITIVE_INFINITY
      const most = Math.min(sliceBytes, allowance, Math.ceil(bytesPerSecond / PIECES_PER_SECOND))
      const piece = bytes.subarray(from, from + most)
      from += piece.length
      this.#freeAt = Math.max(this.#freeAt, performance.now()) + (piece.length / bytesPerSecond) * 1000
      await this.#write(this.gate.corrupt(this.direction, piece))
      this.gate.passed(this.direction, piece.length)
      if (sliceGapMs > 0) await delay(sliceGapMs)
      // The system takes small pieces at once: without a turn for others nobody would have one before the last of them.
      else if (pieces % PIECES_PER_TURN === 0) await turn()
    }
  }

  async #whileSilent(): Promise<void> {
    for (;;) {
      const silence = this.gate.silence(this.direction)
      if (silence === undefined) return
      await silence
    }
  }

  /** Until the line has carried what was given to it before. */
  async #keepPace(): Promise<void> {
    const wait = this.#freeAt - performance.now()
    if (wait > 0) await delay(wait)
  }

  /** Settles when the operating system has taken the bytes: a reset must not overtake them in our buffer. */
  #write(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.sink.write(bytes, (error) => (error ? reject(error) : resolve()))
    })
  }
}

function placeOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url)
  if (port === '') throw new TypeError(`The port is missing in ${url.replace(/\/\/.*@/, '//')}`)
  return { host: hostname, port: Number(port) }
}
