/**
 * The embedded broker: a queue engine that knows no transport. Behind `memory:`, `file:` and the ZeroMQ hub.
 */
export { Broker, type BrokerOptions } from './broker.ts'
export { MAX_NAME_BYTES } from './nodes/nodes.ts'
export { MessageView } from './queue/message-view.ts'
export { LIVE_BUFFER } from './queue/queue.ts'
export type { BrokerReceiver, Session, SessionEvents, SessionOptions } from './session/session.ts'
export { type BrokerLease, fileBroker, memoryBroker } from './shared.ts'
export { openLmdbStore } from './store/lmdb-store.ts'
export { type RescuedQueue, type RescueReport, rescueStore } from './store/rescue/rescue.ts'
export type { Store } from './store/store.ts'
