/** To named members, all of which share one slot: one step for all of them. */
import { memberQueue } from '../../../contract/adapter.ts'
import type { MessagingError } from '../../../model/errors.ts'
import { listed } from '../../../model/listed.ts'
import type { OutgoingMessage } from '../../../model/message.ts'
import { TARGETS } from '../codec/records.ts'
import { type Batch, Outbox, writeAll } from './outbox.ts'

export class MulticastOutbox extends Outbox {
  /** Members of each batch under way, in the order of their indexes. */
  readonly #members = new WeakMap<Batch, readonly string[]>()

  protected call(batch: Batch, head: readonly (string | number)[]) {
    const indexes = new Map<string, number>()
    const encoded = batch.transfers.map((transfer) => {
      const one = this.encode(transfer)
      one.flags |= TARGETS
      one.targets = [...new Set(transfer.message.members ?? [])].map((member) => {
        let index = indexes.get(member)
        if (index === undefined) {
          index = indexes.size + 1
          indexes.set(member, index)
        }
        return index
      })
      return one
    })
    const members = [...indexes.keys()]
    this.#members.set(batch, members)
    const bases = members.map((member) => this.session.keys.queue(memberQueue(this.label, member)))
    return { script: 'multicast' as const, keys: [this.base, ...bases], args: [...head, writeAll(encoded)] }
  }

  protected answered(batch: Batch, reply: unknown): void {
    const [missing, full] = reply as [number[], number[]]
    const { transfers } = batch
    const members = this.#members.get(batch)!
    const gone = new Set(missing.map((index) => members[index - 1]!))
    const fullOf = new Map<number, string>()
    for (let at = 0; at < full.length; at += 2) fullOf.set(full[at]!, members[full[at + 1]! - 1]!)
    transfers.forEach((transfer, at) => {
      transfer.settle(this.#outcome(transfer.message, gone, fullOf.get(at + 1)))
    })
  }

  #outcome(
    message: OutgoingMessage,
    gone: ReadonlySet<string>,
    full: string | undefined,
  ): MessagingError | undefined {
    if (message.members === undefined)
      return this.unroutable(message, `The message names no member of '${this.label}'`, { members: [] })
    const absent = message.members.filter((member) => gone.has(member))
    if (absent.length > 0) {
      const text = `No such member of '${this.label}': ${listed(absent)}`
      return this.unroutable(message, text, { members: absent })
    }
    return full === undefined ? undefined : this.full(message, `${this.label}:${full}`)
  }
}
