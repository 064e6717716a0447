/**
 * Keeps one link attached for as long as its owner wants it: once on opening, again on every new connection, and
 * again with back-off when the broker ended the link alone.
 *
 * Each attempt is an epoch. What an older epoch still reports is ignored, so nothing of a lost link reaches a new one.
 *
 *   idle ──open──▶ attached ──connection lost──▶ waiting ──new connection──▶ attached
 *                     │ detached, retryable: back-off, attach again
 *                     └ detached, final ──▶ failed
 */
import type { AdapterConnection } from '../../contract/adapter.ts'
import { backoffDelay } from '../../core/time/backoff.ts'
import { asMessagingError, MessagingError } from '../../model/errors.ts'

export interface Closable {
  close(): Promise<void>
}

export interface AttachmentOwner<L> {
  /** Makes the link. `detached` may be called by the link at any time after. */
  attach(connection: AdapterConnection, detached: (error: MessagingError) => void): Promise<L>
  /** A new link is in place. */
  up(link: L): void
  /** The link is gone, another will follow. */
  down(cause: MessagingError): void
  /** The link is gone for good. */
  failed(error: MessagingError): void
  /** The broker ended the link, or did not let it come back: told once until it is back. */
  detached(error: MessagingError): void
  /** Back after {@link detached}. */
  reattached(): void
  /** A right that the user had may come back: an administrator makes users anew, a virtual host is restored. */
  readonly waitsForRights?: boolean
}

const BACKOFF = { minDelayMs: 50, maxDelayMs: 5_000 }
/** A link that stood this long, and longer than the delay before it, begins with the shortest delay again. Unit: ms. */
const STEADY_MS = 2_000

export class Attachment<L extends Closable> {
  readonly #owner: AttachmentOwner<L>
  #connection: AdapterConnection | undefined
  #link: L | undefined
  #epoch = 0
  /** The attempt that is under way. */
  #opening: Promise<void> | undefined
  #attempt = 0
  #delayMs = 0
  #upSince = 0
  /** It stood once: what refuses it now may be what the broker still keeps of our own lost connection. */
  #stood = false
  #told = false
  #retry: NodeJS.Timeout | undefined
  #stopped = false

  constructor(owner: AttachmentOwner<L>) {
    this.#owner = owner
  }

  /** Attaches on `connection`; rejects when that fails. What is attached there, or is about to be, is not attached again. */
  open(connection: AdapterConnection): Promise<void> {
    if (connection === this.#connection) {
      if (this.#opening) return this.#opening
      if (this.#link) return Promise.resolve()
    }
    clearTimeout(this.#retry)
    const opening = this.#open(connection).finally(() => {
      if (this.#opening === opening) this.#opening = undefined
    })
    this.#opening = opening
    return opening
  }

  async #open(connection: AdapterConnection): Promise<void> {
    // The loss of the one before may not have been told.
    this.#takeDown(new MessagingError('CONNECTION_LOST', 'Another connection took its place'))
    this.#connection = connection
    const epoch = ++this.#epoch
    const link = await this.#owner.attach(connection, (error) => this.#detached(epoch, error))
    if (this.#stopped || epoch !== this.#epoch) {
      await link.close()
      throw new MessagingError(
        this.#stopped ? 'CLOSED' : 'CONNECTION_LOST',
        this.#stopped
          ? 'Closed while it was being opened'
          : 'The connection was lost while the link was being opened',
      )
    }
    this.#link = link
    this.#upSince = performance.now()
    this.#stood = true
    this.#owner.up(link)
    if (this.#told) this.#owner.reattached()
    this.#told = false
  }

  /** A new connection is there: attach in the background. Settles when that succeeded, failed or was put off; never rejects. */
  async reconnected(connection: AdapterConnection): Promise<void> {
    if (this.#stopped) return
    try {
      await this.open(connection)
    } catch (error) {
      this.#attachFailed(connection, error)
    }
  }

  /** The connection is gone, and the link with it. */
  lost(cause: MessagingError): void {
    this.#supersede()
    this.#connection = undefined
    clearTimeout(this.#retry)
    this.#takeDown(cause)
  }

  /** Ends it: nothing is attached any more. Resolves when the link is closed. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#epoch++
    clearTimeout(this.#retry)
    const link = this.#link
    this.#link = undefined
    await link?.close()
  }

  #detached(epoch: number, error: MessagingError): void {
    if (epoch !== this.#epoch || this.#stopped) return
    this.#supersede()
    if (!this.#mayReturn(error)) {
      this.#link = undefined
      this.#owner.failed(error)
      return
    }
    if (performance.now() - this.#upSince > Math.max(STEADY_MS, this.#delayMs)) this.#attempt = 0
    this.#takeDown(error)
    this.#again(error)
  }

  #mayReturn(error: MessagingError): boolean {
    if (error.retryable) return true
    if (!this.#stood) return false
    return (
      error.context.reason === 'in-use' ||
      (error.code === 'UNAUTHORIZED' && this.#owner.waitsForRights === true)
    )
  }

  /** Whatever was begun so far leads nowhere. */
  #supersede(): void {
    this.#epoch++
    this.#opening = undefined
  }

  #takeDown(cause: MessagingError): void {
    if (!this.#link) return
    this.#link = undefined
    this.#owner.down(cause)
  }

  #attachFailed(connection: AdapterConnection, error: unknown): void {
    if (this.#stopped || connection !== this.#connection) return
    const problem = asMessagingError(error)
    // A later attempt took its place, or the connection is being closed.
    if (this.#opening || this.#link || problem.code === 'CLOSED') return
    if (this.#mayReturn(problem)) this.#again(problem)
    else this.#owner.failed(problem)
  }

  #again(cause: MessagingError): void {
    const connection = this.#connection
    if (!connection) return
    if (!this.#told && cause.code !== 'CONNECTION_LOST') {
      this.#told = true
      this.#owner.detached(cause)
    }
    this.#attempt++
    this.#delayMs = backoffDelay(this.#attempt, BACKOFF)
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => void this.reconnected(connection), this.#delayMs)
  }
}
