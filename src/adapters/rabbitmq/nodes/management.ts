/** What AMQP 0-9-1 does not tell and the management plugin's HTTP API does: which nodes there are, what policies say of a queue. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { NodeInfo } from '../../../contract/adapter.ts'
import { isMessagingError, MessagingError } from '../../../model/errors.ts'
import { ADAPTER } from '../errors.ts'
import type { Endpoint, ManagementApi } from '../options.ts'
import { isHold, subscriptionOf } from './topology.ts'

const TIMEOUT_MS = 10_000
/** Longest that an opening connection waits to hear how large the cluster is. */
const NODES_TIMEOUT_MS = 500
/** How long a look waits to hear of policies, and how often it asks. */
const POLICY_TOLD_MS = 7_000
const POLICY_PAUSE_MS = 250

interface ListedQueue {
  readonly name: string
  readonly durable?: boolean
  readonly exclusive?: boolean
  readonly messages_ready?: number
  readonly consumers?: number
  readonly type?: string
  readonly arguments?: Readonly<Record<string, unknown>>
}

interface ListedExchange {
  readonly name: string
  readonly type: string
  readonly durable?: boolean
  readonly arguments?: Readonly<Record<string, unknown>>
}

/** Queues and exchanges of the virtual host, without the broker's and this library's own. */
export async function listNodes(api: ManagementApi, virtualHost: string): Promise<NodeInfo[]> {
  const vhost = encodeURIComponent(virtualHost)
  const [queues, exchanges] = await Promise.all([
    ask<ListedQueue[]>(api, `api/queues/${vhost}`),
    ask<ListedExchange[]>(api, `api/exchanges/${vhost}`),
  ])
  return [
    ...queues.filter(({ name, exclusive }) => !exclusive && !isHold(name)).map(queueInfo),
    ...exchanges.filter(({ name }) => !isInternal(name)).map(exchangeInfo),
  ]
}

/**
 * How many nodes of the cluster run, for a connection that replicates; `undefined` where nobody tells. What is optional
 * for the user's rights keeps nobody from connecting.
 */
export async function runningNodes({ management, queueType }: Endpoint): Promise<number | undefined> {
  if (!management || queueType !== 'quorum') return undefined
  const asked = ask<{ running?: boolean }[]>(management, 'api/nodes', NODES_TIMEOUT_MS)
  const nodes = await asked.catch(() => undefined)
  return nodes?.filter(({ running }) => running).length
}

/**
 * How often a policy lets a message of the queue be delivered: `Infinity` as often as the queue's own arguments say, `undefined` when it is not
 * told in time.
 *
 * protocol: a queue that was just made has no policies here until its node tells of it, every five seconds by default. What policies there are
 * is told at once, to users who may know it.
 */
export async function policyDeliveryLimit(
  api: ManagementApi,
  vhost: string,
  queue: string,
): Promise<number | undefined> {
  if (!(await anyDeliveryLimit(api, vhost))) return Number.POSITIVE_INFINITY
  const path = `api/queues/${encodeURIComponent(vhost)}/${encodeURIComponent(queue)}`
  const until = performance.now() + POLICY_TOLD_MS
  for (;;) {
    // An empty definition comes as an empty list.
    const { effective_policy_definition: policy } = await ask<{
      effective_policy_definition?: Readonly<Record<string, unknown>>
    }>(api, path)
    if (policy) {
      const limit = policy['delivery-limit']
      return typeof limit === 'number' && limit >= 0 ? limit : Number.POSITIVE_INFINITY
    }
    if (performance.now() > until) return undefined
    await sleep(POLICY_PAUSE_MS)
  }
}

interface Policy {
  readonly definition?: Readonly<Record<string, unknown>>
}

/** Whether a policy for any queue of the virtual host limits deliveries; yes, where the user may not know. */
async function anyDeliveryLimit(api: ManagementApi, virtualHost: string): Promise<boolean> {
  const vhost = encodeURIComponent(virtualHost)
  try {
    const lists = await Promise.all([
      ask<Policy[]>(api, `api/policies/${vhost}`),
      ask<Policy[]>(api, `api/operator-policies/${vhost}`),
    ])
    return lists.flat().some(({ definition }) => definition?.['delivery-limit'] !== undefined)
  } catch (error) {
    if (isMessagingError(error, 'UNAUTHORIZED')) return true
    throw error
  }
}

function queueInfo(queue: ListedQueue): NodeInfo {
  const subscription = subscriptionOf(queue.name)
  return {
    name: queue.name,
    type: 'queue',
    depth: queue.messages_ready,
    receivers: queue.consumers,
    durable: queue.durable,
    details: {
      queueType: queue.type,
      arguments: queue.arguments ?? {},
      ...(subscription && { subscription }),
    },
  }
}

function exchangeInfo(exchange: ListedExchange): NodeInfo {
  return {
    name: exchange.name,
    type: exchange.type === 'fanout' ? 'broadcast' : 'topic',
    depth: undefined,
    receivers: undefined,
    durable: exchange.durable,
    details: { exchangeType: exchange.type, arguments: exchange.arguments ?? {} },
  }
}

function isInternal(name: string): boolean {
  return (
    name === '' ||
    name.startsWith('amq.') ||
    isHold(name) ||
    /:subscription:[^:]+:(bindings|patterns)/.test(name)
  )
}

async function ask<T>(
  { base, username, password }: ManagementApi,
  path: string,
  timeoutMs = TIMEOUT_MS,
): Promise<T> {
  const url = new URL(path, base)
  const login = Buffer.from(`${username}:${password}`).toString('base64')
  const context = { adapter: ADAPTER, address: url.origin, operation: 'list' }
  const signal = AbortSignal.timeout(timeoutMs)
  const look = () =>
    fetch(url, { headers: { authorization: `Basic ${login}`, accept: 'application/json' }, signal })
  let response: Response
  try {
    response = await look()
    // RabbitMQ 4 stumbles over an exchange that goes away while it lists them.
    for (let again = 0; response.status >= 500 && again < 3; again++) response = await look()
  } catch (cause) {
    throw new MessagingError('CONNECT_FAILED', `The management API at ${url.origin} did not answer`, {
      cause,
      context,
      hint: 'Check managementUrl, and that the plugin rabbitmq_management is enabled.',
    })
  }
  if (response.status === 401 || response.status === 403) {
    throw new MessagingError('UNAUTHORIZED', `The management API at ${url.origin} refused the login`, {
      context,
      hint: "Give the user the tag 'monitoring' or 'management'.",
    })
  }
  if (!response.ok) {
    throw new MessagingError(
      'CONNECT_FAILED',
      `The management API at ${url.origin} answered ${response.status}`,
      {
        context,
      },
    )
  }
  return (await response.json()) as T
}
