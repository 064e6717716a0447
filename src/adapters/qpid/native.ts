/** What `connection.native` is on this adapter. */

/** @ts-ignore rhea is an optional peer: without it, this says nothing */
type RheaConnection = import('rhea').Connection

/** rhea's own connection. */
export type QpidNative = RheaConnection
