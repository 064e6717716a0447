/** Nodes through Broker-J's management: made, compared, deleted, emptied, looked at, listed, bound. */
import type { Binding, NodeInfo, NodeRef, NodeSpec, NodeType } from '../../../contract/adapter.ts'
import { Rounds } from '../../../core/connecting/rounds.ts'
import { checkKnownKeys } from '../../../core/options/known-keys.ts'
import { MessagingError } from '../../../model/errors.ts'
import { ADAPTER } from '../errors.ts'
import { type Management, managementError } from './management.ts'
import { shownName, wireName } from './names.ts'
import {
  bindingsOf,
  depthLimit,
  exchangeAttributes,
  exchangeType,
  isTemporary,
  queueAttributes,
  subscriptionQueue,
} from './topology.ts'

const QUEUE = 'org.apache.qpid.Queue'
const EXCHANGE = 'org.apache.qpid.Exchange'
/** What the management itself is. */
const MANAGEMENT_TYPE = 'org.amqp.management'
/** Messages looked at in one step of a purge beside receivers. */
const PURGE_PAGE = 1_000
type Kind = typeof QUEUE | typeof EXCHANGE
type Attributes = Readonly<Record<string, unknown>>

export class Nodes {
  /** Topics that receivers of this connection stand on. */
  readonly rounds = new Rounds()
  readonly #management: Management

  constructor(management: Management) {
    this.#management = management
  }

