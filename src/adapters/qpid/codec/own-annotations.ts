/** Message annotations that this adapter writes and reads for itself; applications do not see them. */

/** Says that every long and ulong of this message is a bigint: our numbers are ints and doubles. */
export const BIGINTS = 'x-opt-sluice-bigint'
/** Deliveries before this copy was made. */
export const DELIVERIES = 'x-opt-sluice-deliveries'
/** Broker-J holds a message back until this time (ms since 1970) on queues that allow it. */
export const NOT_BEFORE = 'x-qpid-not-valid-before'
/** … and Artemis, on all. */
export const DELIVERY_TIME = 'x-opt-delivery-time'
/** Tells Artemis that a message on a link without target is for a queue. */
export const ROUTING_TYPE = 'x-opt-routing-type'

const OURS: ReadonlySet<string> = new Set([BIGINTS, DELIVERIES, NOT_BEFORE, DELIVERY_TIME, ROUTING_TYPE])

export function isOurs(name: string): boolean {
  return OURS.has(name)
}
