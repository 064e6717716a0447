/** To a queue. */
import { type Batch, Outbox, settleAll, writeAll } from './outbox.ts'

export class QueueOutbox extends Outbox {
  protected call(batch: Batch, head: readonly (string | number)[]) {
    const encoded = batch.transfers.map((transfer) => this.encode(transfer))
    return { script: 'send' as const, keys: [this.base], args: [...head, writeAll(encoded)] }
  }

  protected answered(batch: Batch, reply: unknown): void {
    const { transfers } = batch
    if (reply === null) {
      this.nowhere(batch, `There is no queue '${this.label}'`)
      return
    }
    const refused = reply as number[]
    if (refused.length === 0) settleAll(batch, undefined)
    else {
      const full = new Set(refused)
      transfers.forEach((transfer, at) => {
        transfer.settle(full.has(at + 1) ? this.full(transfer.message, this.label) : undefined)
      })
    }
  }
}
