/** Bare rhea that sends and takes messages as raw bytes: what another client sees, type by type. */
import { once } from 'node:events'
import type { Connection, EventContext, Receiver, Sender, Session } from 'rhea'
import { bareConnection } from '../../support/bare-rhea.ts'

/** For an answer of the broker, or a message. Unit: ms. */
const LONGEST_MS = 60_000
const LOST = 'The broker has ended the connection'

/** The broker has ended this peer's connection. */
export class PeerLost extends Error {}

interface RawSession {
  readonly incoming: {
    on_transfer(frame: { performative: { message_format?: number } }, receiver: unknown): void
  }
}

export class RawPeer {
  readonly connection: Connection
  readonly #session: Session
  /** Whoever waits for something from the broker. */
  readonly #waiting = new Set<(reason: Error) => void>()
  #lost = false
  readonly #senders = new Map<string, Promise<Sender>>()
  readonly #receivers = new Map<string, Promise<Receiver>>()

  private constructor(connection: Connection) {
    this.connection = connection
    // Links end with the queues that a test deletes, and the broker may end the connection, by a close, a reset, or both one after the
    // other: rhea throws at large where nobody listens.
    for (const event of ['sender_error', 'receiver_error', 'connection_error', 'protocol_error', 'error'])
      connection.on(event, () => {})
    this.#session = connection.create_session()
    const { incoming } = this.#session as unknown as RawSession
    const onTransfer = incoming.on_transfer
    // rhea decodes messages of format 0 and hands over the bytes of others.
    incoming.on_transfer = function (frame, receiver) {
      frame.performative.message_format = 1
      onTransfer.call(this, frame, receiver)
    }
    this.#session.begin()
    for (const event of ['connection_close', 'disconnected'])
      connection.on(event, () => {
        this.#lost = true
        for (const reject of this.#waiting) reject(new PeerLost(LOST))
      })
  }

  static async open(url: string): Promise<RawPeer> {
    return new RawPeer(await bareConnection(url))
  }

  /** Settles when the broker has accepted the message. */
  async send(address: string, bytes: Buffer): Promise<void> {
    const opening = this.#senders.get(address) ?? this.#openSender(address)
    this.#senders.set(address, opening)
    const sender = await this.#within(opening)
    const answered = new Promise<string>((resolve) => {
      sender.removeAllListeners()
      for (const each of ['accepted', 'rejected', 'released']) sender.once(each, () => resolve(each))
      sender.send(bytes, undefined, 0)
    })
    const outcome = await this.#within(answered)
    if (outcome !== 'accepted') throw new Error(`The broker has ${outcome} ${bytes.toString('hex')}`)
  }

  /** The next message of a queue. */
  async take(address: string): Promise<Buffer> {
    const opening = this.#receivers.get(address) ?? this.#openReceiver(address)
    this.#receivers.set(address, opening)
    const receiver = await this.#within(opening)
    const arrived = once(receiver, 'message') as Promise<[EventContext]>
    receiver.add_credit(1)
    const [{ message }] = await this.#within(arrived)
    return message as unknown as Buffer
  }

  async close(): Promise<void> {
    const closed = once(this.connection, 'connection_close').catch(() => {})
    this.connection.close()
    await this.#within(closed).catch(() => {})
  }

  /** As `work`; rejects when the broker ends the connection before, or nothing comes. */
  #within<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#lost) {
        reject(new PeerLost(LOST))
        return
      }
      const done = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(reject)
      }
      const timer = setTimeout(() => {
        done()
        reject(new Error('The broker does not answer'))
      }, LONGEST_MS)
      this.#waiting.add(reject)
      work.then(resolve, reject).finally(done)
    })
  }

  async #openSender(address: string): Promise<Sender> {
    const sender = this.#session.open_sender(address)
    await once(sender, 'sendable')
    return sender
  }

  async #openReceiver(address: string): Promise<Receiver> {
    // Settled as they are sent: an acceptance that is under way when the broker ends the connection is lost, and the message comes again.
    const receiver = this.#session.open_receiver({
      source: address,
      credit_window: 0,
      autoaccept: false,
      snd_settle_mode: 1,
    })
    await once(receiver, 'receiver_open')
    return receiver
  }
}
