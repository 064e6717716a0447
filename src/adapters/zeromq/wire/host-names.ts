/** Looking up the name of a host, which is not left to ZeroMQ. */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'

/**
 * The same place with an address of IP. ZeroMQ itself looks names up in the thread that carries the bytes of all sockets, which then wait
 * for a slow name server, tells nothing when there is no such name, and finds no host that has IPv6 alone.
 *
 * @throws the system's error, `ENOTFOUND` for example
 */
export async function withoutHostName(address: string): Promise<string> {
  const [, host, port] = /^tcp:\/\/([^[\]:/]+):(\d+)$/.exec(address) ?? []
  if (host === undefined || isIP(host)) return address
  const found = await lookup(host, { all: true })
  const { address: ip, family } = found.find((one) => one.family === 4) ?? found[0]!
  return `tcp://${family === 6 ? `[${ip}]` : ip}:${port}`
}
