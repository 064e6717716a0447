/**
 * Sockets of a worker thread. One that is still open when its thread ends makes zeromq.js abort the whole process; those that are kept here
 * are closed first, when the thread ends by itself, by an exception or by `process.exit()` in it. `worker.terminate()` tells the thread nothing:
 * whoever calls it must have the connection closed before.
 */
import { isMainThread } from 'node:worker_threads'
import type { Socket } from 'zeromq'

const sockets = new Set<Socket>()
let listening = false

/** Returns the socket. */
export function closedWithThread<S extends Socket>(socket: S): S {
  if (isMainThread) return socket
  if (!listening) process.once('exit', closeAll)
  listening = true
  for (const each of sockets) if (each.closed) sockets.delete(each)
  sockets.add(socket)
  return socket
}

function closeAll(): void {
  for (const socket of sockets) {
    if (socket.closed) continue
    // order: the observer of the events keeps the socket's thread busy; with it alone open, the process aborts as well.
    socket.events.close()
    socket.close()
  }
}
