/**
 * Two nodes of Artemis over one store, of which one serves clients; when it is gone the other takes the store's lock and serves them.
 * Roles: `primary`, `backup`. A backup that waits listens to nobody.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { BrokerKind, Plan } from '../kind.ts'
import { openAmqp10 } from './amqp10-probe.ts'
import { ARTEMIS_USER, artemis, createInstance } from './artemis.ts'

export const artemisPair: BrokerKind = {
  name: 'artemis-pair',
  product: 'Apache ActiveMQ Artemis pair',
  variable: 'SLUICE_TEST_ARTEMIS_PAIR',
  obtain: artemis.obtain,

  async plan(site, software): Promise<Plan> {
    const ports = await site.ports('primary', 'backup')
    const data = join(site.folder, 'data')
    mkdirSync(data)
    const create = (role: 'primary' | 'backup') =>
      createInstance(site, software, join(site.folder, role), {
        name: role,
        port: ports[role],
        // `create` writes UDP groups where no nodes are named.
        more: [
          '--clustered',
          '--shared-store',
          '--failover-on-shutdown',
          ...(role === 'backup' ? ['--backup'] : []),
          '--data',
          data,
          '--cluster-user',
          ARTEMIS_USER,
          '--cluster-password',
          site.password,
          '--static-cluster',
          `tcp://127.0.0.1:${ports[role === 'primary' ? 'backup' : 'primary']}`,
        ],
      })
    const processes = [await create('primary'), await create('backup')]
    const login = `${ARTEMIS_USER}:${site.password}@127.0.0.1`
    return {
      ports,
      environment: {
        SLUICE_TEST_ARTEMIS_PAIR: [ports.primary, ports.backup]
          .map((port) => `amqp10://${login}:${port}`)
          .join(','),
      },
      toolEnvironment: { ARTEMIS_HOME: software.home as string },
      processes,
    }
  },

  /** The primary takes its place again once it is there; its sleeping partner shows nowhere. */
  async probe(environment) {
    const [primary] = environment.SLUICE_TEST_ARTEMIS_PAIR!.split(',')
    const { version } = await openAmqp10(primary!)
    return version
  },
}
