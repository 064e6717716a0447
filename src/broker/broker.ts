import { MessagingError } from '../api/errors.ts'
import type { Session, SessionEvents, SessionOptions } from './session.ts'
import type { Store } from './store.ts'

export interface BrokerOptions {
  /** Keeps durable messages of durable nodes. The broker owns it from here on. Default: none, all lives in memory. */
  readonly store?: Store
}

/** An embedded message broker: queues, topics and subscriptions in this process, on a store or in memory. */
export class Broker {
  readonly product = 'Sluice broker'
  readonly version = '0.1.0'

  /** Opens a broker on `store` and recovers what it holds. */
  static async open(_options: BrokerOptions = {}): Promise<Broker> {
    return new Broker()
  }

  /** Opens a session for one client. Cheap; any number. */
  session(_events: SessionEvents, _options: SessionOptions = {}): Session {
    throw new MessagingError('INTERNAL', 'The engine is not in place yet')
  }

  /** Ends every session (`CONNECTION_LOST`), writes what is not written and closes the store. Idempotent. */
  async close(): Promise<void> {}
}
