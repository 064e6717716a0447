/** How one AMQP link for receiving is to be. */
import type { IncomingMessage } from '../../../model/message.ts'

export interface ReceiverOptions {
  /** Terminus of the link, as rhea takes it. */
  readonly source: {
    readonly distribution_mode?: string
    readonly filter?: object | undefined
    readonly [field: string]: unknown
  }
  readonly address: string
  readonly credit: number
  readonly browse: boolean
  readonly follow: boolean
  /** Where copies of a delivery come to this link again. */
  readonly copiesTo: string | undefined
  /** The broker hands over more than what was asked for: the rest is settled at once and never seen. */
  readonly fits?: ((message: IncomingMessage) => boolean) | undefined
}
