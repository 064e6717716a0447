/**
 * RabbitMQ from the system's package, as a private node: its own name, cookie, folders, ports and epmd.
 * The management plugin answers what the protocol cannot (listing queues); the AMQP 1.0 plugin serves a second
 * AMQP 1.0 broker on the same port.
 */
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { connect } from 'amqplib'
import { find, findVersions } from '../commands.ts'
import {
  type BrokerKind,
  BrokerUnavailable,
  type Plan,
  type ProcessPlan,
  type Progress,
  type Site,
  type Software,
  type SoftwarePlace,
  type TlsFiles,
} from '../kind.ts'
import { installPackages } from '../software/packages.ts'

const PACKAGE_FOLDER = '/usr/lib/rabbitmq/lib'
// The package's wrapper is no use: as root it changes to the service's user and folders.
const PACKAGE_WRAPPER = '/usr/sbin/rabbitmq-server'
export const USER = 'sluice'

export const rabbitmq: BrokerKind = {
  name: 'rabbitmq',
  product: 'RabbitMQ',
  variable: 'SLUICE_TEST_RABBITMQ',

  async obtain(progress: Progress, place?: SoftwarePlace): Promise<Software> {
    const root = place?.root ?? ''
    const software = findSoftware(root)
    if (software !== undefined) return software
    await installPackages('rabbitmq', ['rabbitmq-server'], progress)
    const installed = findSoftware(root)
    if (installed !== undefined) return installed
    throw new BrokerUnavailable(
      'rabbitmq',
      'rabbitmq-server is installed but not found',
      `is ${PACKAGE_FOLDER} there?`,
    )
  },

  async plan(site: Site, software: Software): Promise<Plan> {
    const ports = await site.ports('amqp', 'amqps', 'management', 'distribution', 'epmd')
    const { folder, password } = site
    const tls = await site.certificates()
    const node = nodePlan(site, software, {
      role: 'broker',
      folder,
      ports,
      settings: tlsSettings(ports.amqps, tls),
    })
    return {
      ports,
      environment: {
        ...environmentOf(ports, password),
        SLUICE_TEST_RABBITMQ_TLS: `rabbitmqs://${USER}:${password}@127.0.0.1:${ports.amqps}`,
        SLUICE_TEST_CA: tls.ca,
      },
      toolEnvironment: node.toolEnvironment,
      // In the foreground and by us: a daemon started by the node would be nobody's to end.
      processes: [epmdPlan(software, ports.epmd), node.process],
    }
  },

  async probe(environment) {
    const url = environment.SLUICE_TEST_RABBITMQ as string
    const connection = await connect(url.replace(/^rabbitmq/, 'amqp'), { timeout: 3000 })
    connection.on('error', () => {})
    const { version } = connection.connection.serverProperties
    await connection.close()
    return String(version)
  },

  async dockerPlan(site: Site, image = 'rabbitmq:3.13-management'): Promise<Plan> {
    const ports = await site.ports('amqp', 'management')
    const { password } = site
    const publish = (host: number, inside: number) => ['-p', `127.0.0.1:${host}:${inside}`]
    return {
      ports,
      // No TLS port in this form: it would need the keys inside the container.
      environment: environmentOf(ports, password),
      toolEnvironment: {},
      processes: [],
      container: [
        ...publish(ports.amqp, 5672),
        ...publish(ports.management, 15672),
        '-e',
        `RABBITMQ_DEFAULT_USER=${USER}`,
        '-e',
        `RABBITMQ_DEFAULT_PASS=${password}`,
        image,
        'sh',
        '-c',
        'rabbitmq-plugins enable --offline rabbitmq_amqp1_0 && exec docker-entrypoint.sh rabbitmq-server',
      ],
    }
  },
}

/** Where one node listens. */
export interface NodePorts {
  readonly amqp: number
  readonly management: number
  readonly distribution: number
  readonly epmd: number
}

export interface NodeRequest {
  readonly role: string
  /** Its configuration, data and logs. */
  readonly folder: string
  readonly ports: NodePorts
  /** Lines for `rabbitmq.conf`. */
  readonly settings: string
}

