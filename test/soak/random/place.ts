/** A broker of our own, and what can be done to it. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { defaultHome, nestedHomes, readRecord } from '../../../scripts/brokers/home.ts'
import { scriptsFor } from '../../../src/adapters/redis/scripts/index.ts'
import { PrivateBroker } from '../../support/brokers.ts'
import { Child } from '../../support/child.ts'
import { CLUSTER_PLACES, openCluster } from './cluster-places.ts'
import type { Dice } from './dice.ts'

export interface Fault {
  readonly name: string
  /** How often, beside the others. */
  readonly weight: number
  run(dice: Dice): Promise<void>
}

export interface Place extends AsyncDisposable {
  /** Several: nodes of one cluster. */
  readonly url: string | readonly string[]
  readonly native?: Readonly<Record<string, unknown>>
  readonly password?: string | undefined
  /** Reached over TCP: a proxy can stand before it. */
  readonly remote: boolean
  readonly faults: readonly Fault[]
  /** Stops its process with all its connections open (SIGSTOP), and lets it go on. */
  freeze?(): Promise<void>
  thaw?(): Promise<void>
}

export const PLACES = ['memory', 'file', 'rabbitmq', 'qpid', 'redis', 'zmq', ...CLUSTER_PLACES]

const HUB = `
import { createHub } from 'src/index.ts'
const hub = await createHub({ listen: [process.env.LISTEN], data: process.env.DATA })
console.log(hub.urls[0])
`

export async function openPlace(name: string): Promise<Place> {
  const cluster = await openCluster(name)
  if (cluster !== undefined) return cluster
  if (name === 'memory') return local('memory:random')
  if (name === 'file') {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-random-'))
    return local(`file:${folder}`, () => rm(folder, { recursive: true, force: true }))
  }
  if (name === 'zmq') return hub()
  if (name === 'rabbitmq' || name === 'qpid' || name === 'redis') return broker(name)
  throw new Error(`There is ${PLACES.join(', ')}, not ${name}`)
}

function local(url: string, remove = async () => {}): Place {
  return { url, remote: false, faults: [], [Symbol.asyncDispose]: remove }
}

async function hub(): Promise<Place> {
  const data = await mkdtemp(join(tmpdir(), 'sluice-random-'))
  let child = Child.run(HUB, { LISTEN: 'tcp://127.0.0.1:*', DATA: data })
  const url = await child.line()
  const faults: Fault[] = [
    {
      name: 'stop',
      weight: 2,
      run: async (dice) => {
        process.kill(child.pid, 'SIGSTOP')
        await delay(dice.between(100, 6_000))
        process.kill(child.pid, 'SIGCONT')
      },
    },
    {
      name: 'kill',
      weight: 1,
      run: async (dice) => {
        await child[Symbol.asyncDispose]()
        await delay(dice.between(0, 1_000))
        child = Child.run(HUB, { LISTEN: url.replace('zmq:', 'tcp:'), DATA: data })
        await child.line()
      },
    },
  ]
  return {
    url,
    remote: true,
    faults,
    freeze: async () => void process.kill(child.pid, 'SIGSTOP'),
    thaw: async () => void process.kill(child.pid, 'SIGCONT'),
    async [Symbol.asyncDispose]() {
      await child[Symbol.asyncDispose]()
      await rm(data, { recursive: true, force: true })
    },
  }
}

async function broker(name: 'rabbitmq' | 'qpid' | 'redis'): Promise<Place> {
  const own = await PrivateBroker.start(name)
  const faults: Fault[] = [
    {
      name: 'stop',
      weight: 2,
      run: async (dice) => {
        await own.pause()
        await delay(dice.between(100, 6_000))
        await own.resume()
      },
    },
    {
      name: 'kill',
      weight: name === 'redis' ? 1 : 0.2,
      run: async () => {
        await own.kill()
        await own.start()
      },
    },
    { name: 'restart', weight: name === 'redis' ? 0.5 : 0.1, run: () => own.restart() },
  ]
  const disposers: (() => unknown)[] = [() => own[Symbol.asyncDispose]()]
  if (name === 'redis') {
    const bare = new Redis(own.url)
    bare.on('error', () => {})
    disposers.unshift(() => bare.disconnect())
    faults.push(...redisFaults(bare))
  }
  if (name === 'rabbitmq') faults.push(...rabbitmqFaults(own))
  return {
    url: own.url,
    remote: true,
    faults,
    freeze: () => own.pause(),
    thaw: () => own.resume(),
    async [Symbol.asyncDispose]() {
      for (const dispose of disposers) await dispose()
    },
  }
}

function redisFaults(bare: Redis): Fault[] {
  const scripts = Object.values(scriptsFor({ prefix: 'sluice', cluster: false, flags: true }))
  const set = (name: string, value: string, back: string, ms: number) => async () => {
    await bare.config('SET', name, value)
    await delay(ms)
    await bare.config('SET', name, back)
  }
  return [
    {
      name: 'forget scripts',
      weight: 6,
      run: async (dice) => {
        for (let times = dice.between(1, 40); times > 0; times--) {
          void bare.script('FLUSH')
          await delay(dice.below(3))
          if (dice.chance(0.7)) void bare.script('LOAD', dice.of(scripts).lua)
          await delay(dice.below(3))
        }
        await bare.ping()
      },
    },
    {
      name: 'kill clients',
      weight: 3,
      run: async (dice) => void (await bare.call('CLIENT', 'KILL', 'TYPE', dice.of(['normal', 'pubsub']))),
    },
    {
      name: 'pause',
      weight: 2,
      run: async (dice) => {
        await bare.call('CLIENT', 'PAUSE', dice.between(50, 2_500), dice.of(['WRITE', 'ALL']))
        await bare.ping()
      },
    },
    { name: 'out of memory', weight: 1, run: set('maxmemory', '1', '0', 1_000) },
    { name: 'no replicas', weight: 1, run: set('min-replicas-to-write', '1', '0', 1_000) },
  ]
}

function rabbitmqFaults(own: PrivateBroker): Fault[] {
  const management = own.environment.SLUICE_TEST_RABBITMQ_MANAGEMENT!
  const api = async (path: string, method = 'GET'): Promise<unknown> => {
    const { username, password, origin } = new URL(management)
    const response = await fetch(`${origin}/api/${path}`, {
      method,
      headers: { authorization: `Basic ${btoa(`${username}:${password}`)}` },
    })
    return response.status === 200 ? response.json() : undefined
  }
  const control = async (...args: string[]) => {
    const record = nestedHomes(defaultHome())
      .map((home) => readRecord(home, 'rabbitmq'))
      .find((found) => found?.environment.SLUICE_TEST_RABBITMQ === own.url)!
    await promisify(execFile)('rabbitmqctl', args, { env: { ...process.env, ...record.toolEnvironment } })
  }
  return [
    {
      name: 'close connections',
      weight: 3,
      run: async () => {
        const all = (await api('connections')) as { name: string }[]
        for (const { name } of all) await api(`connections/${encodeURIComponent(name)}`, 'DELETE')
      },
    },
    {
      name: 'memory alarm',
      weight: 1,
      run: async () => {
        await control('set_vm_memory_high_watermark', 'absolute', '1000')
        await delay(1_000)
        await control('set_vm_memory_high_watermark', '0.6')
      },
    },
  ]
}
