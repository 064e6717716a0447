/** Message annotations that this adapter writes and reads for itself; applications do not see them. */

/** Says that every long and ulong of this message is a bigint: our numbers are ints and doubles. */
export const BIGINTS = 'x-opt-sluice-bigint'
/** Deliveries before this copy was made. */
export const DELIVERIES = 'x-opt-sluice-deliveries'
/** Broker-J holds a message back until this time (ms since 1970) on queues that allow it. */
export const NOT_BEFORE = 'x-qpid-not-valid-before'

export function isOurs(name: string): boolean {
  return name === BIGINTS || name === DELIVERIES || name === NOT_BEFORE
}
