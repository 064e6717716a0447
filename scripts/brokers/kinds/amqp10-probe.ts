/** Logs in to an AMQP 1.0 broker. A TCP connection proves nothing: Broker-J listens before its host is up. */
import type { Socket } from 'node:net'
import rhea, { type ConnectionOptions, type EventContext } from 'rhea'

const TIMEOUT_MS = 3000

export function openAmqp10(address: string): Promise<{ product: string; version: string }> {
  const url = new URL(address)
  return new Promise((resolve, reject) => {
    const options: ConnectionOptions = {
      host: url.hostname,
      port: Number(url.port || 5672),
      hostname: url.hostname,
      username: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      reconnect: false,
    }
    const connection = rhea.create_container().connect(options)
    const timer = setTimeout(() => fail(new Error(`No AMQP 1.0 answer within ${TIMEOUT_MS} ms`)), TIMEOUT_MS)
    const fail = (error: unknown) => {
      clearTimeout(timer)
      // close() would wait for the peer's answer, and a frozen broker gives none; rhea's types hide the socket.
      ;(connection as unknown as { socket?: Socket }).socket?.destroy()
      reject(error instanceof Error ? error : new Error(String(error)))
    }
    // An `open` proves nothing either: a broker whose host is not active answers it, and then closes.
    connection.on('connection_open', () => connection.create_session().begin())
    connection.on('session_open', () => {
      clearTimeout(timer)
      const { product, version } = connection.properties ?? {}
      connection.close()
      resolve({ product: String(product ?? 'unknown'), version: String(version ?? 'unknown') })
    })
    connection.on('connection_error', () => fail(connection.error))
    connection.on('connection_close', () => fail(connection.error ?? new Error('closed by the broker')))
    connection.on('protocol_error', fail)
    connection.on('error', fail)
    connection.on('disconnected', (context: EventContext) => fail(context.error ?? new Error('disconnected')))
  })
}
