/** A client's end of the protocol: one DEALER socket, one read loop, one outbox; calls and links told apart by number. */

import type { Dealer } from 'zeromq'
import { settledWithin } from '../../../core/aborts.ts'
import { socketReason } from '../../../core/connecting/socket-reason.ts'
import { asMessagingError, type MessagingError } from '../../../model/errors.ts'
import { welcomeOf } from '../codec/answers.ts'
import { PartReader } from '../codec/parts.ts'
import { malformed, type RecordListener, readJson, readRecords } from '../codec/records.ts'
import {
  connectFailed,
  connectionLost,
  fromWire,
  HANDSHAKE_EVENTS,
  handshakeRefused,
  noZeromq,
} from '../errors.ts'
import { loadZeromq } from '../library.ts'
import { type Endpoint, isIpv6 } from '../options.ts'
import { withoutHostName } from './host-names.ts'
import { LoopClock } from './loop-clock.ts'
import { openSocket, withEvents } from './open-socket.ts'
import { whileNotGreeted } from './other-protocol.ts'
import { Outbox } from './outbox.ts'
import { OLDEST_PROTOCOL, Op, type OpCode, PROTOCOL_VERSION, type Verb, type Welcome } from './protocol.ts'

/** What a link wants to hear: its records, the payload between `start` and `end`. */
export interface LinkEnd {
  record(op: number, batch: Buffer, start: number, end: number): void
}

interface Call {
  resolve(result: unknown): void
  reject(error: MessagingError): void
}

/** How long a close waits for what is still unsent. Unit: ms. */
const LINGER_MS = 500
/** What one batch of a hub may have, the largest message of a hub with wide limits included. Unit: bytes. */
const MAX_BATCH_BYTES = 1024 * 1024 * 1024
/** How often within a heartbeat the client looks whether the hub is silent. */
const LOOKS = 4

export class Client implements RecordListener {
  readonly socket: Dealer
  readonly outbox: Outbox
  readonly #links = new Map<number, LinkEnd>()
  readonly #calls = new Map<number, Call>()
  readonly #heartbeatMs: number
  readonly #parts = new PartReader(MAX_BATCH_BYTES)
  /** The hub knows of annotations. */
  annotates = false
  #number = 0
  readonly #clock: LoopClock
  #heardAt = 0
  #heart: NodeJS.Timeout | undefined
  #over: MessagingError | undefined
  #onWelcome: ((welcome: Welcome) => void) | undefined
  #onRefused: (error: MessagingError) => void = () => {}
  #onLost: (error: MessagingError) => void

  private constructor(socket: Dealer, heartbeatMs: number, lost: (error: MessagingError) => void) {
    this.socket = socket
    this.#heartbeatMs = heartbeatMs
    this.#clock = new LoopClock(heartbeatMs / LOOKS)
    this.#onLost = lost
    this.outbox = new Outbox(
      (batch) => socket.send(batch),
      (error) => this.lost(connectionLost('a send failed', error)),
    )
  }

  static async open(
    endpoint: Endpoint,
    identity: string,
    signal: AbortSignal,
    lost: (error: MessagingError) => void,
  ): Promise<{ client: Client; welcome: Welcome }> {
    const { Dealer } = await loadZeromq()
    const { curve } = endpoint
    const address = await withoutHostName(endpoint.address).catch((cause) => {
      throw connectFailed(socketReason(cause) ?? cause.message, endpoint.address, cause)
    })
    const socket = openSocket(() =>
      withEvents(
        new Dealer({
          linger: LINGER_MS,
          ipv6: isIpv6(address),
          sendHighWaterMark: 0,
          receiveHighWaterMark: 0,
          ...(curve
            ? {
                curveServerKey: curve.serverKey,
                curvePublicKey: curve.publicKey,
                curveSecretKey: curve.secretKey,
              }
            : {}),
        }),
      ),
    )
    const client = new Client(socket, endpoint.heartbeatMs, lost)
    return new Promise((resolve, reject) => {
      const fail = (error: MessagingError): void => {
        signal.removeEventListener('abort', aborted)
        greeted()
        client.#onLost = () => {}
        client.lost(error)
        reject(error)
      }
      const aborted = (): void =>
        fail(connectFailed('no answer in the time allowed', endpoint.address, signal.reason))
      const greeted = whileNotGreeted(address, (speech) => fail(noZeromq(speech, endpoint.address)))
      signal.addEventListener('abort', aborted, { once: true })
      if (signal.aborted) return aborted()
      socket.events.on(
        'connect:retry',
        () => client.#onWelcome && fail(connectFailed('nothing listens there', endpoint.address)),
      )
      for (const event of HANDSHAKE_EVENTS)
        socket.events.on(event, () => fail(handshakeRefused(event, endpoint.address)))
      socket.events.on('disconnect', () => {
        if (client.#onWelcome) fail(connectFailed('the other end hung up', endpoint.address))
        else client.lost(connectionLost('the hub is gone'))
      })
      client.#onWelcome = (welcome) => {
        signal.removeEventListener('abort', aborted)
        greeted()
        client.#onWelcome = undefined
        // A refusal later on ends the session: the hub does not know it any more.
        client.#onRefused = (error) => client.lost(connectionLost(error.message, error))
        client.#startHeart()
        client.annotates = welcome.protocol > OLDEST_PROTOCOL
        if (client.annotates) client.outbox.inParts()
        resolve({ client, welcome })
      }
      client.#onRefused = (error) => fail(error)
      try {
        socket.connect(address)
      } catch (cause) {
        return fail(connectFailed((cause as Error).message, endpoint.address, cause))
      }
      void client.#read()
      client.write(Op.HELLO, 0, {
        protocol: PROTOCOL_VERSION,
        client: identity,
        name: endpoint.clientName,
        heartbeatMs: endpoint.heartbeatMs,
      })
    })
  }

