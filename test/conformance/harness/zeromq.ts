/** The hub in a process of its own, with its store on disk. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrokerControl, Harness } from '../../../src/conformance/index.ts'
import { Child } from '../../support/child.ts'
import { wireFaults } from './faults.ts'
import { atPort, closedPort } from './network.ts'

/** Listens where it is told, says so, and ends in order when asked. */
const PROGRAM = `
import { createHub } from 'src/adapters/zeromq/hub/hub.ts'
const hub = await createHub({ listen: [process.env.HUB_LISTEN], data: process.env.HUB_DATA })
console.log(hub.urls[0])
process.once('SIGTERM', async () => { await hub.close(); process.exit() })
`

class HubProcess {
  readonly url: string
  readonly #child: Child

  private constructor(url: string, child: Child) {
    this.url = url
    this.#child = child
  }

  static async start(data: string, listen = 'tcp://127.0.0.1:*'): Promise<HubProcess> {
    const child = Child.run(PROGRAM, { HUB_LISTEN: listen, HUB_DATA: data })
    return new HubProcess(await child.line(), child)
  }

  /** A new process at the same address. */
  again(data: string): Promise<HubProcess> {
    return HubProcess.start(data, this.url.replace(/^zmq:/, 'tcp:'))
  }

  async stop(): Promise<void> {
    await this.#child.kill('SIGTERM')
    await this.#child[Symbol.asyncDispose]()
  }

  async kill(): Promise<void> {
    await this.#child[Symbol.asyncDispose]()
  }
}

export async function zeromqHarness(): Promise<Harness> {
  const data = await mkdtemp(join(tmpdir(), 'sluice-hub-'))
  const hub = await HubProcess.start(data)
  const faults = await wireFaults({ url: hub.url })
  const dead = await closedPort()
  return {
    name: 'zeromq',
    target: () => ({ url: hub.url }),
    faults,
    broker: ownHub,
    process: () => ({ url: hub.url }),
    deadAddress: () => ({ url: atPort(hub.url, dead) }),
    otherPort: (port) => ({ url: atPort(hub.url, port) }),
    async stop() {
      await faults.stop()
      await hub.stop()
      await rm(data, { recursive: true, force: true })
    },
    without: {
      witness: 'the hub speaks its own protocol: no other client library reads it',
      wrongLogin: 'a hub without CURVE has no login; see test/adapters/zeromq',
      processRefusal: 'any number of processes may use the hub',
    },
  }
}

async function ownHub(): Promise<BrokerControl> {
  const data = await mkdtemp(join(tmpdir(), 'sluice-hub-'))
  let hub = await HubProcess.start(data)
  return {
    target: () => ({ url: hub.url }),
    async restart() {
      await hub.stop()
      hub = await hub.again(data)
    },
    async kill() {
      await hub.kill()
      hub = await hub.again(data)
    },
    async stop() {
      await hub.stop()
      await rm(data, { recursive: true, force: true })
    },
  }
}
