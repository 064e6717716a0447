/** Where replayed messages go: one sender for each origin, or one for all. A target that refused once gets nothing more in this replay. */
import { KeptOpen } from '../../core/kept-open.ts'
import { formatAddress } from '../../model/address-text/index.ts'
import { asMessagingError, MessagingError } from '../../model/errors.ts'
import { DEAD_LETTER_ORIGIN, type Properties } from '../../model/message.ts'
import type { Target } from '../address/address.ts'
import { planFor } from '../address/address-use.ts'
import type { LinkHost } from '../link/link-host.ts'
import type { CallOptions } from '../options.ts'
import { AttachedSender } from '../send/attached-sender.ts'
import { text } from './reasons.ts'
import type { ReplayRefusal } from './replay-options.ts'

/** Senders open at once. */
const MAX_OPEN = 64
/** Refusals told one by one; a queue may hold letters of any number of origins. */
const MAX_REFUSALS = 1_000

/** Errors of one message: its neighbours may go. */
const OF_THE_MESSAGE: readonly string[] = ['MESSAGE_TOO_LARGE', 'ENCODE_FAILED', 'NOT_SUPPORTED']
/** The replay itself cannot go on. */
const OF_THE_CONNECTION: readonly string[] = ['CONNECTION_LOST', 'CLOSED', 'ABORTED', 'CONNECT_FAILED']

export class Routes {
  readonly #host: LinkHost
  readonly #options: CallOptions
  /** The letters under way of one that is let go are waited for by its close. */
  readonly #open = new KeptOpen<AttachedSender>(MAX_OPEN, (sender) => sender.retire())
  readonly #refused = new Map<
    string,
    { to?: string; error: MessagingError; count: number; closed: boolean }
  >()
  /** Letters meant for one place: opened first, so that a wrong one fails at once. */
  #only: AttachedSender | undefined

  constructor(host: LinkHost, options: CallOptions) {
    this.#host = host
    this.#options = options
  }

  /** All go there. @throws as `connection.sender()` */
  async all(to: Target): Promise<void> {
    this.#only = await AttachedSender.open(this.#host, planFor('sender', to), this.#options)
  }

  /** Where a letter goes; `undefined`: it stays, which is counted. */
  async senderFor(properties: Properties): Promise<AttachedSender | undefined> {
    const origin = this.#only ? '' : text(properties[DEAD_LETTER_ORIGIN])
    if (origin === undefined) {
      const problem = 'The message does not say where it came from: say where to send it'
      this.#refuse(undefined, new MessagingError('SEND_UNROUTABLE', problem), true)
      return undefined
    }
    const known = this.#refused.get(origin)
    if (known?.closed) {
      known.count++
      return undefined
    }
    if (this.#only) return this.#only
    try {
      return await this.#open.get(origin, () => this.#opened(origin))
    } catch (error) {
      this.refused(properties, error)
      return undefined
    }
  }

  /** A letter was refused. @throws what concerns the connection */
  refused(properties: Properties, cause: unknown): void {
    const error = asMessagingError(cause)
    if (OF_THE_CONNECTION.includes(error.code)) throw error
    const origin = this.#only ? '' : text(properties[DEAD_LETTER_ORIGIN])
    this.#refuse(origin, error, !OF_THE_MESSAGE.includes(error.code))
  }

  get refusals(): ReplayRefusal[] {
    return [...this.#refused.values()].map(({ closed: _, ...refusal }) => refusal)
  }

  async close(): Promise<void> {
    await Promise.all([this.#open.close((sender) => sender.close()), this.#only?.close()])
  }

  #refuse(to: string | undefined, error: MessagingError, closed: boolean): void {
    const key = to ?? '\0'
    const known = this.#refused.get(key)
    if (known) {
      known.count++
      known.closed ||= closed
      return
    }
    if (this.#refused.size >= MAX_REFUSALS)
      throw new MessagingError(
        'CAPACITY_EXCEEDED',
        `More than ${MAX_REFUSALS} targets refused their messages`,
        {
          hint: 'See the errors of some of them with a smaller limit, or say where to send all.',
          cause: error,
        },
      )
    this.#refused.set(key, { ...(to && { to }), error, count: 1, closed })
  }

  async #opened(origin: string): Promise<AttachedSender> {
    const place = planFor('sender', formatAddress({ name: origin }))
    if (this.#host.capabilities.features.inspect.level !== 'unsupported') {
      const found = await this.#host.run('replay', this.#options, (connection) =>
        connection.inspect(place.node),
      )
      if (found?.type !== 'queue') throw notAlone(origin, found !== undefined)
    }
    return AttachedSender.open(this.#host, place, this.#options)
  }
}

function notAlone(origin: string, isTopic: boolean): MessagingError {
  const text =
    isTopic || origin.includes('/')
      ? `'${origin}' is a topic or one of its subscriptions: sent there, the message would go to every subscription again`
      : `no such queue: ${origin}`
  return new MessagingError('ADDRESS_NOT_FOUND', text, {
    hint: 'Say where to send the messages instead.',
    context: { address: origin, operation: 'replay' },
  })
}
