/**
 * Redis 7 from the system's package, four ways: `redis` alone with every write synced, `redis-tls` with TLS
 * and ACL users, `redis-cluster` of three masters with a replica each, `redis-sentinel` with a master, its replica and three sentinels.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { find, run } from '../commands.ts'
import {
  type BrokerKind,
  type BrokerRecord,
  BrokerUnavailable,
  type Plan,
  type ProcessPlan,
  type Progress,
  type Site,
  type Software,
  type SoftwarePlace,
} from '../kind.ts'
import { installPackages } from '../software/packages.ts'
import { withRedis } from './redis-probe.ts'

export const SENTINEL_MASTER = 'sluice'
const DURABLE = { appendonly: 'yes', appendfsync: 'always', save: '""' }

async function obtain(progress: Progress, place?: SoftwarePlace): Promise<Software> {
  const software = place === undefined ? findSoftware() : softwareIn(place)
  if (software !== undefined) return software
  await installPackages('redis', ['redis-server'], progress)
  const installed = findSoftware()
  if (installed !== undefined) return installed
  throw new BrokerUnavailable(
    'redis',
    'redis-server is installed but not found',
    'is /usr/bin/redis-server there?',
  )
}

function findSoftware(): Software | undefined {
  const server = find('redis-server')
  const cli = find('redis-cli')
  return server === undefined || cli === undefined ? undefined : { server, cli }
}

/** Redis, or Valkey in its place: the program has the name of its package. */
function softwareIn({ root, packaged }: SoftwarePlace): Software | undefined {
  const server = `/usr/bin/${packaged}`
  if (!existsSync(join(root, server))) return undefined
  return { server, cli: join(root, server.replace(/-server$/, '-cli')) }
}

type Directives = Readonly<Record<string, string | number>>

/** One redis-server with a folder and a configuration file of its own. */
function server(
  site: Site,
  software: Software,
  role: string,
  directives: Directives,
  args: string[] = [],
): ProcessPlan {
  const folder = join(site.folder, role)
  mkdirSync(folder)
  const all: Directives = { bind: '127.0.0.1', dir: folder, daemonize: 'no', pidfile: '""', ...directives }
  const file = join(folder, 'redis.conf')
  writeFileSync(
    file,
    Object.entries(all)
      .map(([key, value]) => `${key} ${value}\n`)
      .join(''),
    { mode: 0o600 },
  )
  return { role, command: software.server as string, args: [file, ...args], env: {} }
}

export const redis: BrokerKind = {
  name: 'redis',
  product: 'Redis',
  variable: 'SLUICE_TEST_REDIS',
  obtain,
  async plan(site, software): Promise<Plan> {
    const ports = await site.ports('redis')
    const directives = { port: ports.redis, requirepass: site.password, ...DURABLE }
    return {
      ports,
      environment: { SLUICE_TEST_REDIS: `redis://:${site.password}@127.0.0.1:${ports.redis}` },
      toolEnvironment: { REDISCLI_AUTH: site.password },
      processes: [server(site, software, 'broker', directives)],
    }
  },
  probe: (environment) => withRedis({ url: environment.SLUICE_TEST_REDIS }, versionOf),
  async dockerPlan(site, image = 'redis:7'): Promise<Plan> {
    const ports = await site.ports('redis')
    return {
      ports,
      environment: { SLUICE_TEST_REDIS: `redis://:${site.password}@127.0.0.1:${ports.redis}` },
      toolEnvironment: {},
      processes: [],
      container: [
        '-p',
        `127.0.0.1:${ports.redis}:6379`,
        image,
        'redis-server',
        '--requirepass',
        site.password,
        '--appendonly',
        'yes',
        '--appendfsync',
        'always',
        '--save',
        '',
      ],
    }
  },
}

