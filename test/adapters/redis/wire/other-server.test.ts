/** A URL at whose port something else listens than it says: told when the connection is made, with what to write instead. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { find } from '../../../../scripts/brokers/commands.ts'
import { connect, queue } from '../../../../src/index.ts'
import { eventually } from '../../../support/eventually.ts'
import { freePorts } from '../../../support/free-ports.ts'
import { RedisServer } from '../redis-server.ts'

function refusal(url: string): Promise<unknown> {
  return connect({ url, reconnect: false }).then(
    (connection) => connection.close(),
    (error: unknown) => error,
  )
}

it.each([[[]], [['-info']]])('one server of a Cluster, for a user %j', async (rules) => {
  // Its port for other servers is ten thousand above the one for clients, where anybody may listen.
  const settings: [string, string][] = [
    ['cluster-enabled', 'yes'],
    ['cluster-port', String(await freePorts(1))],
  ]
  await using server = await RedisServer.start(settings)
  const url = await server.user('app', '~*', '&*', '+@all', ...rules)
  expect(await refusal(url)).toMatchObject({
    code: 'CONNECT_FAILED',
    retryable: false,
    hint: `Write redis://127.0.0.1:${server.port}?cluster=true.`,
  })
})

it('a replica that takes writes, which its next synchronisation would undo', async () => {
  await using master = await RedisServer.start()
  await using replica = await RedisServer.start([
    ['replicaof', '127.0.0.1', String(master.port)],
    ['replica-read-only', 'no'],
  ])
  expect(await refusal(replica.url)).toMatchObject({
    code: 'CONNECT_FAILED',
    retryable: true,
    message: expect.stringContaining('is a replica that takes writes'),
  })
  await replica.admin.replicaof('NO', 'ONE')
  expect(await refusal(replica.url)).toBeUndefined()
})

it('a Sentinel', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-sentinel-'))
  const port = await freePorts(1)
  await writeFile(
    join(folder, 'sentinel.conf'),
    `port ${port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 1 1\n`,
  )
  const sentinel = spawn(find('redis-server')!, [join(folder, 'sentinel.conf'), '--sentinel'], {
    stdio: 'ignore',
  })
  const ended = once(sentinel, 'exit')
  try {
    await eventually(() => answers(port))
    expect(await refusal(`redis://127.0.0.1:${port}`)).toMatchObject({
      code: 'CONNECT_FAILED',
      retryable: false,
      hint: expect.stringContaining('?sentinel=NAME'),
    })
  } finally {
    sentinel.kill('SIGKILL')
    await ended
    await rm(folder, { recursive: true })
  }
})

it('a web server', async () => {
  const server = createServer((_, response) => response.end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const { port } = server.address() as AddressInfo
    expect(await refusal(`redis://127.0.0.1:${port}`)).toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringContaining('web server'),
    })
  } finally {
    server.close()
  }
})

it('a server that syncs nothing while it writes its file anew keeps no promise about power', async () => {
  await using server = await RedisServer.start()
  for (const [name, value] of [
    ['appendonly', 'yes'],
    ['appendfsync', 'always'],
    ['no-appendfsync-on-rewrite', 'yes'],
  ] as const)
    await server.admin.config('SET', name, value)
  await using connection = await connect(server.url)
  await connection.send(queue('orders'), 'x')
  expect(connection.capabilities.tiers).toMatchObject({
    durable: 'T2',
    note: expect.stringContaining('no-appendfsync-on-rewrite'),
  })
})

async function answers(port: number): Promise<boolean> {
  const client = new Redis(port, { protocol: 2, lazyConnect: true, retryStrategy: () => null })
  client.on('error', () => {})
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    client.disconnect()
  }
}
