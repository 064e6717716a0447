/** What happens to a RabbitMQ cluster beside the death of its nodes: a node that the others do not reach, leaders that move. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { nodeName } from '../../../scripts/brokers/kinds/rabbitmq.ts'
import type { PrivateBroker } from '../../support/brokers.ts'
import type { Dice } from './dice.ts'
import type { Fault } from './place.ts'

const run = promisify(execFile)
const ROLES = ['node1', 'node2', 'node3']

export function rabbitmqClusterFaults(own: PrivateBroker): Fault[] {
  return [
    {
      name: 'move leaders',
      weight: 4,
      run: async (dice) => {
        await managed(own, 'rebalance/queues', 'POST', dice)
        await delay(1_000)
      },
    },
    {
      name: 'close connections',
      weight: 3,
      run: async (dice) => {
        const all = (await managed(own, 'connections', 'GET', dice)) as { name: string }[]
        for (const { name } of all)
          await managed(own, `connections/${encodeURIComponent(name)}`, 'DELETE', dice)
      },
    },
    {
      name: 'cut a node off',
      weight: 5,
      run: async (dice) => {
        const node = dice.of(ROLES)
        await cutOff(own, node)
        await delay(dice.between(500, 8_000))
        await letIn(own, node)
        await own.start()
      },
    },
  ]
}

/** By the management API of a node that is there. */
async function managed(own: PrivateBroker, path: string, method: string, dice: Dice): Promise<unknown> {
  const url = dice.of(own.environment.SLUICE_TEST_RABBITMQ_CLUSTER_MANAGEMENT!.split(','))
  return manage(url, path, method)
}

export async function manage(url: string, path: string, method = 'GET'): Promise<unknown> {
  const { username, password, origin } = new URL(url)
  const response = await fetch(`${origin}/api/${path}`, {
    method,
    headers: { authorization: `Basic ${btoa(`${username}:${password}`)}` },
    signal: AbortSignal.timeout(10_000),
  })
  return response.status === 200 ? response.json() : undefined
}

/** Neither side takes the other's connections from now on, and those that are there end. Clients still reach the node, until it gives up by itself. */
async function cutOff(own: PrivateBroker, role: string): Promise<void> {
  for (const other of ROLES.filter((each) => each !== role)) {
    const peer = nameOf(own, other)
    await call(own, role, `erlang set_cookie ['${peer}',cut]`)
    await call(own, role, `erlang disconnect_node ['${peer}']`)
  }
}

async function letIn(own: PrivateBroker, role: string): Promise<void> {
  for (const other of ROLES.filter((each) => each !== role))
    await call(own, role, `erlang set_cookie ['${nameOf(own, other)}','${cookieOf(own)}']`)
}

async function call(own: PrivateBroker, role: string, what: string): Promise<void> {
  const name = `sluice-call-${process.pid}`
  await run('erl_call', ['-sname', name, '-c', cookieOf(own), '-n', nameOf(own, role), '-a', what], {
    env: { ...process.env, ...own.toolEnvironment, PATH: process.env.PATH },
    timeout: 10_000,
  })
}

const cookieOf = (own: PrivateBroker) =>
  readFileSync(join(own.toolEnvironment.HOME!, '.erlang.cookie'), 'utf8')

const nameOf = (own: PrivateBroker, role: string) =>
  nodeName({ distribution: own.ports[`${role}-distribution`]! })