export const redisTls: BrokerKind = {
  name: 'redis-tls',
  product: 'Redis',
  variable: 'SLUICE_TEST_REDIS_TLS',
  obtain,
  async plan(site, software): Promise<Plan> {
    const ports = await site.ports('rediss')
    const { password } = site
    const tls = await site.certificates()
    const acl = join(site.folder, 'users.acl')
    // `reader` may look at everything and change nothing: for tests of a refused right.
    writeFileSync(
      acl,
      `user default off\nuser sluice on >${password} ~* &* +@all\nuser reader on >${password} ~* resetchannels +@read +@connection +info\n`,
      { mode: 0o600 },
    )
    const directives = {
      port: 0,
      'tls-port': ports.rediss,
      'tls-cert-file': tls.certificate,
      'tls-key-file': tls.key,
      'tls-ca-cert-file': tls.ca,
      'tls-auth-clients': 'no',
      aclfile: acl,
      ...DURABLE,
    }
    return {
      ports,
      environment: {
        SLUICE_TEST_REDIS_TLS: `rediss://sluice:${password}@127.0.0.1:${ports.rediss}`,
        SLUICE_TEST_REDIS_READER: `rediss://reader:${password}@127.0.0.1:${ports.rediss}`,
        SLUICE_TEST_CA: tls.ca,
      },
      toolEnvironment: { REDISCLI_AUTH: password },
      processes: [server(site, software, 'broker', directives)],
    }
  },
  probe: (environment) =>
    withRedis({ url: environment.SLUICE_TEST_REDIS_TLS, ca: environment.SLUICE_TEST_CA }, versionOf),
}

const CLUSTER_NODES = [1, 2, 3, 4, 5, 6] as const
const CLUSTER_MASTERS = 3

/** Those that began as masters, then their replicas. After fail-overs nobody knows by the place. */
function clusterUrls(environment: Readonly<Record<string, string>>): string[] {
  return [
    ...split(environment.SLUICE_TEST_REDIS_CLUSTER),
    ...split(environment.SLUICE_TEST_REDIS_CLUSTER_REPLICAS),
  ]
}

export const redisCluster: BrokerKind = {
  name: 'redis-cluster',
  product: 'Redis Cluster',
  variable: 'SLUICE_TEST_REDIS_CLUSTER',
  obtain,
  async plan(site, software): Promise<Plan> {
    const ports = await site.ports(...CLUSTER_NODES.flatMap((n) => [`node${n}`, `bus${n}`] as const))
    const { password } = site
    const processes = CLUSTER_NODES.map((n) =>
      server(site, software, `node${n}`, {
        port: ports[`node${n}`],
        'cluster-enabled': 'yes',
        'cluster-port': ports[`bus${n}`],
        'cluster-config-file': 'nodes.conf',
        'cluster-node-timeout': 3000,
        requirepass: password,
        masterauth: password,
        'repl-diskless-sync-delay': 0,
        ...DURABLE,
      }),
    )
    const urls = CLUSTER_NODES.map((n) => `redis://:${password}@127.0.0.1:${ports[`node${n}`]}`)
    return {
      ports,
      environment: {
        SLUICE_TEST_REDIS_CLUSTER: urls.slice(0, CLUSTER_MASTERS).join(','),
        SLUICE_TEST_REDIS_CLUSTER_REPLICAS: urls.slice(CLUSTER_MASTERS).join(','),
      },
      toolEnvironment: { REDISCLI_AUTH: password },
      processes,
    }
  },
  async form(record: BrokerRecord) {
    const urls = clusterUrls(record.environment)
    for (const url of urls) await eventuallyAnswers(url)
    const nodes = urls.map((url) => new URL(url).host)
    const cli = find('redis-cli') as string
    // The first half become masters.
    await run(cli, ['--cluster', 'create', ...nodes, '--cluster-replicas', '1', '--cluster-yes'], {
      env: { ...process.env, ...record.toolEnvironment },
    })
  },
  async probe(environment) {
    const urls = clusterUrls(environment)
    const versions = await Promise.all(
      urls.map((url) =>
        withRedis({ url }, async (client) => {
          const info = await client.cluster('INFO')
          if (!info.includes('cluster_state:ok')) throw new Error('The cluster is not complete')
          // What is published reaches subscribers at other nodes by the links between nodes.
          const nodes = String(await client.cluster('NODES'))
          if (/\bdisconnected\b|\bfail\b|\bhandshake\b/.test(nodes))
            throw new Error('Not all nodes see each other')
          const replication = await client.info('replication')
          if (/master_link_status:(?!up)/.test(replication)) throw new Error('A replica is behind')
          return versionOf(client)
        }),
      ),
    )
    return versions[0] as string
  },
}

