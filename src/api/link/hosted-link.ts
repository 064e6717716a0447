/** What a connection knows of the links and handles that stand on it, and of the way out for their copies. */
import type { AdapterConnection, NodeRef } from '../../contract/adapter.ts'
import type { MessagingError } from '../../model/errors.ts'
import type { OutgoingMessage } from '../../model/message.ts'

/** `away`: there is no connection. `blocked`: the broker takes no messages. */
export type HoldUp = 'away' | 'blocked'

/** A consumer or responder: outlives the call that made it, and must end before the links do. */
export interface Handle {
  close(options: { timeoutMs: number }): Promise<void>
  /** Of what calls handlers: settles when all is done, which may be after `close()`. */
  readonly closing?: { readonly done: Promise<void> } | undefined
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

/** Where receivers send what they may not lose; each send resolves when the broker has it. */
export interface CopyRoute {
  /** A copy of a delivery, to a queue. */
  send(to: string, message: OutgoingMessage): Promise<void>
  /** A dead letter; its queue is made where it is missing. */
  deadLetter(target: NodeRef, message: OutgoingMessage): Promise<void>
  close(timeoutMs: number): Promise<void>
}
