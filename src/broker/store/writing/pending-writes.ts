/** Messages between their admission to a queue and the disk. */
import type { Transfer } from '../../../contract/adapter.ts'
import type { MessagingError } from '../../../model/errors.ts'
import type { OutgoingMessage } from '../../../model/message.ts'
import type { Kernel } from '../../queue/kernel.ts'
import type { Entry } from '../../queue/waiting/entry.ts'
import { rejectedByStore } from '../refusals.ts'
import type { CommitWaiter } from '../store.ts'

/** Hears of messages that were on their way to the disk and did not get there. */
export interface RefusalListener {
  refused(message: OutgoingMessage): void
}

/** Messages on their way to the disk; they arrive when they are there. */
export class PendingMove implements CommitWaiter {
  readonly refusable: boolean = false
  readonly kernel: Kernel
  readonly entries: readonly Entry[]
  readonly #done: (() => void) | undefined

  constructor(kernel: Kernel, entries: readonly Entry[], done?: () => void) {
    this.kernel = kernel
    this.entries = entries
    this.#done = done
  }

  stored(_error: Error | undefined): void {
    this.arrive()
    this.#done?.()
  }

  arrive(): void {
    for (const entry of this.entries) {
      const bytes = entry.resident
      entry.resident = 0
      const resident = bytes === 0 || this.kernel.keepResident(entry, bytes)
      entry.queue.arrive(entry)
      if (!resident && (entry.state === 'ready' || entry.state === 'delayed')) entry.message = undefined
    }
  }
}

export class PendingSend extends PendingMove {
  override readonly refusable = true
  readonly #transfer: Transfer
  readonly #sender: RefusalListener | undefined
  readonly #outcome: MessagingError | undefined

  constructor(
    kernel: Kernel,
    entries: readonly Entry[],
    transfer: Transfer,
    sender: RefusalListener | undefined,
    outcome: MessagingError | undefined,
  ) {
    super(kernel, entries)
    this.#transfer = transfer
    this.#sender = sender
    this.#outcome = outcome
  }

  override stored(error: Error | undefined): void {
    if (error) {
      for (const entry of this.entries) entry.queue.revoke(entry)
      this.#sender?.refused(this.#transfer.message)
      this.#transfer.settle(rejectedByStore(error, this.entries[0]!.queue.name, this.#transfer.message))
      return
    }
    this.arrive()
    this.#transfer.settle(this.#outcome)
  }
}
