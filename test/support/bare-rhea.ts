/** rhea by itself: what it sees, any AMQP 1.0 client sees. */
import { once } from 'node:events'
import rhea, { type Connection } from 'rhea'

export async function bareConnection(url: string): Promise<Connection> {
  const { hostname, port, username, password } = new URL(url)
  const connection = rhea.create_container().connect({
    host: hostname,
    port: Number(port),
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
    reconnect: false,
  })
  await once(connection, 'connection_open')
  return connection
}
