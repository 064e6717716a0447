/** Three nodes of RabbitMQ that find each other by their configuration. Roles: `node1`, `node2`, `node3`. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BrokerKind, Plan, Software } from '../kind.ts'
import { epmdPlan, nodeName, nodePlan, rabbitmq, USER } from './rabbitmq.ts'

const NODES = [1, 2, 3] as const

export const rabbitmqCluster: BrokerKind = {
  name: 'rabbitmq-cluster',
  product: 'RabbitMQ cluster',
  variable: 'SLUICE_TEST_RABBITMQ_CLUSTER',
  obtain: rabbitmq.obtain,
  async plan(site, software): Promise<Plan> {
    const { epmd } = await site.ports('epmd')
    const members = await Promise.all(
      NODES.map(async (n) => ({
        role: `node${n}`,
        ports: { ...(await site.ports('amqp', 'management', 'distribution')), epmd },
      })),
    )
    writeFileSync(join(site.folder, '.erlang.cookie'), randomBytes(16).toString('hex'), { mode: 0o400 })
    const settings = `cluster_formation.peer_discovery_backend = classic_config
${members.map(({ ports }, n) => `cluster_formation.classic_config.nodes.${n + 1} = ${nodeName(ports)}\n`).join('')}cluster_partition_handling = pause_minority
net_ticktime = 10
${holdsForTheDead(software) ? 'consumer_disconnected_timeout = 5000\n' : ''}`
    const nodes = members.map(({ role, ports }) => {
      const folder = join(site.folder, role)
      mkdirSync(folder)
      return nodePlan(site, software, { role, folder, ports, settings })
    })
    const login = `${USER}:${site.password}@127.0.0.1`
    return {
      ports: {
        epmd,
        ...Object.fromEntries(
          members.flatMap(({ role, ports }) =>
            (['amqp', 'management', 'distribution'] as const).map((name) => [`${role}-${name}`, ports[name]]),
          ),
        ),
      },
      environment: {
        SLUICE_TEST_RABBITMQ_CLUSTER: members
          .map(({ ports }) => `rabbitmq://${login}:${ports.amqp}`)
          .join(','),
        SLUICE_TEST_RABBITMQ_CLUSTER_MANAGEMENT: members
          .map(({ ports }) => `http://${login}:${ports.management}`)
          .join(','),
      },
      toolEnvironment: nodes[0]!.toolEnvironment,
      processes: [epmdPlan(software, epmd), ...nodes.map((node) => node.process)],
    }
  },
  async probe(environment) {
    const urls = environment.SLUICE_TEST_RABBITMQ_CLUSTER!.split(',')
    const versions = await Promise.all(urls.map((url) => rabbitmq.probe({ SLUICE_TEST_RABBITMQ: url })))
    const [management] = environment.SLUICE_TEST_RABBITMQ_CLUSTER_MANAGEMENT!.split(',')
    const running = await runningNodes(management as string)
    if (running < NODES.length) throw new Error(`${running} of ${NODES.length} nodes are in the cluster`)
    return versions[0] as string
  },
}

/** From 4.3 on a quorum queue keeps what a consumer on a dead node held for a minute, unless it is told otherwise. */
function holdsForTheDead(software: Software): boolean {
  const [, major, minor] = /rabbitmq_server-(\d+)\.(\d+)/.exec(software.sbin!) ?? []
  return Number(major) > 4 || (Number(major) === 4 && Number(minor) >= 3)
}

async function runningNodes(management: string): Promise<number> {
  const { origin, username, password } = new URL(management)
  const login = Buffer.from(`${username}:${password}`).toString('base64')
  const response = await fetch(`${origin}/api/nodes`, {
    headers: { authorization: `Basic ${login}` },
    signal: AbortSignal.timeout(5000),
  })
  if (!response.ok) throw new Error(`the management API answered ${response.status}`)
  const nodes = (await response.json()) as { running: boolean }[]
  return nodes.filter(({ running }) => running).length
}
