/** Apache ActiveMQ Artemis from Maven Central: a second AMQP 1.0 broker, without `$management`. */
import { join } from 'node:path'
import { run } from '../commands.ts'
import type { BrokerKind, Plan, ProcessPlan, Progress, Site, Software } from '../kind.ts'
import { baseEnvironment } from '../processes.ts'
import { type Distribution, obtainJava, unpackDistribution } from '../software/maven.ts'
import { openAmqp10 } from './amqp10-probe.ts'

const DISTRIBUTION: Distribution = {
  broker: 'artemis',
  group: 'org.apache.activemq',
  artifact: 'apache-artemis',
  version: '2.44.0',
  sha512:
    'd709eafe1ead38234216d324e9876ee0f66265a2deba36b526f64512de4da1e25ae6b5430a03dc002071ed91553c72f3ef01211d7414b14752272cbec66883b4',
}
export const ARTEMIS_USER = 'sluice'

export const artemis: BrokerKind = {
  name: 'artemis',
  product: 'Apache ActiveMQ Artemis',
  variable: 'SLUICE_TEST_ARTEMIS',

  async obtain(progress: Progress): Promise<Software> {
    const java = await obtainJava('artemis', progress)
    const folder = await unpackDistribution(DISTRIBUTION, progress)
    return { java, home: join(folder, `apache-artemis-${DISTRIBUTION.version}`) }
  },

  async plan(site: Site, software: Software): Promise<Plan> {
    const ports = await site.ports('amqp')
    const instance = join(site.folder, 'instance')
    const broker = await createInstance(site, software, instance, { name: 'sluice', port: ports.amqp })
    return {
      ports,
      environment: {
        SLUICE_TEST_ARTEMIS: `amqp10://${ARTEMIS_USER}:${site.password}@127.0.0.1:${ports.amqp}`,
      },
      toolEnvironment: { ARTEMIS_HOME: software.home as string, ARTEMIS_INSTANCE: instance },
      processes: [{ ...broker, role: 'broker' }],
    }
  },

  async probe(environment) {
    const { version } = await openAmqp10(environment.SLUICE_TEST_ARTEMIS as string)
    return version
  },
}

export interface Instance {
  /** Also of its process. */
  readonly name: string
  readonly port: number
  /** Further options of `artemis create`. */
  readonly more?: readonly string[]
}

export async function createInstance(
  site: Site,
  software: Software,
  folder: string,
  { name, port, more = [] }: Instance,
): Promise<ProcessPlan> {
  await run(
    join(software.home as string, 'bin', 'artemis'),
    [
      'create',
      folder,
      '--silent',
      '--user',
      ARTEMIS_USER,
      '--password',
      site.password,
      '--require-login',
      '--host',
      '127.0.0.1',
      '--default-port',
      String(port),
      '--no-amqp-acceptor',
      '--no-hornetq-acceptor',
      '--no-mqtt-acceptor',
      '--no-stomp-acceptor',
      '--no-web',
      '--no-autotune',
      '--nio',
      '--name',
      name,
      '--java-memory',
      '512M',
      '--java-options',
      '-XX:-UsePerfData',
      ...more,
    ],
    { env: baseEnvironment(site.folder), timeoutMs: 120_000 },
  )
  return { role: name, command: join(folder, 'bin', 'artemis'), args: ['run'], env: {} }
}
