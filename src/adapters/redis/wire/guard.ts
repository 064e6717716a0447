/** Errors of sockets that nobody else listens for, and which clients were ever ready. */
import type { Redis } from 'ioredis'

const reached = new WeakSet<Redis>()

/** Whether a guarded client was ready for commands once. */
export function wasReached(client: Redis): boolean {
  return reached.has(client)
}

/**
 * A TLS socket may report a second error while it is being torn down. ioredis listens for one only, and the other would
 * end the process.
 */
export function guard(client: Redis): void {
  const listen = (): void => {
    if (client.stream && !client.stream.listeners('error').includes(ignore)) client.stream.on('error', ignore)
  }
  client.on('connect', listen)
  client.on('error', listen)
  client.once('ready', () => reached.add(client))
}

function ignore(): void {}
