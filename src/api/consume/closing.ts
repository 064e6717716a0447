/**
 * The close of what calls handlers. Nobody can tell a handler that waits for this very close from one that takes long: when the time of the
 * close is up it resolves, and a handler that waited for it has a moment to return, so that its verdict or answer goes out before the link ends.
 */
import { settledWithin } from '../../core/aborts.ts'
import { countdown } from '../../core/time/countdown.ts'

/** That moment; also what is left then for the rest of a close whose time is up. Unit: ms. */
export const LAST_WORD_MS = 250

export class Closing {
  /** For whoever called: all is done, or its time is up. */
  readonly told: Promise<void>
  /** All is done. */
  readonly done: Promise<void>

  /**
   * @param handlers settles when no handler runs any more
   * @param finish ends the link within so many ms; never rejects
   */
  constructor(handlers: Promise<unknown>, timeoutMs: number, finish: (timeoutMs: number) => Promise<void>) {
    const left = countdown(timeoutMs)
    const inTime = settledWithin(handlers, left())
    this.done = inTime.then(async (all) => {
      if (!all) await settledWithin(handlers, LAST_WORD_MS)
      await finish(all ? left() : LAST_WORD_MS)
    })
    this.told = inTime.then((all) => (all ? this.done : undefined))
  }
}
