/**
 * The embedded broker: a queue engine that knows no transport. Behind `memory:`, `file:` and the ZeroMQ hub.
 */
export { Broker, type BrokerOptions } from './broker.ts'
export { openLmdbStore } from './lmdb-store.ts'
export { MessageView } from './message-view.ts'
export { MAX_NAME_BYTES } from './nodes.ts'
export { LIVE_BUFFER } from './queue.ts'
export type { Session, SessionEvents, SessionOptions } from './session.ts'
export { type BrokerLease, fileBroker, memoryBroker } from './shared.ts'
export type { Store } from './store.ts'
