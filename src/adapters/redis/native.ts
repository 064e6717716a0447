/** What `connection.native` is on this adapter. */

/** @ts-ignore ioredis is an optional peer: without it, this says nothing */
type Commands = import('ioredis').Redis | import('ioredis').Cluster
/** @ts-ignore ioredis is an optional peer: without it, this says nothing */
type Subscriber = import('ioredis').Redis

/** ioredis' own clients. */
export interface RedisNative {
  readonly commands: Commands
  /** Listens to channels, and so takes no commands. */
  readonly subscriber: Subscriber
}
