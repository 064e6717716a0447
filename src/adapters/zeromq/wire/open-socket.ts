/** Making a socket: what hinders it is told as the process's own limit, which it is. */
import type { Socket } from 'zeromq'
import { MessagingError } from '../../../model/errors.ts'
import { ADAPTER } from '../errors.ts'
import { closedWithThread } from './thread-end.ts'

/**
 * `EADDRINUSE` stands for the same: the events of a socket that could not be opened whole still have their place for a moment, and the next
 * socket may get the same one.
 */
const LIMITS: readonly unknown[] = ['EMFILE', 'ENFILE', 'EADDRINUSE']

/** @throws `CONNECT_FAILED` when the process has as many files or sockets open as it may */
export function openSocket<S extends Socket>(make: () => S): S {
  let socket: S
  try {
    socket = make()
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (!LIMITS.includes(code)) throw cause
    throw new MessagingError(
      'CONNECT_FAILED',
      `This process cannot open one more socket of ZeroMQ: ${message}`,
      {
        cause,
        hint: 'Close connections, or allow more: the limit of open files (ulimit -n), and context.maxSockets of zeromq before its first socket.',
        context: { adapter: ADAPTER, operation: 'connect' },
      },
    )
  }
  return closedWithThread(socket)
}

/** The socket with the one behind its events, which is made on first use and may be the one too many. */
export function withEvents<S extends Socket>(socket: S): S {
  try {
    void socket.events
    return socket
  } catch (error) {
    socket.close()
    throw error
  }
}