export const redisSentinel: BrokerKind = {
  name: 'redis-sentinel',
  product: 'Redis with Sentinel',
  variable: 'SLUICE_TEST_REDIS_SENTINEL',
  obtain,
  async plan(site, software): Promise<Plan> {
    const ports = await site.ports('master', 'replica', 'sentinel1', 'sentinel2', 'sentinel3')
    const { password } = site
    const data = { requirepass: password, masterauth: password, ...DURABLE }
    const sentinels = ([1, 2, 3] as const).map((n) => {
      const directives = {
        port: ports[`sentinel${n}`],
        'sentinel monitor': `${SENTINEL_MASTER} 127.0.0.1 ${ports.master} 2`,
        'sentinel auth-pass': `${SENTINEL_MASTER} ${password}`,
        'sentinel down-after-milliseconds': `${SENTINEL_MASTER} 1000`,
        'sentinel failover-timeout': `${SENTINEL_MASTER} 5000`,
      }
      return server(site, software, `sentinel${n}`, directives, ['--sentinel'])
    })
    const sentinelUrls = [ports.sentinel1, ports.sentinel2, ports.sentinel3].map(
      (port) => `redis://127.0.0.1:${port}`,
    )
    return {
      ports,
      environment: {
        SLUICE_TEST_REDIS_SENTINEL: sentinelUrls.join(','),
        SLUICE_TEST_REDIS_SENTINEL_MASTER: SENTINEL_MASTER,
        SLUICE_TEST_REDIS_SENTINEL_PASSWORD: password,
      },
      toolEnvironment: { REDISCLI_AUTH: password },
      processes: [
        server(site, software, 'master', { port: ports.master, ...data }),
        server(site, software, 'replica', {
          port: ports.replica,
          replicaof: `127.0.0.1 ${ports.master}`,
          // Off: the replica would wait for further ones before its first copy.
          'repl-diskless-sync-delay': 0,
          ...data,
        }),
        ...sentinels,
      ],
    }
  },
  async probe(environment) {
    const urls = split(environment.SLUICE_TEST_REDIS_SENTINEL)
    const master = environment.SLUICE_TEST_REDIS_SENTINEL_MASTER ?? SENTINEL_MASTER
    const versions = await Promise.all(
      urls.map((url) =>
        withRedis({ url }, async (client) => {
          await client.call('SENTINEL', 'CKQUORUM', master)
          const replicas = (await client.call('SENTINEL', 'REPLICAS', master)) as string[][]
          const usable = replicas.filter(
            (fields) =>
              fieldOf(fields, 'flags') === 'slave' && fieldOf(fields, 'master-link-status') === 'ok',
          )
          if (usable.length === 0) throw new Error('No sentinel knows a replica yet')
          return versionOf(client)
        }),
      ),
    )
    return versions[0] as string
  },
}

function fieldOf(pairs: readonly string[], name: string): string | undefined {
  const at = pairs.indexOf(name)
  return at < 0 ? undefined : pairs[at + 1]
}

function split(list: string | undefined): string[] {
  return (list ?? '').split(',').filter((url) => url !== '')
}

async function versionOf(client: { info(section: string): Promise<string> }): Promise<string> {
  const info = await client.info('server')
  const valkey = /valkey_version:(\S+)/.exec(info)?.[1]
  return valkey === undefined ? (/redis_version:(\S+)/.exec(info)?.[1] ?? 'unknown') : `(Valkey ${valkey})`
}

async function eventuallyAnswers(url: string): Promise<void> {
  const deadline = performance.now() + 10_000
  for (;;) {
    try {
      await withRedis({ url }, (client) => client.ping())
      return
    } catch (error) {
      if (performance.now() > deadline) throw error
      await delay(50)
    }
  }
}
