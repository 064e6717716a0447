/** The brokers that the console is tried on, each with a connection beside it, through which the test looks. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Connection, type ConnectOptions, connect, createHub } from '../../src/index.ts'
import { brokerUrl, brokerVariable, isLeftOut } from '../support/brokers.ts'
import { uniqueName } from '../support/names.ts'

export const REAL = (['redis', 'rabbitmq', 'qpid'] as const).filter((name) => !isLeftOut(name))
export const PLACES = ['memory', 'file', 'hub', ...REAL] as const
export type PlaceName = (typeof PLACES)[number]

export interface Place extends AsyncDisposable {
  readonly options: ConnectOptions
  /** The test's own. */
  readonly connection: Connection
}

export async function place(name: PlaceName): Promise<Place> {
  const cleanUp: (() => unknown)[] = []
  const options = await optionsOf(name, cleanUp)
  const connection = await connect(options)
  return {
    options,
    connection,
    async [Symbol.asyncDispose]() {
      await connection.close()
      for (const step of cleanUp.reverse()) await step()
    },
  }
}

async function optionsOf(name: PlaceName, cleanUp: (() => unknown)[]): Promise<ConnectOptions> {
  switch (name) {
    case 'memory':
      return { url: `memory:${uniqueName()}` }
    case 'file': {
      const folder = mkdtempSync(join(tmpdir(), 'sluice-console-'))
      cleanUp.push(() => rmSync(folder, { recursive: true, force: true }))
      return { url: `file:${folder}` }
    }
    case 'hub': {
      const hub = await createHub({ listen: ['tcp://127.0.0.1:0'] })
      cleanUp.push(() => hub.close())
      return { url: hub.urls[0]! }
    }
    case 'rabbitmq':
      return {
        url: brokerUrl('rabbitmq'),
        native: { managementUrl: brokerVariable('rabbitmq', 'SLUICE_TEST_RABBITMQ_MANAGEMENT') },
      }
    default:
      return { url: brokerUrl(name) }
  }
}
