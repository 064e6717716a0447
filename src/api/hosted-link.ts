/** What a connection knows of the links and handles that stand on it. */
import type { AdapterConnection } from './adapter.ts'
import type { MessagingError } from './errors.ts'

/** A consumer or responder: outlives the call that made it, and must end before the links do. */
export interface Handle {
  close(options: { timeoutMs: number }): Promise<void>
}

/** A link as its host sees it. */
export interface HostedLink {
  /** Attach on the new connection; settles when that is done or put off, never rejects. */
  reconnected(connection: AdapterConnection): Promise<void>
  lost(cause: MessagingError): void
  /** No connection will ever come again. */
  abandoned(error: MessagingError): void
  setBlocked?(blocked: boolean): void
  close(options: { timeoutMs: number }): Promise<void>
}
