/** Bare rhea that sends and takes messages as raw bytes: what another client sees, type by type. */
import { once } from 'node:events'
import type { Connection, EventContext, Receiver, Sender, Session } from 'rhea'
import { bareConnection } from '../../support/bare-rhea.ts'

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
  /** Rejects when the broker has ended the connection. */
  readonly #lost: Promise<never>
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
    this.#lost = new Promise((_, reject) => {
      for (const event of ['connection_close', 'disconnected'])
        connection.on(event, () => reject(new PeerLost('The broker has ended the connection')))
    })
    this.#lost.catch(() => {})
  }

  static async open(url: string): Promise<RawPeer> {
    return new RawPeer(await bareConnection(url))
  }

  /** Settles when the broker has accepted the message. */
  async send(address: string, bytes: Buffer): Promise<void> {
    const opening = this.#senders.get(address) ?? this.#openSender(address)
    this.#senders.set(address, opening)
    const sender = await Promise.race([opening, this.#lost])
    const answered = new Promise<string>((resolve) => {
      sender.removeAllListeners()
      for (const each of ['accepted', 'rejected', 'released']) sender.once(each, () => resolve(each))
      sender.send(bytes, undefined, 0)
    })
    const outcome = await Promise.race([answered, this.#lost])
    if (outcome !== 'accepted') throw new Error(`The broker has ${outcome} ${bytes.toString('hex')}`)
  }

  /** The next message of a queue. */
  async take(address: string): Promise<Buffer> {
    const opening = this.#receivers.get(address) ?? this.#openReceiver(address)
    this.#receivers.set(address, opening)
    const receiver = await Promise.race([opening, this.#lost])
    const arrived = once(receiver, 'message') as Promise<[EventContext]>
    receiver.add_credit(1)
    const [{ message, delivery }] = await Promise.race([arrived, this.#lost])
    delivery!.accept()
    return message as unknown as Buffer
  }

  async close(): Promise<void> {
    const closed = once(this.connection, 'connection_close').catch(() => {})
    this.connection.close()
    await Promise.race([closed, this.#lost.catch(() => {})])
  }

  async #openSender(address: string): Promise<Sender> {
    const sender = this.#session.open_sender(address)
    await once(sender, 'sendable')
    return sender
  }

  async #openReceiver(address: string): Promise<Receiver> {
    const receiver = this.#session.open_receiver({ source: address, credit_window: 0, autoaccept: false })
    await once(receiver, 'receiver_open')
    return receiver
  }
}
