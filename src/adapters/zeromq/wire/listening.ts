/** Taking a place to listen at, and giving it back. */
import { lstat } from 'node:fs/promises'
import { connect } from 'node:net'
import type { Socket } from 'zeromq'
import { settledWithin } from '../../../core/aborts.ts'
import { MessagingError } from '../../../model/errors.ts'
import { ADAPTER } from '../errors.ts'
import { isIpv6 } from '../options.ts'
import type { SocketEvents } from './socket-events.ts'

/** Longest wait for ZeroMQ's word that it has closed a listener. Unit: ms. */
const CLOSE_MS = 1_000

/**
 * Resolves with the endpoint, as ZeroMQ names it (a port `*` is a real one).
 *
 * @throws `CONNECT_FAILED` when the place is taken or is none of this machine's
 */
export async function listen(socket: Socket, address: string, who: string, hint: string): Promise<string> {
  try {
    await checkNobodyListens(address)
    if (socket.ipv6 !== isIpv6(address)) socket.ipv6 = isIpv6(address)
    await socket.bind(address)
    return socket.lastEndpoint ?? address
  } catch (cause) {
    throw new MessagingError(
      'CONNECT_FAILED',
      `${who} cannot listen at ${address}: ${(cause as Error).message}`,
      {
        cause,
        hint,
        context: { adapter: ADAPTER, address, operation: 'connect' },
      },
    )
  }
}

/**
 * Resolves once ZeroMQ has closed the socket's listeners. To be called before `close()`, which returns earlier than that: who binds the place
 * at once finds it taken, or loses a socket file that is removed late. (`unbind` is no way: zeromq.js does it in another thread, beside a
 * read that is under way, and ZeroMQ aborts the process.)
 */
export async function placesFree(
  socket: Socket,
  endpoints: readonly string[],
  events?: SocketEvents,
): Promise<void> {
  if (socket.closed) return
  // inproc has no listener, and is free at once.
  const listening = new Set(endpoints.filter((endpoint) => !endpoint.startsWith('inproc:')))
  if (listening.size === 0) return
  const free = new Promise<void>((resolve) => {
    const closed = ({ address }: { address: string }): void => {
      if (listening.delete(address) && listening.size === 0) resolve()
    }
    if (events) events.on('close', closed)
    else socket.events.on('close', closed)
  })
  await settledWithin(free, CLOSE_MS)
}

/**
 * ZeroMQ takes whatever file has the name of its socket away, also from whoever listens at it. A socket that nobody listens at, because its
 * owner was killed, may go; another file is somebody's data.
 */
async function checkNobodyListens(address: string): Promise<void> {
  // `*` is a new name, `@` no file.
  const path = /^ipc:\/\/([^*@].*)$/.exec(address)?.[1]
  if (path === undefined) return
  const found = await lstat(path).catch(() => undefined)
  // What is wrong with the path, if anything, is told by the bind.
  if (!found) return
  if (!found.isSocket()) throw new Error('A file of this name is there, and it is no socket')
  await new Promise<void>((resolve, reject) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      reject(new Error('Address already in use'))
    })
    probe.once('error', () => resolve())
  })
}
