/** What `connection.native` is on this adapter. */

/** @ts-ignore zeromq is an optional peer: without it, this says nothing */
type Socket = import('zeromq').Socket

/** The socket to the hub; of a peer, all sockets that are open. */
export type ZeromqNative = Socket | readonly Socket[]
