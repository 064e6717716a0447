/** The embedded broker on the crash-safe store in a folder. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileAdapter } from '../../../src/adapters/memory/adapter.ts'
import type { BrokerControl, Harness } from '../suite/index.ts'
import { severable } from './severable.ts'

const ONE_PROCESS = 'one process at a time may open the folder (see process.refused)'

export function fileHarness(): Harness {
  let folder = ''
  const url = (): string => `file:${folder}/data`
  return {
    name: 'file',
    async start() {
      folder = await mkdtemp(join(tmpdir(), 'sluice-conformance-'))
    },
    stop: () => rm(folder, { recursive: true, force: true }),
    target: () => ({ url: url() }),
    faults: severable(fileAdapter, 'cut-file', url),
    broker: async () => ownBroker(await mkdtemp(join(tmpdir(), 'sluice-conformance-'))),
    liveRestart: false,
    kill: false,
    processRefusal: { code: 'CONNECT_FAILED', target: () => ({ url: url() }) },
    without: {
      silence: 'a call within the process cannot fall silent',
      liveRestart: 'the broker is open as long as a connection is',
      kill: 'the broker is part of its program; see restart.survives-killed-program',
      witness: 'no other client library reads the store',
      process: ONE_PROCESS,
      deadAddress: 'there is no address to be dead: the broker comes with the connection',
      wrongLogin: 'there is no login',
      otherPort: 'there is no port',
    },
  }
}

/** Closed with its last connection: when all are closed, opening it again is a restart. */
function ownBroker(folder: string): BrokerControl {
  return {
    target: () => ({ url: `file:${folder}/data` }),
    restart: async () => {},
    stop: () => rm(folder, { recursive: true, force: true }),
  }
}
