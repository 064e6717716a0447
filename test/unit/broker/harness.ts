/** Small hands on a broker: a session with plain verbs, and what its links told. */

import type { Broker, Session, SessionOptions } from '../../../src/broker/index.ts'
import {
  type AdapterDelivery,
  type AdapterReceiver,
  type AdapterSender,
  NO_LIMITS,
  type NodeSpec,
  type ReceiverEvents,
  type ReceiverSpec,
  type SenderSpec,
  type Transfer,
} from '../../../src/contract/adapter.ts'
import type { MessagingError } from '../../../src/model/errors.ts'
import type { OutgoingMessage } from '../../../src/model/message.ts'
import { message as contractMessage } from '../../support/contract.ts'

let ids = 0

export function message(body: string, fields: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return contractMessage(body, { id: `id-${++ids}`, ...fields })
}

export function textOf(delivery: AdapterDelivery): string {
  return Buffer.from(delivery.message.body as Uint8Array).toString()
}

/** A receiver with all it was handed, and ways to wait for more. */
export class Taken implements ReceiverEvents {
  readonly deliveries: AdapterDelivery[] = []
  readonly gaps: (number | undefined)[] = []
  ended = false
  error: MessagingError | undefined
  link!: AdapterReceiver
  #changed: (() => void)[] = []

  get texts(): string[] {
    return this.deliveries.map(textOf)
  }

  deliver(delivery: AdapterDelivery): void {
    this.deliveries.push(delivery)
    this.#tell()
  }
  lost(): void {}
  gap(_reason: string, count: number | undefined): void {
    this.gaps.push(count)
    this.#tell()
  }
  end(): void {
    this.ended = true
    this.#tell()
  }
  detached(error: MessagingError): void {
    this.error = error
    this.#tell()
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#changed.push(resolve))
  }

  /** The first `count` deliveries, waiting for them. */
  async first(count: number): Promise<AdapterDelivery[]> {
    await this.until(() => this.deliveries.length >= count)
    return this.deliveries.slice(0, count)
  }

  /** All that can be handed over now, accepted. */
  async drain(): Promise<string[]> {
    const texts: string[] = []
    for (;;) {
      await this.link.flush()
      const batch = this.deliveries.splice(0)
      if (batch.length === 0) return texts
      for (const delivery of batch) {
        texts.push(textOf(delivery))
        this.link.accept(delivery)
      }
    }
  }

  #tell(): void {
    for (const resolve of this.#changed.splice(0)) resolve()
  }
}

export class Hand {
  readonly session: Session
  readonly warnings: MessagingError[] = []
  disconnected: MessagingError | undefined

  constructor(broker: Broker, options?: SessionOptions) {
    this.session = broker.session(
      {
        disconnected: (cause) => {
          this.disconnected = cause
        },
        warning: (error) => this.warnings.push(error),
      },
      options,
    )
  }

  async queue(name: string, settings: Partial<NodeSpec> = {}): Promise<void> {
    await this.session.declare(spec(name, 'queue', settings))
  }

  async topic(name: string, settings: Partial<NodeSpec> = {}): Promise<void> {
    await this.session.declare(spec(name, 'topic', settings))
  }

  async sender(name: string | undefined, more: Partial<SenderSpec> = {}): Promise<AdapterSender> {
    const target = name === undefined ? undefined : { name, type: undefined }
    return this.session.attachSender(
      { target, capacity: 1_000, reliability: 'at-least-once', link: {}, ...more },
      { detached: () => {} },
    )
  }

  async send(name: string, body: string, fields: Partial<OutgoingMessage> = {}): Promise<void> {
    const sender = await this.sender(name)
    await sent(sender, message(body, fields))
    await sender.close()
  }

  async receive(name: string, more: Partial<ReceiverSpec> = {}): Promise<Taken> {
    const taken = new Taken()
    taken.link = await this.session.attachReceiver(
      {
        source: { name, type: undefined },
        mode: 'consume',
        follow: false,
        credit: 100,
        reliability: 'at-least-once',
        patterns: [],
        subscription: undefined,
        exclusive: false,
        autoDelete: false,
        limits: NO_LIMITS,
        link: {},
        ...more,
      },
      taken,
    )
    return taken
  }

  async browse(name: string, more: Partial<ReceiverSpec> = {}): Promise<string[]> {
    const taken = await this.receive(name, { mode: 'browse', ...more })
    let seen = 0
    while (!taken.ended) {
      await taken.until(() => taken.ended || taken.deliveries.length > seen)
      for (; seen < taken.deliveries.length; seen++) taken.link.accept(taken.deliveries[seen]!)
    }
    await taken.link.close()
    return taken.texts
  }

  async depth(name: string): Promise<number | undefined> {
    return (await this.session.inspect({ name, type: undefined }))?.depth
  }
}

export function spec(name: string, type: NodeSpec['type'], settings: Partial<NodeSpec> = {}): NodeSpec {
  return {
    name,
    type,
    durable: true,
    exclusive: false,
    autoDelete: false,
    bindings: [],
    ...NO_LIMITS,
    ...settings,
  }
}

/** Sends one message and waits for its outcome. */
export function sent(sender: AdapterSender, outgoing: OutgoingMessage, resend = false): Promise<void> {
  return new Promise((resolve, reject) => {
    const transfer: Transfer = {
      message: outgoing,
      resend,
      settle: (error) => (error ? reject(error) : resolve()),
    }
    sender.send(transfer)
  })
}

export function until(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