/** One node; nodes of one home folder share their cookie. */
export function nodePlan(
  { folder: home, password }: Pick<Site, 'folder' | 'password'>,
  software: Software,
  { role, folder, ports, settings }: NodeRequest,
): { process: ProcessPlan; toolEnvironment: Record<string, string> } {
  const at = (name: string) => join(folder, name)
  const four = majorVersion(software) >= 4
  // From 4 on AMQP 1.0 is built in; a plugin of that name does nothing.
  const plugins = four ? 'rabbitmq_management' : 'rabbitmq_management,rabbitmq_amqp1_0'
  writeFileSync(at('enabled_plugins'), `[${plugins}].\n`)
  writeFileSync(
    at('rabbitmq.conf'),
    `default_user = ${USER}
default_pass = ${password}
management.tcp.ip = 127.0.0.1
management.tcp.port = ${ports.management}
${four ? 'anonymous_login_user' : 'amqp1_0.default_user'} = none
disk_free_limit.absolute = 50MB
log.console.level = warning
${settings}`,
    { mode: 0o600 },
  )
  const toolEnvironment = {
    ...epmdEnvironment(ports.epmd),
    // The Erlang cookie lies in the home folder.
    HOME: home,
    PATH: `${software.sbin}:${process.env.PATH}`,
    RABBITMQ_NODENAME: nodeName(ports),
    RABBITMQ_MNESIA_BASE: at('mnesia'),
    RABBITMQ_LOG_BASE: at('log'),
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(ports.amqp),
    RABBITMQ_DIST_PORT: String(ports.distribution),
    RABBITMQ_PID_FILE: at('pid'),
    RABBITMQ_CONFIG_FILE: at('rabbitmq'),
    RABBITMQ_ENABLED_PLUGINS_FILE: at('enabled_plugins'),
    // Keeps /etc/rabbitmq out.
    RABBITMQ_CONF_ENV_FILE: at('none'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
  }
  return {
    toolEnvironment,
    process: {
      role,
      command: join(software.sbin as string, 'rabbitmq-server'),
      args: [],
      // `detached` makes the script become the Erlang process instead of its parent: signals hit the broker.
      env: { ...toolEnvironment, detached: '1' },
    },
  }
}

export function epmdPlan(software: Software, port: number): ProcessPlan {
  return {
    role: 'epmd',
    command: software.epmd as string,
    args: [],
    env: epmdEnvironment(port),
    auxiliary: true,
  }
}

export const nodeName = ({ distribution }: Pick<NodePorts, 'distribution'>) =>
  `sluice-${distribution}@localhost`

const epmdEnvironment = (port: number) => ({ ERL_EPMD_PORT: String(port), ERL_EPMD_ADDRESS: '127.0.0.1' })

function tlsSettings(port: number, tls: TlsFiles): string {
  return `listeners.ssl.default = 127.0.0.1:${port}
ssl_options.cacertfile = ${tls.ca}
ssl_options.certfile = ${tls.certificate}
ssl_options.keyfile = ${tls.key}
ssl_options.verify = verify_none
ssl_options.fail_if_no_peer_cert = false
`
}

function environmentOf(
  ports: { amqp: number; management: number },
  password: string,
): Record<string, string> {
  const login = `${USER}:${password}@127.0.0.1`
  return {
    SLUICE_TEST_RABBITMQ: `rabbitmq://${login}:${ports.amqp}`,
    SLUICE_TEST_RABBITMQ_MANAGEMENT: `http://${login}:${ports.management}`,
    SLUICE_TEST_RABBITMQ_AMQP10: `amqp10://${login}:${ports.amqp}`,
  }
}

/** Paths count from `root`. */
function findSoftware(root: string): Software | undefined {
  const sbin =
    root === ''
      ? (process.env.SLUICE_RABBITMQ_SBIN ?? packagedSbin('') ?? sbinOnPath())
      : packagedSbin(root)?.slice(root.length)
  const erlang = findVersions(`${root}/usr/lib/erlang`, 'erts-', 'bin')
  const epmd = root === '' ? find('epmd', ...erlang) : `${erlang.at(-1)?.slice(root.length)}/epmd`
  return sbin === undefined || epmd === undefined ? undefined : { sbin, epmd }
}

function packagedSbin(root: string): string | undefined {
  return findVersions(`${root}${PACKAGE_FOLDER}`, 'rabbitmq_server-', 'sbin').at(-1)
}

/** By the name of its folder; 3 where that does not tell. */
function majorVersion(software: Software): number {
  return Number(/rabbitmq_server-(\d+)/.exec(software.sbin as string)?.[1] ?? 3)
}

/** Where it is installed in another way (Homebrew, a tar ball). */
function sbinOnPath(): string | undefined {
  const server = find('rabbitmq-server')
  return server === undefined || server === PACKAGE_WRAPPER ? undefined : dirname(server)
}
