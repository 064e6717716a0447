/**
 * Free loopback ports. They lie below the range the system uses for outgoing connections: a port from that
 * range could be taken by some client while its broker is down, and the broker could not come back.
 */
import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

const LOWEST = 15_000
const HIGHEST = 32_000
const ATTEMPTS = 500

export async function freePorts(count: number, taken: ReadonlySet<number>): Promise<number[]> {
  const highest = Math.min(HIGHEST, firstEphemeralPort() - 1)
  const lowest = Math.min(LOWEST, highest - 2000)
  const found = new Set<number>()
  for (let attempt = 0; attempt < ATTEMPTS && found.size < count; attempt++) {
    const port = randomInt(lowest, highest)
    if (!taken.has(port) && !found.has(port) && (await isFree(port))) found.add(port)
  }
  if (found.size < count) throw new Error(`No ${count} free ports between ${lowest} and ${highest}`)
  return [...found]
}

async function isFree(port: number): Promise<boolean> {
  // All interfaces, not loopback alone: somebody's listener on another address is reason enough to stay away.
  return (await canListen(port, undefined)) && (await canListen(port, '127.0.0.1'))
}

function canListen(port: number, host: string | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)))
  })
}

function firstEphemeralPort(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1').trim().split(/\s+/)[0])
  } catch {
    return 49_152
  }
}