  get over(): MessagingError | undefined {
    return this.#over
  }

  nextNumber(): number {
    this.#number = (this.#number + 1) >>> 0
    return this.#number
  }

  write(op: OpCode, link: number, value: unknown): void {
    if (this.#over) return
    this.outbox.records.json(op, link, value)
    this.outbox.touch()
  }

  call<T>(verb: Verb, link: number, args: unknown): Promise<T> {
    return this.ask<T>(Op.CALL, link, { verb, args })
  }

  /** Writes a record that is answered by REPLY. */
  ask<T>(op: OpCode, link: number, value: object): Promise<T> {
    if (this.#over) return Promise.reject(this.#over)
    const call = this.nextNumber()
    return new Promise<T>((resolve, reject) => {
      this.#calls.set(call, { resolve: resolve as (result: unknown) => void, reject })
      this.write(op, link, { call, ...value })
    })
  }

  addLink(link: number, end: LinkEnd): void {
    this.#links.set(link, end)
  }

  removeLink(link: number): void {
    this.#links.delete(link)
  }

  async close(timeoutMs = LINGER_MS): Promise<void> {
    if (this.#over) return
    this.#onLost = () => {}
    this.write(Op.BYE, 0, {})
    const flushed = await settledWithin(this.outbox.flush(), timeoutMs)
    this.socket.linger = flushed ? Math.min(LINGER_MS, timeoutMs) : 0
    this.lost(connectionLost('closed by this program'))
  }

  lost(error: MessagingError): void {
    if (this.#over) return
    this.#over = error
    clearInterval(this.#heart)
    this.outbox.end()
    this.socket.close()
    for (const call of this.#calls.values()) call.reject(error)
    this.#calls.clear()
    this.#links.clear()
    this.#onLost(error)
  }

  async #read(): Promise<void> {
    try {
      for await (const [message, ...more] of this.socket) {
        if (more.length > 0) throw malformed('it has more than one frame')
        this.#heardAt = this.#clock.now
        const batch = this.#parts.add(message as Buffer)
        if (batch) readRecords(batch, this)
      }
    } catch (error) {
      this.#unreadable(error)
    }
  }

  #unreadable(error: unknown): void {
    if (this.#onWelcome) this.#onRefused(asMessagingError(error))
    else this.lost(connectionLost('what came could not be read', error))
  }

  /** Called by {@link readRecords}. */
  record(op: number, link: number, batch: Buffer, start: number, end: number): void {
    if (link !== 0) {
      this.#links.get(link)?.record(op, batch, start, end)
      return
    }
    switch (op) {
      case Op.WELCOME:
        this.#onWelcome?.(welcomeOf(readJson(batch, start, end)))
        return
      case Op.REFUSED:
        this.#onRefused(fromWire(readJson<{ error: unknown }>(batch, start, end).error))
        return
      case Op.REPLY: {
        const { call, result, error } = readJson<{ call: number; result?: unknown; error?: unknown }>(
          batch,
          start,
          end,
        )
        const waiting = this.#calls.get(call)
        this.#calls.delete(call)
        if (error) waiting?.reject(fromWire(error))
        else waiting?.resolve(result)
        return
      }
      case Op.DISCONNECTED:
        this.lost(connectionLost(fromWire(readJson<{ error: unknown }>(batch, start, end).error).message))
    }
  }

  #startHeart(): void {
    let looks = 0
    this.#heart = setInterval(() => {
      if (this.#clock.look() - this.#heardAt > this.#heartbeatMs * 2) {
        this.lost(connectionLost(`nothing was heard for ${this.#heartbeatMs * 2} ms`))
        return
      }
      if (++looks % LOOKS > 0) return
      this.outbox.records.empty(Op.PING, 0)
      this.outbox.touch()
    }, this.#heartbeatMs / LOOKS)
  }
}
