/**
 * PostgreSQL from the system's package, for the outbox: a cluster of its own, made by `initdb`. It refuses to run as root; there it runs in a user
 * namespace where root has another name, so that its files belong to whoever started it; where there are no such namespaces, as the user that the
 * package has made, with the right to pass through folders that are not its own.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { find, findVersions, run } from '../commands.ts'
import { type BrokerKind, BrokerUnavailable, type Plan, type Progress, type Software } from '../kind.ts'
import { installPackages } from '../software/packages.ts'

const USER = 'sluice'
const DATABASE = 'postgres'
/** Any but 0. */
const ANOTHER_ID = 1_000
/** Made by Debian's package. */
const PACKAGE_USER = 'postgres'

async function obtain(progress: Progress): Promise<Software> {
  let bin = findBin()
  if (bin === undefined) {
    await installPackages('postgres', ['postgresql'], progress)
    bin = findBin()
  }
  if (bin === undefined)
    throw new BrokerUnavailable(
      'postgres',
      'postgresql is installed but initdb is not found',
      'is /usr/lib/postgresql there?',
    )
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres'), disguise: await disguise() }
}

/** Debian keeps each version in a folder that is not on `PATH`. */
function findBin(): string | undefined {
  return findVersions('/usr/lib/postgresql', '', 'bin').at(-1) ?? find('initdb')?.replace(/\/initdb$/, '')
}

/** What goes before a command so that it does not run as root. */
const DISGUISES: Readonly<Record<string, readonly string[]>> = {
  none: [],
  namespace: ['unshare', '--user', `--map-user=${ANOTHER_ID}`, `--map-group=${ANOTHER_ID}`],
  user: [
    'setpriv',
    `--reuid=${PACKAGE_USER}`,
    `--regid=${PACKAGE_USER}`,
    '--clear-groups',
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
  ],
}

async function disguise(): Promise<string> {
  if (userInfo().uid !== 0) return 'none'
  let cause: unknown
  for (const name of ['namespace', 'user']) {
    const [program, ...args] = DISGUISES[name]!
    try {
      await run(program!, [...args, 'true'])
      return name
    } catch (error) {
      cause = error
    }
  }
  throw new BrokerUnavailable(
    'postgres',
    'PostgreSQL does not run as root, and this system lets root be nobody else',
    'run as another user, give an address by SLUICE_TEST_POSTGRES, or leave it out: --without postgres',
    { cause },
  )
}

export const postgres: BrokerKind = {
  name: 'postgres',
  product: 'PostgreSQL',
  variable: 'SLUICE_TEST_POSTGRES',
  obtain,
  async plan(site, software): Promise<Plan> {
    const ports = await site.ports('postgres')
    const data = join(site.folder, 'data')
    const secret = join(site.folder, 'password')
    mkdirSync(data, { mode: 0o700 })
    writeFileSync(secret, site.password, { mode: 0o600 })
    const disguised = (command: readonly string[]) => [...DISGUISES[software.disguise!]!, ...command]
    if (software.disguise === 'user') await run('chown', [PACKAGE_USER, data, secret])
    const make = [
      software.initdb!,
      '-D',
      data,
      '-U',
      USER,
      '-A',
      'scram-sha-256',
      '--pwfile',
      secret,
      '--no-locale',
      '-E',
      'UTF8',
      '--no-instructions',
    ]
    const [program, ...args] = disguised(make)
    await run(program!, args)
    rmSync(secret)
    const settings = {
      listen_addresses: '127.0.0.1',
      port: ports.postgres,
      unix_socket_directories: '',
      shared_buffers: '32MB',
      max_connections: 200,
    }
    const [command, ...words] = disguised([
      software.postgres!,
      '-D',
      data,
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ])
    return {
      ports,
      environment: { SLUICE_TEST_POSTGRES: urlOf(ports.postgres, site.password) },
      toolEnvironment: {
        PGHOST: '127.0.0.1',
        PGPORT: String(ports.postgres),
        PGUSER: USER,
        PGPASSWORD: site.password,
        PGDATABASE: DATABASE,
      },
      // protocol: SIGTERM would wait for the clients to leave.
      processes: [
        { role: 'broker', command: command!, args: words, env: {}, stopSignal: 'SIGINT', withChildren: true },
      ],
    }
  },
  async probe(environment) {
    const client = new pg.Client({
      connectionString: environment.SLUICE_TEST_POSTGRES,
      connectionTimeoutMillis: 3_000,
    })
    // A server that stops ends its connections; the caller learns of it from the rejection.
    client.on('error', () => {})
    await client.connect()
    try {
      const { rows } = await client.query<{ server_version: string }>('SHOW server_version')
      return rows[0]!.server_version.split(' ')[0]!
    } finally {
      await client.end()
    }
  },
  async dockerPlan(site, image = 'postgres:15'): Promise<Plan> {
    const ports = await site.ports('postgres')
    return {
      ports,
      environment: { SLUICE_TEST_POSTGRES: urlOf(ports.postgres, site.password) },
      toolEnvironment: {},
      processes: [],
      container: [
        '-p',
        `127.0.0.1:${ports.postgres}:5432`,
        '-e',
        `POSTGRES_USER=${USER}`,
        '-e',
        `POSTGRES_DB=${DATABASE}`,
        '-e',
        `POSTGRES_PASSWORD=${site.password}`,
        image,
      ],
    }
  },
}

function urlOf(port: number, password: string): string {
  return `postgres://${USER}:${password}@127.0.0.1:${port}/${DATABASE}`
}
