/** Brokers shared within the process: everybody who names the same place gets the same broker. */
import { MessagingError } from '../api/errors.ts'
import type { Broker } from './broker.ts'

/** A share in a broker; it stays open at least until `release`. */
export interface BrokerLease {
  readonly broker: Broker
  /** Gives the share back; the last share of a file broker closes it. Idempotent. */
  release(): Promise<void>
}

/** The broker in memory called `name`; it and what it holds live as long as the process. */
export async function memoryBroker(_name: string): Promise<BrokerLease> {
  throw new MessagingError('INTERNAL', 'The engine is not in place yet')
}

/**
 * The broker on the store in `directory`, which is made when missing.
 *
 * @throws `CONNECT_FAILED` when another process has it open or the store is damaged, `CLIENT_LIBRARY_MISSING` without `lmdb`
 */
export async function fileBroker(_directory: string): Promise<BrokerLease> {
  throw new MessagingError('INTERNAL', 'The engine is not in place yet')
}
