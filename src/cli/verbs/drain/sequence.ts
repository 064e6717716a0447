/** Checks the property `sn` of qpid-send (`spout --sequence`): numbers from some start, without gap, each once. */
import { CommandError } from '../../command/errors.ts'
import type { Drained } from './feed.ts'

export class SequenceCheck {
  #next: number | undefined

  /** @throws CommandError on a gap, or on a repetition that is not marked as redelivered */
  check(message: Drained): void {
    const sn = Number(message.properties.sn ?? Number.NaN)
    if (Number.isNaN(sn)) throw new CommandError('a message has no sequence number in its property sn')
    const expected = this.#next ?? sn
    if (sn > expected)
      throw new CommandError(`messages are missing: expected sequence number ${expected}, got ${sn}`)
    if (sn < expected) {
      if (message.redelivered) return
      throw new CommandError(`a message came twice, not marked as redelivered: sequence number ${sn}`)
    }
    this.#next = sn + 1
  }
}
