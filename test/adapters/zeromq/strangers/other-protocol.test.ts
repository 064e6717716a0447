/** A URL of a hub at whose port another program listens: that is told, long before the time allowed has passed. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as listen } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { createHub } from '../../../../src/hub.ts'
import { connect } from '../../../../src/index.ts'
import { brokerUrl } from '../../../support/brokers.ts'
import { FaultProxy } from '../../../support/fault-proxy.ts'

const HOUR_MS = 3_600_000
const open: (() => unknown)[] = []

afterEach(() => {
  for (const close of open.splice(0)) close()
})

async function portOf(server: { listen(port: number, host: string): unknown } & NodeJS.EventEmitter) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server as unknown as { address(): AddressInfo }).address().port
}

function refusal(port: number | string): Promise<unknown> {
  const url = `zmq://127.0.0.1:${port}`
  return connect({ url, connectTimeoutMs: HOUR_MS, reconnect: false }).catch((error) => error)
}

it('Redis', async () => {
  expect(await refusal(new URL(brokerUrl('redis')).port)).toMatchObject({
    code: 'CONNECT_FAILED',
    message: expect.stringMatching(/speaks Redis$/),
    hint: expect.stringContaining('Correct host and port'),
  })
})

it('a program that greets first', async () => {
  const server = listen((socket) => socket.on('error', () => {}).write('SSH-2.0-odd\r\n'))
  open.push(() => server.close())
  const error = await refusal(await portOf(server))
  expect(error).toMatchObject({ message: expect.stringMatching(/speaks SSH$/) })
})

it('HTTP', async () => {
  const server = createServer((_, response) => response.end())
  open.push(() => server.close())
  expect(await refusal(await portOf(server))).toMatchObject({
    code: 'CONNECT_FAILED',
    hint: expect.stringContaining('no other program'),
  })
})

it('a hub that is late is no other program', async () => {
  await using hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
  const url = hub.urls[0]!
  await using proxy = await FaultProxy.before(url)
  proxy.degrade({ latencyMs: 600 })
  await using connection = await connect(proxy.urlFor(url))
  expect(connection.state).toBe('connected')
})
