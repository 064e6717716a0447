/** Answers to one requester, which hears them on a channel of its own. Nothing of them is kept. */
import { envelope } from '../codec/outgoing.ts'
import { type Batch, bodyOf, Outbox, settleAll } from './outbox.ts'

export class ReplyOutbox extends Outbox {
  protected override get noteBase(): undefined {
    return undefined
  }

  protected override get mostBytes(): number {
    return this.session.facts.maxPublishBytes
  }

  protected call({ transfers }: Batch) {
    const payloads = transfers.map(({ message }) => envelope(message, bodyOf(message)))
    return { script: 'answer' as const, keys: [this.base], args: [this.label, ...payloads] }
  }

  protected override mustRepeat(): boolean {
    return false
  }

  protected answered(batch: Batch, reply: unknown): void {
    if (reply !== 0) settleAll(batch, undefined)
    else this.nowhere(batch, 'Nobody waits at this reply address any more')
  }
}
