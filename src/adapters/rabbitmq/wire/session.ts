/** What the links of one connection share. */
import type { ChannelModel, Options } from 'amqplib'
import { Rounds } from '../../../core/connecting/rounds.ts'
import { makeRoom } from '../../../core/make-room.ts'
import { type ErrorContext, MessagingError } from '../../../model/errors.ts'
import { ADAPTER, brokerError } from '../errors.ts'
import { brokerWords, isClosedError } from '../native-errors.ts'
import { refusesWhenFull } from '../nodes/topology.ts'
import type { Endpoint, ManagementApi, QueueType } from '../options.ts'
import type { Aside } from './aside.ts'
import { isTooMany, tooMany } from './channel-quota.ts'
import type { Scratch } from './scratch.ts'

/** Queues remembered; beyond it the oldest is forgotten. */
const MAX_REMEMBERED = 10_000

export interface ClosableLink {
  close(): Promise<void>
}

export class Session {
  /** Publishes; the broker may stop reading from it (`connection.blocked`). */
  readonly publishing: ChannelModel
  /** Consumes, and asks: it goes on while the other is blocked. */
  readonly consuming: ChannelModel
  readonly scratch: Scratch
  /** For what may end a connection. */
  readonly aside: Aside
  /** Of the broker: RabbitMQ 4 counts returns to every quorum queue, and knows fewer kinds of queues. */
  readonly majorVersion: number
  /** What durable queues are made as where their address says nothing. */
  readonly queueType: QueueType
  /** Who tells what AMQP does not, and of which virtual host; `undefined`: nobody. */
  readonly management: { readonly api: ManagementApi; readonly vhost: string } | undefined
  /** User the connection is logged in as; `undefined` where only the broker knows. */
  readonly login: string | undefined
  /** Open links, to be closed with the connection. */
  readonly links = new Set<ClosableLink>()
  /** Topics that receivers of this connection stand on. */
  readonly rounds = new Rounds()
  /** Whether queues refuse messages when they are full, as far as it is known. */
  readonly #refusing = new Map<string, boolean>()
  /** Whether queues are deleted with their last consumer, as far as it is known. */
  readonly #autoDelete = new Map<string, boolean>()
  /** False once the connection was lost or is being closed: what ends then is not news. */
  alive = true
  /** What the connection ended with, if it was an error. */
  endedBy: unknown
  readonly #opened = performance.now()
  readonly #warn: (error: MessagingError) => void

  constructor(
    publishing: ChannelModel,
    consuming: ChannelModel,
    scratch: Scratch,
    aside: Aside,
    version: string,
    endpoint: Pick<Endpoint, 'queueType' | 'mechanism' | 'username' | 'management' | 'vhost'>,
    warn: (error: MessagingError) => void,
  ) {
    this.publishing = publishing
    this.consuming = consuming
    this.scratch = scratch
    this.aside = aside
    this.majorVersion = Number.parseInt(version, 10) || 0
    this.queueType = endpoint.queueType
    this.management = endpoint.management && { api: endpoint.management, vhost: endpoint.vhost }
    this.login = endpoint.mechanism === 'EXTERNAL' ? undefined : endpoint.username
    this.#warn = warn
  }

  /** Since it was opened. Unit: ms. */
  get ageMs(): number {
    return performance.now() - this.#opened
  }

  /** Remembers how a queue was declared here. */
  declared(queue: string, options: Options.AssertQueue): void {
    this.refuses(queue, refusesWhenFull(options))
    this.deletesItself(queue, options.autoDelete === true)
  }

  /** Remembers whether a queue is deleted with its last consumer. */
  deletesItself(queue: string, deletes: boolean): void {
    makeRoom(this.#autoDelete, MAX_REMEMBERED)
    this.#autoDelete.set(queue, deletes)
  }

  /** `undefined`: not known. */
  isAutoDelete(queue: string): boolean | undefined {
    return this.#autoDelete.get(queue)
  }

  /** It may be another one by now. */
  forget(queue: string): void {
    this.#refusing.delete(queue)
    this.#autoDelete.delete(queue)
  }

  /** Remembers whether a queue refuses messages when it is full. */
  refuses(queue: string, refuses: boolean): void {
    makeRoom(this.#refusing, MAX_REMEMBERED)
    this.#refusing.set(queue, refuses)
  }

  /** `undefined`: not known. */
  mayRefuse(queue: string): boolean | undefined {
    return this.#refusing.get(queue)
  }

  /** A queue that is known here refuses messages when it is full. */
  get someMayRefuse(): boolean {
    for (const refuses of this.#refusing.values()) if (refuses) return true
    return false
  }

  warn(error: MessagingError): void {
    if (this.alive) this.#warn(error)
  }

  /** An error of a call: one that failed because the connection ended says so. */
  error(cause: unknown, context: ErrorContext): MessagingError {
    if (cause instanceof MessagingError) return cause
    if (!this.alive && context.operation?.startsWith('attach')) {
      const words = brokerWords(this.endedBy)
      if (isTooMany(words)) return tooMany(words, this.endedBy)
    }
    if (!this.alive || isClosedError(cause)) {
      const [code, what] = this.alive
        ? (['DETACHED', 'link'] as const)
        : (['CONNECTION_LOST', 'connection'] as const)
      return new MessagingError(code, `The ${what} to RabbitMQ ended before it answered`, {
        cause,
        context: { adapter: ADAPTER, ...context },
      })
    }
    if (cause instanceof Error && cause.message === 'No channels left to allocate') {
      return new MessagingError(
        'CAPACITY_EXCEEDED',
        'The connection has as many links as the broker allows',
        {
          cause,
          hint: "Close links you don't need, or raise channel_max of the broker.",
          context: { adapter: ADAPTER, ...context },
        },
      )
    }
    return brokerError(cause, context)
  }
}
