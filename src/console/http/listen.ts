/** The sockets: loopback in both families on one port, or the one address that was asked for. Times and sizes that a client may take. */
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, isIP, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { MessagingError } from '../../index.ts'

const LOOPBACK = ['127.0.0.1', '::1'] as const
const LIMITS = {
  /** A client that sends its request byte by byte is left. Unit: ms. */
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 16 * 1024,
}
const MAX_CONNECTIONS = 256
/** Ports of both families are not always free together. */
const ATTEMPTS = 10

export interface Listening {
  readonly port: number
  /** Base of the page's address, without a path. */
  readonly origin: string
  /** The exact values that `Host` may have. */
  readonly hosts: ReadonlySet<string>
  close(): Promise<void>
}

/** @throws `CONFIG_INVALID` when the port is taken, or the host is none of this machine */
export async function listen(
  host: string | undefined,
  port: number,
  handle: RequestListener,
): Promise<Listening> {
  const addresses = host === undefined ? LOOPBACK : [host]
  for (let attempt = 1; ; attempt++) {
    const servers: Server[] = []
    try {
      for (const address of addresses) {
        const server = await open(address, servers[0] ? portOf(servers[0]) : port, handle)
        if (server) servers.push(server)
      }
      return listening(servers, host)
    } catch (error) {
      await closeAll(servers)
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EADDRINUSE' && port === 0 && attempt < ATTEMPTS) continue
      throw new MessagingError('CONFIG_INVALID', `The console cannot listen: ${(error as Error).message}`, {
        cause: error,
        hint: 'Give another --port, or a --host that this machine has.',
      })
    }
  }
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

/** `undefined`: this machine has no IPv6. */
function open(host: string, port: number, handle: RequestListener): Promise<Server | undefined> {
  const server = createServer({ ...LIMITS, requireHostHeader: true, insecureHTTPParser: false }, handle)
  server.maxConnections = MAX_CONNECTIONS
  server.on('clientError', refuseBytes)
  return new Promise((resolve, reject) => {
    // Later ones as well, of which a full table of files is one: who was not let in tries again.
    server.on('error', (error: NodeJS.ErrnoException) => {
      const missing = error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT'
      if (host === '::1' && missing) resolve(undefined)
      else reject(error)
    })
    server.listen({ host, port, ipv6Only: isIP(host) === 6 }, () => resolve(server))
  })
}

/** What is no HTTP, or took too long. */
function refuseBytes(error: NodeJS.ErrnoException, socket: NodeJS.WritableStream & Partial<Socket>): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy?.()
    return
  }
  const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

function listening(servers: Server[], host: string | undefined): Listening {
  const port = portOf(servers[0]!)
  const names = host === undefined ? [...LOOPBACK, 'localhost'] : namesOf(host)
  const written = names.map(written6)
  return {
    port,
    origin: `http://${written[0]}:${port}`,
    hosts: new Set(written.flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`]))),
    close: () => closeAll(servers),
  }
}

/** A host that stands for all addresses of this machine is reached by each of them. */
function namesOf(host: string): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [host.toLowerCase()]
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
  return [...addresses.filter(({ internal }) => !internal), ...addresses]
    .map(({ address }) => address)
    .concat('localhost')
}

function written6(name: string): string {
  return isIP(name) === 6 ? `[${name}]` : name
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(
    servers.map(
      (server) =>
        new Promise<void>((resolve) => {
          server.close(() => resolve())
          server.closeAllConnections()
        }),
    ),
  )
}
