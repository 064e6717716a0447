/** Apache Qpid Broker-J from Maven Central, with a BDB store: a memory store refuses durable messages. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BrokerKind, Plan, ProcessPlan, Progress, Site, Software, TlsFiles } from '../kind.ts'
import { type Distribution, obtainJava, unpackDistribution } from '../software/maven.ts'
import { openAmqp10 } from './amqp10-probe.ts'

const DISTRIBUTION: Distribution = {
  broker: 'qpid',
  group: 'org.apache.qpid',
  artifact: 'apache-qpid-broker-j',
  version: '9.2.1',
  sha512:
    '48a1633e2195b77c8d458d92ef5cc5d5e0a45ea93b5964185007570ea51cb2a58df764189a505f64d810a14cd254acfbb82b8ed7e2597e9f50bb708474802e7f',
}
export const QPID_USER = 'sluice'
/** A heap that is there from the start: what the process grows by later is need, not room that Java tries out. */
const MEMORY = ['-Xms256m', '-Xmx512m', '-XX:+AlwaysPreTouch', '-XX:MaxDirectMemorySize=1024m']
/**
 * A waiting message keeps the whole 256 KiB it was read in, with others that are gone long since. From here on the broker looks for such
 * buffers, once a second; its own word is half of the direct memory. Unit: bytes.
 */
const COMPACT_FROM = 32 * 1024 * 1024

export const qpid: BrokerKind = {
  name: 'qpid',
  product: 'Apache Qpid Broker-J',
  variable: 'SLUICE_TEST_QPID',

  async obtain(progress: Progress): Promise<Software> {
    const java = await obtainJava('qpid', progress)
    const folder = await unpackDistribution(DISTRIBUTION, progress)
    return { java, home: join(folder, 'qpid-broker', DISTRIBUTION.version) }
  },

  async plan(site: Site, software: Software): Promise<Plan> {
    const ports = await site.ports('amqp', 'amqps', 'anonymous', 'external')
    const { folder, password } = site
    const tls = await site.certificates()
    const work = join(folder, 'work')
    const config = join(folder, 'config.json')
    mkdirSync(work)
    writeFileSync(config, JSON.stringify(configuration(password, tls, ports), undefined, 2), { mode: 0o600 })
    const login = `${QPID_USER}:${password}@127.0.0.1`
    return {
      ports,
      environment: {
        SLUICE_TEST_QPID: `qpid://${login}:${ports.amqp}`,
        SLUICE_TEST_QPID_TLS: `qpids://${login}:${ports.amqps}`,
        SLUICE_TEST_QPID_ANONYMOUS: `qpid://127.0.0.1:${ports.anonymous}`,
        SLUICE_TEST_QPID_EXTERNAL: `qpids://127.0.0.1:${ports.external}`,
        SLUICE_TEST_CA: tls.ca,
        SLUICE_TEST_CERTIFICATE: tls.certificate,
        SLUICE_TEST_KEY: tls.key,
      },
      toolEnvironment: { QPID_HOME: software.home as string, QPID_WORK: work },
      processes: [qpidProcess(software, { role: 'broker', work, config, memory: MEMORY })],
    }
  },

  async probe(environment) {
    const { version } = await openAmqp10(environment.SLUICE_TEST_QPID as string)
    return version
  },
}

export interface QpidProcess {
  readonly role: string
  readonly work: string
  /** Path of its configuration. */
  readonly config: string
  /** Options of Java. */
  readonly memory: readonly string[]
}

export function qpidProcess(software: Software, { role, work, config, memory }: QpidProcess): ProcessPlan {
  const home = software.home as string
  return {
    role,
    // Java itself, not bin/qpid-server: one process, whose pid is known and which signals hit.
    command: software.java as string,
    args: [
      '-server',
      ...memory,
      // Keeps Java's own traces out of the shared temp folder.
      '-XX:-UsePerfData',
      `-Djava.io.tmpdir=${work}`,
      `-DQPID_HOME=${home}`,
      `-DQPID_WORK=${work}`,
      '-cp',
      `${home}/lib/*:${home}/lib/plugins/*:${home}/lib/opt/*`,
      'org.apache.qpid.server.Main',
      // The configuration is read anew at every start; queues and messages are in the host's own store.
      '-st',
      'Memory',
      '-icp',
      config,
    ],
    env: {},
  }
}

interface Ports {
  readonly amqp: number
  readonly amqps: number
  readonly anonymous: number
  readonly external: number
}

function configuration(password: string, tls: TlsFiles, ports: Ports): object {
  return {
    name: 'sluice',
    modelVersion: '9.1',
    context: { 'qpid.compact_memory_threshold': String(COMPACT_FROM) },
    authenticationproviders: [
      plainLogin(password),
      { name: 'anonymous', type: 'Anonymous' },
      { name: 'external', type: 'External' },
    ],
    truststores: [{ name: 'ca', type: 'NonJavaTrustStore', certificatesUrl: `file://${tls.ca}` }],
    keystores: [
      {
        name: 'server',
        type: 'NonJavaKeyStore',
        privateKeyUrl: `file://${tls.key}`,
        certificateUrl: `file://${tls.certificate}`,
      },
    ],
    ports: [
      { ...QPID_PORT, name: 'amqp', port: ports.amqp },
      { ...QPID_PORT, name: 'amqps', port: ports.amqps, transports: ['SSL'], keyStore: 'server' },
      { ...QPID_PORT, name: 'anonymous', port: ports.anonymous, authenticationProvider: 'anonymous' },
      {
        ...QPID_PORT,
        name: 'external',
        port: ports.external,
        transports: ['SSL'],
        keyStore: 'server',
        trustStores: ['ca'],
        needClientAuth: true,
        authenticationProvider: 'external',
      },
    ],
    virtualhostnodes: [
      {
        name: 'default',
        type: 'JSON',
        defaultVirtualHostNode: 'true',
        virtualHostInitialConfiguration: JSON.stringify({
          type: 'BDB',
          context: HOUSEKEEPING,
        }),
      },
    ],
    brokerloggers: QPID_LOGGERS,
  }
}

/** Of any port; its name and number come with it. */
export const QPID_PORT = {
  protocols: ['AMQP_0_9_1', 'AMQP_0_10', 'AMQP_1_0'],
  bindingAddress: '127.0.0.1',
  authenticationProvider: 'plain',
  virtualhostaliases: ['nameAlias', 'defaultAlias', 'hostnameAlias'].map((type) => ({ name: type, type })),
}

export function plainLogin(password: string): object {
  return {
    name: 'plain',
    type: 'Plain',
    // By default this list hides PLAIN on ports without TLS.
    secureOnlyMechanisms: [],
    users: [{ name: QPID_USER, type: 'managed', password }],
  }
}

/** Delayed messages are let go by housekeeping; its 30 s by default would make every test of them wait. */
export const HOUSEKEEPING = { 'virtualhost.housekeepingCheckPeriod': '200' }

export const QPID_LOGGERS = [
  {
    name: 'console',
    type: 'Console',
    brokerloginclusionrules: [
      { name: 'root', type: 'NameAndLevel', loggerName: 'ROOT', level: 'WARN' },
      { name: 'operational', type: 'NameAndLevel', loggerName: 'qpid.message.*', level: 'WARN' },
    ],
  },
]
