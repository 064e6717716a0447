/**
 * Three nodes of Broker-J with one virtual host, which BDB JE replicates. One of them is the master and serves clients; the others greet
 * who connects and say that their host is not active. Roles: `node1`, `node2`, `node3`.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BrokerKind, Plan } from '../kind.ts'
import { openAmqp10 } from './amqp10-probe.ts'
import { HOUSEKEEPING, plainLogin, QPID_LOGGERS, QPID_PORT, QPID_USER, qpid, qpidProcess } from './qpid.ts'
import { greets } from './tcp-probe.ts'

const ROLES = ['node1', 'node2', 'node3'] as const
const GROUP = 'sluice'
const MEMORY = ['-Xms64m', '-Xmx256m', '-XX:MaxDirectMemorySize=256m', '-XX:+UseSerialGC']

export const qpidHa: BrokerKind = {
  name: 'qpid-ha',
  product: 'Apache Qpid Broker-J group',
  variable: 'SLUICE_TEST_QPID_HA',
  obtain: qpid.obtain,

  async plan(site, software): Promise<Plan> {
    const members = await Promise.all(
      ROLES.map(async (role) => ({ role, ...(await site.ports('amqp', 'replication')) })),
    )
    const addresses = members.map(({ replication }) => `127.0.0.1:${replication}`)
    const processes = members.map(({ role, amqp }, at) => {
      const work = join(site.folder, role)
      mkdirSync(work)
      const config = join(work, 'config.json')
      const host = {
        name: role,
        type: 'BDB_HA',
        defaultVirtualHostNode: 'true',
        groupName: GROUP,
        address: addresses[at],
        // The first node founds the group; later the nodes know each other.
        helperNodeName: ROLES[0],
        helperAddress: addresses[0],
        permittedNodes: addresses,
        virtualHostInitialConfiguration: JSON.stringify({ type: 'BDB_HA', context: HOUSEKEEPING }),
      }
      const configuration = {
        name: role,
        modelVersion: '9.1',
        authenticationproviders: [plainLogin(site.password)],
        ports: [{ ...QPID_PORT, name: 'amqp', port: amqp }],
        virtualhostnodes: [host],
        brokerloggers: QPID_LOGGERS,
      }
      writeFileSync(config, JSON.stringify(configuration, undefined, 2), { mode: 0o600 })
      return qpidProcess(software, { role, work, config, memory: MEMORY })
    })
    const login = `${QPID_USER}:${site.password}@127.0.0.1`
    return {
      ports: Object.fromEntries(
        members.flatMap(({ role, amqp, replication }) => [
          [role, amqp],
          [`${role}-replication`, replication],
        ]),
      ),
      environment: {
        SLUICE_TEST_QPID_HA: members.map(({ amqp }) => `qpid://${login}:${amqp}`).join(','),
      },
      toolEnvironment: { QPID_HOME: software.home as string },
      processes,
    }
  },

  /** All nodes are there, and one of them is the master. */
  async probe(environment) {
    const urls = environment.SLUICE_TEST_QPID_HA!.split(',')
    for (const url of urls)
      if (!(await greets(Number(new URL(url).port), 'amqp10'))) throw new Error('A node is away')
    const { version } = await Promise.any(urls.map((url) => openAmqp10(url)))
    return version
  },
}
