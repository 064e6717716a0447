/**
 * Where a broker keeps durable messages and its topology. All writes are gathered and written together, in order;
 * `commit` tells when they are on disk.
 */
import type { MessagingError } from '../../model/errors.ts'
import type { OutgoingMessage } from '../../model/message.ts'
import type { Deferred } from '../queue/turn.ts'

/** Told once when everything written before `commit` was called is on disk. */
export interface CommitWaiter {
  /**
   * On an error, what was written in its name (`insert`, `saveNode`) is undone rather than tried again; waiters that
   * are not refusable never see one: their writes are tried until they succeed.
   */
  readonly refusable: boolean
  stored(error: Error | undefined): void
}

/** What changes about a kept message. */
export interface StoredMark {
  readonly count: number
  readonly redelivered: boolean
  /** As `now()`; 0: at once. */
  readonly dueAt: number
}

/** What is known of a kept message from its beginning. */
export interface StoredFacts {
  readonly priority: number
  /** As `now()`; 0: never. */
  readonly expiresAt: number
  /** As `now()`; 0: at once. */
  readonly dueAt: number
}

/** A kept message as recovery finds it; its body stays on disk. */
export interface StoredEntry extends StoredFacts, StoredMark {
  readonly queue: number
  readonly key: number
}

/** A message that cannot be read. It stays where it is. */
export interface DamagedEntry {
  readonly queue: number
  readonly key: number
  readonly cause: unknown
}

/** A node as recovery finds it. */
export interface StoredNode {
  readonly id: number
  /** JSON, as it was saved. */
  readonly text: string
}

/** The store of one broker; the one that opened it closes it. */
export interface Store {
  /** What the one who opened the broker should know of this store. */
  readonly warnings?: readonly MessagingError[]
  /** Nodes as saved. Called once, before anything else. */
  nodes(): readonly StoredNode[]
  /** Every kept message, queue by queue in order of keys; those that cannot be read are `damaged`. */
  entries(damaged: (entry: DamagedEntry) => void): Iterable<StoredEntry>
  /** An id no node had before. */
  nextNodeId(): number

  /** Writes a node, anew or again. */
  saveNode(id: number, text: string, waiter: CommitWaiter | undefined): void
  /** Forgets a node; its messages are for `clear`. */
  removeNode(id: number): void
  /** Returns the size of the record. Unit: bytes. */
  insert(
    queue: number,
    key: number,
    message: OutgoingMessage,
    facts: StoredFacts,
    waiter: CommitWaiter | undefined,
  ): number
  /** Removes a message, and its mark when it has one. */
  remove(queue: number, key: number, marked: boolean): void
  /** Notes what happened to a message since it was written. */
  mark(queue: number, key: number, mark: StoredMark): void
  /** A queue limits deliveries: {@link counted} and {@link accepted} will be called. They hold once the next commit is on the disk. */
  noteDeliveries(): void
  /**
   * A program is about to see a message for the `count`th time. Noted at once, so that a process that ends on the spot is known to have
   * had it; power that fails may take the note. A `mark` has to follow.
   */
  counted(queue: number, key: number, count: number): void
  /** A program is done with a message. Noted as {@link counted} is; a `remove` has to follow. */
  accepted(queue: number, key: number): void
  /** Takes back what `mark` noted. */
  unmark(queue: number, key: number): void
  /** Removes all messages of a queue, in the background and in pieces. */
  clear(queue: number): void
  /** All of the waiter's writes were given: it is told when they are on disk. */
  commit(waiter: CommitWaiter): void
  /** Something may have to be written soon: `beforeWrite` is called within this turn of the event loop. */
  wake(): void
  /** So many writes are pending that whoever can put off further ones should. */
  readonly behind: boolean
  /** Runs `work` once, when the store that was {@link behind} has caught up; the function returned takes it off before. */
  whenCaughtUp(work: Deferred): () => void
  /** Resolves when everything written so far is on disk, or the disk refused to take it. */
  flushed(): Promise<void>
  /** Called right before the gathered writes go out; may add to them. */
  set beforeWrite(listener: (() => void) | undefined)
  /** Called with what no waiter can be told. */
  set failed(listener: ((error: Error) => void) | undefined)
  /** The message as it was inserted; `undefined` when it is gone. @throws when the record is damaged */
  read(queue: number, key: number): OutgoingMessage | undefined

  /** Writes what is pending and gives the place free. Idempotent. */
  close(): Promise<void>
}
