/**
 * Ports of the loopback interface where nobody listens, below those of `scripts/brokers/ports.ts`: a broker that a test has killed must find
 * its own free when it comes back.
 */
import { createServer } from 'node:net'

const LOWEST = 10_000
const HIGHEST = 15_000

/** The first of `count` free ports in a row. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST - count))
    const free = await Promise.all(Array.from({ length: count }, (_, offset) => isFree(port + offset)))
    if (free.every(Boolean)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
