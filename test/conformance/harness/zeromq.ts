/** The hub in a process of its own, with its store on disk, over TCP or a socket file. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConnectOptions } from '../../../src/index.ts'
import { Child } from '../../support/child.ts'
import { freePorts } from '../../support/free-ports.ts'
import type { BrokerControl, Harness } from '../suite/index.ts'
import { type WireFaults, wireFaults } from './faults.ts'
import { atPort, closedPort } from './network.ts'

/** Listens where it is told, says so, and ends in order when asked. */
const PROGRAM = `
import { createHub } from 'src/adapters/zeromq/hub/hub.ts'
const hub = await createHub({ listen: [process.env.HUB_LISTEN], data: process.env.HUB_DATA })
console.log(hub.urls[0])
process.once('SIGTERM', async () => { await hub.close(); process.exit() })
`

export type Transport = 'tcp' | 'ipc'

class HubProcess {
  readonly url: string
  readonly #child: Child

  private constructor(url: string, child: Child) {
    this.url = url
    this.#child = child
  }

  /** The socket file lies beside the data: paths of sockets must be short. */
  static async start(data: string, transport: Transport, again?: string): Promise<HubProcess> {
    // Not any port: one that the system hands out for connections may be taken while the hub is away.
    const listen =
      again ?? (transport === 'tcp' ? `tcp://127.0.0.1:${await freePorts(1)}` : `ipc://${data}/hub.sock`)
    const child = Child.run(PROGRAM, { HUB_LISTEN: listen, HUB_DATA: data })
    return new HubProcess(await child.line(), child)
  }

  /** A new process at the same address. */
  again(data: string): Promise<HubProcess> {
    return HubProcess.start(data, 'tcp', this.url.replace(/^zmq:/, 'tcp:').replace(/^zmq\+/, ''))
  }

  async stop(): Promise<void> {
    await this.#child.kill('SIGTERM')
    await this.#child[Symbol.asyncDispose]()
  }

  async kill(): Promise<void> {
    await this.#child[Symbol.asyncDispose]()
  }
}

export async function zeromqHarness(transport: Transport = 'tcp'): Promise<Harness> {
  const data = await mkdtemp(join(tmpdir(), 'sluice-hub-'))
  const hub = await HubProcess.start(data, transport)
  const wire = transport === 'tcp' ? await tcpOnly(hub.url) : undefined
  return {
    name: transport === 'tcp' ? 'zeromq' : 'zeromq-ipc',
    target: () => ({ url: hub.url }),
    faults: wire?.faults,
    broker: () => ownHub(transport),
    process: () => ({ url: hub.url }),
    deadAddress: () => wire?.deadAddress ?? { url: `zmq+ipc://${data}/nobody.sock` },
    otherPort: wire && ((port) => ({ url: atPort(hub.url, port) })),
    async stop() {
      await wire?.faults.stop()
      await hub.stop()
      await rm(data, { recursive: true, force: true })
    },
    without: {
      witness: 'the hub speaks its own protocol: no other client library reads it',
      wrongLogin: 'a hub without CURVE has no login; see test/adapters/zeromq',
      processRefusal: 'any number of processes may use the hub',
      ...(transport === 'ipc' && {
        faults: 'a socket file has no network to be cut: those chapters run over tcp',
        otherPort: 'a socket file has no port',
      }),
    },
  }
}

/** What takes a port to stand in front of, or beside. */
async function tcpOnly(url: string): Promise<{ faults: WireFaults; deadAddress: ConnectOptions }> {
  return {
    faults: await wireFaults({ url }),
    deadAddress: { url: atPort(url, await closedPort()) },
  }
}

async function ownHub(transport: Transport): Promise<BrokerControl> {
  const data = await mkdtemp(join(tmpdir(), 'sluice-hub-'))
  let hub = await HubProcess.start(data, transport)
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
