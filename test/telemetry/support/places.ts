/** The six adapters, each with a broker to connect to and what spans say of it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Connection, connect, createHub } from '../../../src/index.ts'
import { brokerUrl, isLeftOut } from '../../support/brokers.ts'
import { uniqueName } from '../../support/names.ts'

export type AdapterName = 'memory' | 'file' | 'rabbitmq' | 'qpid' | 'redis' | 'zeromq'

/** Without those that the user chose to do without; the summary of the run names them. */
export const ADAPTERS = (['memory', 'file', 'rabbitmq', 'qpid', 'redis', 'zeromq'] as const).filter(
  (name) => !((name === 'rabbitmq' || name === 'qpid' || name === 'redis') && isLeftOut(name)),
)

export interface Broker extends AsyncDisposable {
  readonly url: string
  connect(): Promise<Connection>
}

/** A broker of the adapter; what was connected to it is closed with it. */
export async function brokerOf(name: AdapterName): Promise<Broker> {
  const closers: (() => Promise<unknown>)[] = []
  let url: string
  if (name === 'memory') url = `memory:${uniqueName()}`
  else if (name === 'file') {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-telemetry-'))
    closers.push(() => rm(folder, { recursive: true, force: true }))
    url = `file:${folder}`
  } else if (name === 'zeromq') {
    const hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
    closers.push(() => hub.close())
    url = hub.urls[0]!
  } else url = brokerUrl(name)
  return {
    url,
    async connect() {
      const connection = await connect(url)
      closers.push(() => connection.close())
      return connection
    },
    async [Symbol.asyncDispose]() {
      for (const close of closers.reverse()) await close()
    },
  }
}

/** What spans and metrics say of the broker. */
export function serverAttributes(name: AdapterName, url: string): Record<string, unknown> {
  if (name === 'memory' || name === 'file') return { 'messaging.system': name }
  const { hostname, port } = new URL(url)
  return { 'messaging.system': name, 'server.address': hostname, 'server.port': Number(port) }
}
