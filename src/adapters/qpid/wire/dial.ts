/** The socket under a connection. */

import { isIP, type Socket, connect as tcp } from 'node:net'
import { connect as tls } from 'node:tls'
import type { Endpoint } from '../options.ts'

export function dial(endpoint: Endpoint, connected: () => void): Socket {
  const { secure, host, port } = endpoint
  // The extension holds names only.
  const name = isIP(host) === 0 ? { servername: host } : {}
  const socket = secure
    ? tls({ host, port, ...name, ...endpoint.tls }, connected)
    : tcp({ host, port }, connected)
  socket.setNoDelay(true)
  writeOncePerTurn(socket)
  return socket
}

/** rhea writes frame by frame: what one look through its sessions brings about leaves as one packet. */
function writeOncePerTurn(socket: Socket): void {
  const write = socket.write as (...given: unknown[]) => boolean
  let gathering = false
  const release = (): void => {
    gathering = false
    socket.uncork()
  }
  socket.write = (...given: unknown[]): boolean => {
    if (!gathering) {
      gathering = true
      socket.cork()
      process.nextTick(release)
    }
    return write.apply(socket, given)
  }
}
