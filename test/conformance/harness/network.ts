/** Loopback ports for what goes wrong on purpose. */
import { createServer } from 'node:net'

/** A port where nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** The same URL at another port of the loopback interface. */
export function atPort(url: string, port: number): string {
  const { host } = new URL(url)
  return url.replace(host, `127.0.0.1:${port}`)
}
