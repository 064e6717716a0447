/** TLS asked of a port that has none, and the other way round: said at once, and no password goes out in clear where TLS was meant. */
import { createServer, connect as dial, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { connect, isMessagingError, type MessagingError } from '../../../../src/index.ts'
import { brokerUrl } from '../../../support/brokers.ts'

const open: (() => unknown)[] = []
afterEach(() => {
  for (const close of open.splice(0)) close()
})

/** A port in front of another one, and what clients have written to it. */
async function tapped(port: number): Promise<{ port: number; written: () => string }> {
  const written: Buffer[] = []
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const behind = dial(port, '127.0.0.1')
    for (const [one, other] of [
      [client, behind],
      [behind, client],
    ] as const) {
      sockets.add(one)
      one.on('data', (bytes) => other.write(bytes))
      one.on('error', () => {})
      one.on('close', () => other.destroy())
    }
    client.on('data', (bytes) => written.push(bytes))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const place = server.address() as { port: number }
  return { port: place.port, written: () => Buffer.concat(written).toString('latin1') }
}

async function refusal(url: string): Promise<MessagingError> {
  const error = await connect({ url, connectTimeoutMs: 20_000 }).then(
    (connection) => connection.close(),
    (reason: unknown) => reason,
  )
  if (!isMessagingError(error)) throw error
  return error
}

const plainPort = Number(new URL(brokerUrl('redis')).port)
const tlsPort = Number(new URL(brokerUrl('redis-tls')).port)

describe.each(['', '?cluster=true', '?sentinel=mymaster'])('of a URL with %j', (query) => {
  it('rediss: at a port without TLS is refused as that; the password does not leave', async () => {
    const tap = await tapped(plainPort)
    const error = await refusal(`rediss://user:TopSecret@127.0.0.1:${tap.port}/${query}`)
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', retryable: false })
    expect(error.message).toContain('speaks no TLS')
    expect(tap.written()).not.toContain('TopSecret')
  }, 30_000)

  it('redis: at a port with TLS is refused as that', async () => {
    const error = await refusal(`redis://user:TopSecret@127.0.0.1:${tlsPort}/${query}`)
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', retryable: false })
    expect(error.message).toContain('speaks TLS')
    expect(JSON.stringify(error)).not.toContain('TopSecret')
  }, 30_000)
})
