/**
 * The slowest line on which a large message is waited for. What the system has taken from a socket cannot be watched any more: before a peer
 * that does not answer counts as gone, it gets the time that such a line takes for what is under way. Unit: bytes per ms.
 */
export const LEAST_PACE = 32
