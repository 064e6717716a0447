/**
 * For brokers that announce no idle time-out, as Broker-J does: they never miss our frames, and their heartbeats come although nothing of
 * ours arrives any more. So they are asked for an answer once in a heartbeat: a session is begun, and ended when the broker has begun it.
 */
import type { Socket } from 'node:net'
import { LEAST_PACE } from '../../../core/connecting/least-pace.ts'
import { openRawSession } from './raw-session.ts'
import type { RheaConnection } from './rhea-types.ts'
import type { SessionTurns } from './session-turns.ts'

/** More than this between two looks is no heartbeat: an answer may stand behind it. Unit: bytes. */
const HEARTBEATS_BYTES = 64

/** Call before `watchIdle`, which takes the time-outs away. Ends with the socket. */
export function watchEcho(connection: RheaConnection, socket: Socket, turns: SessionTurns): void {
  const heartbeatMs = connection.local.open.idle_time_out ?? 0
  if (heartbeatMs === 0 || (connection.remote.open.idle_time_out ?? 0) > 0) return
  let asked = false
  let read = 0
  let sent = 0
  /** Of what was written, so much is known to have arrived. Unit: bytes. */
  let arrived = socket.bytesWritten
  /** When the answer is due: later, where much is under way before the question. A time of `performance.now()`. */
  let dueAt = 0
  const look = (): void => {
    read = socket.bytesRead
    sent = bytesSent(socket)
  }
  const ask = (): void => {
    look()
    const { channel_max, local_channel_map: channels } = connection
    if (asked || Object.keys(channels).length > (channel_max ?? 0xffff)) return
    asked = true
    const written = socket.bytesWritten
    // Timers come a little early at times.
    dueAt = performance.now() + 0.9 * heartbeatMs + (written - arrived) / LEAST_PACE
    const session = openRawSession(connection, turns, 1, 1)
    session.once('session_open', () => {
      asked = false
      arrived = written
      session.close()
    })
  }
  const answerIsDue = (): boolean =>
    asked &&
    performance.now() >= dueAt &&
    socket.bytesRead - read <= HEARTBEATS_BYTES &&
    // On a slow line the question itself may still wait behind what was written before.
    (socket.writableLength === 0 || bytesSent(socket) === sent)
  const timer = setInterval(() => {
    // A program that stood still may have the answer in its socket: it is read before an immediate runs.
    setImmediate(() => {
      if (socket.destroyed || connection.is_closed()) return
      if (!answerIsDue()) return ask()
      clearInterval(timer)
      connection.idle()
    })
  }, heartbeatMs).unref()
  socket.once('close', () => clearInterval(timer))
}

function bytesSent(socket: Socket): number {
  return socket.bytesWritten - socket.writableLength
}