  async declare(spec: NodeSpec): Promise<void> {
    // Members have queues of their own; the multicast itself is only their common name.
    if (spec.type === 'multicast') return
    const queue = spec.type === 'queue'
    const name = wireName(spec.name)
    if (Object.keys(spec.native).length > 0) await this.#checkNative(queue ? QUEUE : EXCHANGE, spec.native)
    await this.#make(
      queue ? QUEUE : EXCHANGE,
      name,
      queue ? queueAttributes(spec) : exchangeAttributes(spec),
      spec.name,
    )
    for (const binding of bindingsOf(spec)) await this.bind(binding)
  }

  /** A queue of this adapter's own, for a named subscription; other keys than before replace the old ones. */
  async declareSubscription(
    node: NodeRef,
    subscription: string,
    keys: readonly string[],
    spec: NodeSpec,
  ): Promise<string> {
    const name = subscriptionQueue(node.name, subscription)
    await this.#make(QUEUE, name, queueAttributes({ ...spec, name }), node.name)
    // The broker does not list bindings: the queue's description keeps them.
    const known = await this.#read(QUEUE, name)
    const before = keysOf(known)
    const exchange = wireName(node.name)
    for (const key of keys) await this.#bind(exchange, name, key)
    for (const key of before) if (!keys.includes(key)) await this.#unbind(exchange, name, key)
    if (before.join() !== keys.join()) {
      const description = JSON.stringify({ patterns: keys })
      await this.#must(name, 'update', 'UPDATE', QUEUE, name, { description })
    }
    return name
  }

  async delete(node: NodeRef): Promise<boolean> {
    const kinds: Kind[] =
      node.subscription !== undefined || node.type === 'queue'
        ? [QUEUE]
        : node.type === undefined
          ? [QUEUE, EXCHANGE]
          : [EXCHANGE]
    for (const kind of kinds) {
      const answer = await this.#management.ask('DELETE', kind, this.#place(node))
      if (answer.status === 200 || answer.status === 204) return true
      if (answer.status !== 404) throw managementError(answer, node.name, 'delete')
    }
    return false
  }

  async purge(node: NodeRef): Promise<number> {
    const name = this.#place(node)
    const statistics = (await this.#must(node.name, 'purge', 'getStatistics', QUEUE, name)) as Attributes
    // clearQueue also takes what receivers hold; without receivers it is the quick way.
    if (numberOf(statistics.consumerCount)! > 0) return this.#purgeWaiting(name, node.name)
    return Number((await this.#must(node.name, 'purge', 'clearQueue', QUEUE, name)) ?? 0)
  }

  /** Deletes page by page what no receiver holds. */
  async #purgeWaiting(queue: string, address: string): Promise<number> {
    const ask = (operation: string, parameters: Record<string, string>): Promise<unknown> =>
      this.#must(address, 'purge', operation, QUEUE, queue, {}, parameters)
    let purged = 0
    let kept = 0
    for (;;) {
      const range = { first: String(kept), last: String(kept + PURGE_PAGE - 1) }
      const page = (await ask('getMessageInfo', range)) as { id: number | bigint; state: string }[]
      if (page.length === 0) return purged
      const waiting = page.filter(({ state }) => state !== 'Acquired').map(({ id }) => Number(id))
      kept += page.length - waiting.length
      if (waiting.length === 0) continue
      const deleted = await ask('deleteMessages', { messageIds: JSON.stringify(waiting) })
      purged += (deleted as unknown[]).length
    }
  }

  async inspect(node: NodeRef): Promise<NodeInfo | undefined> {
    const name = this.#place(node)
    const asQueue = node.subscription !== undefined || node.type === undefined || node.type === 'queue'
    if (asQueue) {
      const { attributes, statistics } = await this.#look(QUEUE, name)
      if (attributes) return queueInfo(node.name, attributes, statistics)
    }
    if (node.type === 'queue' || node.subscription !== undefined) return undefined
    const { attributes, statistics } = await this.#look(EXCHANGE, name)
    return attributes && exchangeInfo(node.name, attributes, statistics)
  }

  async #look(kind: Kind, name: string): Promise<{ attributes?: Attributes; statistics: Attributes }> {
    const [attributes, { body }] = await Promise.all([
      this.#read(kind, name),
      this.#management.ask('getStatistics', kind, name),
    ])
    return { attributes, statistics: (body ?? {}) as Attributes }
  }

  async list(): Promise<NodeInfo[]> {
    const found = await Promise.all([this.#query(QUEUE), this.#query(EXCHANGE)])
    const names = found.flatMap((rows, at) =>
      rows.map((row) => ({ name: String(row[0]), type: at === 0 ? ('queue' as const) : undefined })),
    )
    const own = names.filter(({ name }) => !isTemporary(name))
    const infos = await Promise.all(
      own.map(({ name, type }) => this.inspect({ name: shownName(name), type: type ?? 'topic' })),
    )
    return infos.filter((info) => info !== undefined)
  }

  bind({
    source,
    target,
    key,
    arguments: filter,
  }: {
    source: string
    target: string
    key: string
    arguments?: Binding['arguments']
  }): Promise<void> {
    return this.#bind(wireName(source), wireName(target), key, filter)
  }

  /** Binds a queue known by its wire name. */
  bindQueue(exchange: string, queue: string, key: string): Promise<void> {
    return this.#bind(wireName(exchange), queue, key)
  }

  /** Limits the queue of a live subscription, which the broker made by itself. */
  async limitDepth(queue: string, maxLength: number): Promise<void> {
    await this.#must(queue, 'update', 'UPDATE', QUEUE, queue, depthLimit(maxLength))
  }

  /** Whether one receiver at a time may use the queue. */
  async isExclusive(queue: NodeRef): Promise<boolean> {
    return (await this.#read(QUEUE, this.#place(queue)))?.exclusive === 'LINK'
  }

  exists(queue: string): Promise<boolean> {
    return this.#read(QUEUE, queue).then((attributes) => attributes !== undefined)
  }

  async #bind(exchange: string, queue: string, key: string, filter?: Binding['arguments']): Promise<void> {
    const parameters: Record<string, string> = { destination: queue, bindingKey: key }
    if (filter) parameters.arguments = JSON.stringify(filter)
    const bound = await this.#must(exchange, 'bind', 'bind', EXCHANGE, exchange, {}, parameters)
    // Also the answer where the binding was there already.
    if (bound === false && !(await this.exists(queue))) {
      throw new MessagingError('ADDRESS_NOT_FOUND', `bind: no such queue: ${queue}`, {
        context: { adapter: ADAPTER, address: queue },
      })
    }
  }

  async #unbind(exchange: string, queue: string, key: string): Promise<void> {
    const parameters = { destination: queue, bindingKey: key }
    await this.#must(exchange, 'unbind', 'unbind', EXCHANGE, exchange, {}, parameters)
  }

  /** Broker-J makes a queue and says nothing of attributes it does not know. */
  async #checkNative(kind: Kind, native: Attributes): Promise<void> {
    const about = { identity: 'self', entityType: kind }
    const answer = await this.#must(kind, 'declare', 'GET-ATTRIBUTES', MANAGEMENT_TYPE, undefined, {}, about)
    const byType = answer as Readonly<Record<string, readonly string[]>>
    checkKnownKeys(native, ['qpid-type', 'type', ...new Set(Object.values(byType).flat())], 'native')
  }

  async #make(kind: Kind, name: string, attributes: Attributes, address: string): Promise<void> {
    const other = kind === QUEUE ? EXCHANGE : QUEUE
    const [known, rival] = await Promise.all([this.#read(kind, name), this.#read(other, name)])
    // A sender would reach the exchange and a receiver the queue: messages would be lost quietly.
    if (rival) throw mismatch(address, `there is a ${kind === QUEUE ? 'topic' : 'queue'} of that name`)
    if (!known) {
      const answer = await this.#management.ask('CREATE', kind, undefined, { ...attributes, name })
      if (answer.status === 201) return
      // Another client was quicker: compare with what it made.
      if (answer.status !== 409) throw managementError(answer, address, 'declare')
    }
    const present = known ?? (await this.#read(kind, name))
    for (const [key, wanted] of Object.entries(attributes)) {
      const found = present?.[key]
      if (wanted !== undefined && found !== undefined && JSON.stringify(found) !== JSON.stringify(wanted)) {
        throw mismatch(address, `${key} is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`)
      }
    }
  }

  async #read(kind: Kind, name: string): Promise<Attributes | undefined> {
    const answer = await this.#management.ask('READ', kind, name)
    if (answer.status === 404) return undefined
    if (answer.status !== 200) throw managementError(answer, name, 'inspect')
    return answer.body as Attributes
  }

  async #query(kind: Kind): Promise<unknown[][]> {
    const about = { identity: 'self', entityType: kind }
    const names = { attributeNames: ['name'] }
    const answer = await this.#must(kind, 'list', 'QUERY', MANAGEMENT_TYPE, undefined, names, about)
    return (answer as { results: unknown[][] }).results
  }

  /** The body of the answer. @throws naming `address` and what was to be done, when the broker refuses */
  async #must(
    address: string,
    operation: string,
    ...question: Parameters<Management['ask']>
  ): Promise<unknown> {
    const answer = await this.#management.ask(...question)
    if (answer.status >= 200 && answer.status < 300) return answer.body
    throw managementError(answer, address, operation)
  }

  #place({ name, subscription }: NodeRef): string {
    return subscription === undefined ? wireName(name) : subscriptionQueue(name, subscription)
  }
}

function keysOf(attributes: Attributes | undefined): string[] {
  try {
    const { patterns } = JSON.parse(String(attributes?.description)) as { patterns?: unknown }
    return Array.isArray(patterns) ? patterns.map(String) : []
  } catch {
    return []
  }
}

function queueInfo(name: string, attributes: Attributes, statistics: Attributes): NodeInfo {
  return {
    name,
    type: 'queue',
    depth: numberOf(statistics.availableMessages),
    receivers: numberOf(statistics.consumerCount),
    durable: attributes.durable === true,
    details: { ...attributes, unacknowledgedMessages: statistics.unacknowledgedMessages },
  }
}

function exchangeInfo(name: string, attributes: Attributes, statistics: Attributes): NodeInfo {
  const type: NodeType = exchangeType(attributes) === 'fanout' ? 'broadcast' : 'topic'
  return {
    name,
    type,
    depth: undefined,
    receivers: numberOf(statistics.bindingCount),
    durable: attributes.durable === true,
    details: attributes,
  }
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined
}

function mismatch(address: string, detail: string): MessagingError {
  return new MessagingError('ADDRESS_MISMATCH', `The node '${address}' is not as described: ${detail}`, {
    context: { adapter: ADAPTER, address },
  })
}
