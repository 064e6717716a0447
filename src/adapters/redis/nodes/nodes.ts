/** Making, deleting and looking at nodes. */
import {
  type NodeInfo,
  type NodeRef,
  type NodeSpec,
  plainQueue,
  type ReceiverSpec,
} from '../../../contract/adapter.ts'
import { MessagingError } from '../../../model/errors.ts'
import { ADAPTER, isForbidden, notFound } from '../errors.ts'
import { parseEntry } from '../send/topic-table.ts'
import type { Session } from '../wire/session.ts'
import { REPLY_PREFIX, sameSlot } from './keys.ts'
import { differences, formatSpec, parseSpec, queueFields, subscriptionSpec } from './topology.ts'

/** Removed in one call. */
const PURGE_STEP = 5_000
const UNREADABLE = Symbol('a node that cannot be read')
/** Moved in one call. */
const TIDY_STEP = 1_000

export class Nodes {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  /** @throws `ADDRESS_MISMATCH`, `ADDRESS_NOT_FOUND` of a binding */
  async declare(node: NodeSpec): Promise<void> {
    await this.#guarded(node.name, 'declare', async () => {
      const existing = await this.#make(node)
      if (existing !== undefined) {
        const different = differences(parseSpec(existing), node)
        if (different.length > 0) throw mismatch(node.name, different)
      }
      for (const binding of node.bindings) {
        const topic = binding.source ?? (node.type === 'queue' ? undefined : node.name)
        const queue = binding.target ?? (node.type === 'queue' ? node.name : undefined)
        await this.#bind(node.name, topic, queue, binding.key ?? '#')
      }
    })
  }

  /** Makes a plain durable queue where there is none. */
  async ensureQueue(name: string): Promise<void> {
    await this.#guarded(name, 'declare', () => this.#make(plainQueue(name)))
  }

  /** The spec a node had already, else `undefined`. */
  async #make(node: NodeSpec): Promise<string | undefined> {
    const { keys } = this.#session
    const base = node.type === 'queue' ? keys.queue(node.name) : keys.topic(node.name)
    const spec = formatSpec(node)
    // A plain look first: most nodes are there, and a user who may only read needs no more.
    const entry = `${node.type === 'queue' ? 'q' : 't'}:${node.name}`
    const [existing, listed] = await this.#session.ask((commands) =>
      Promise.all([commands.hget(base, 'spec'), commands.sismember(keys.nodes, entry).catch(() => 1)]),
    )
    // Declaring is use, and starts the clock of `expiresMs` anew.
    if (existing !== null && listed === 1 && (node.expiresMs === undefined || existing !== spec))
      return existing
    // order: listed before it is there, so that no node is ever missing in the list.
    if (existing === null || listed !== 1)
      await this.#session.ask((commands) => commands.sadd(keys.nodes, entry))
    const answer = await this.#session.run('declare', [base], [spec, ...queueFields(node)])
    return answer === null ? undefined : String(answer)
  }

  async #bind(
    name: string,
    topic: string | undefined,
    queue: string | undefined,
    pattern: string,
  ): Promise<void> {
    const { keys } = this.#session
    if (topic === undefined || queue === undefined) {
      throw new MessagingError('NOT_SUPPORTED', `A binding of '${name}' is none from a topic to a queue`, {
        hint: 'Bind a topic (source) to a queue (target) with a pattern (key).',
        context: { adapter: ADAPTER, address: name, operation: 'bind' },
      })
    }
    const [from, to] = [keys.topic(topic), keys.queue(queue)]
    if (this.#session.cluster && !sameSlot(from, to)) {
      throw new MessagingError(
        'NOT_SUPPORTED',
        `'${topic}' and '${queue}' lie in different slots of the Cluster`,
        {
          hint: `Name the queue '${topic}:…': names that are equal up to a colon share a slot. Or use a named subscription.`,
          context: { adapter: ADAPTER, address: name, operation: 'bind' },
        },
      )
    }
    const outcome = await this.#session.run('bind', [from, to], [queue, pattern])
    if (outcome === 0) throw notFound('topic', topic)
    if (outcome === 1) throw notFound('queue', queue)
  }

  /** Makes or changes the named subscription of a receiver. Resolves to its base key. */
  async subscribe(spec: ReceiverSpec): Promise<string> {
    const { source, subscription, patterns } = spec
    const { keys } = this.#session
    const base = keys.subscription(source.name, subscription!.name)
    const entry = JSON.stringify({ name: subscription!.name, patterns })
    const durable = subscription!.durable ? '1' : '0'
    const node = subscriptionSpec(spec)
    const args = [entry, durable, formatSpec(node), ...queueFields(node).slice(2)]
    return this.#guarded(source.name, 'attachReceiver', async () => {
      const outcome = await this.#session.run('subscribe', [keys.topic(source.name), base], args)
      if (outcome === 0) throw notFound('topic', source.name)
      if (outcome === 2) {
        throw mismatch(`${source.name}/${subscription!.name}`, [
          `durable is ${!subscription!.durable}, not ${subscription!.durable}`,
        ])
      }
      return base
    })
  }

  async delete(node: NodeRef): Promise<boolean> {
    const { keys } = this.#session
    return this.#guarded(node.name, 'delete', async () => {
      if (node.subscription !== undefined) {
        const base = keys.subscription(node.name, node.subscription)
        return (await this.#session.run('unsubscribe', [keys.topic(node.name), base], [])) === 1
      }
      const found = await this.#find(node)
      if (found === undefined) return false
      const existed = (await this.#session.run('remove', [found.base], [])) === 1
      await this.#session
        .ask((commands) => commands.srem(keys.nodes, `${found.kind}:${node.name}`))
        .catch((error) => {
          // The next who lists nodes takes it out.
          if (!isForbidden(error)) throw error
        })
      return existed
    })
  }

  async purge(node: NodeRef): Promise<number> {
    return this.#guarded(node.name, 'purge', async () => {
      const base = await this.#queueBase(node)
      if (base === undefined) return 0
      let removed = 0
      for (;;) {
        const step = Number(await this.#session.run('purge', [base], [PURGE_STEP]))
        removed += step
        if (step < PURGE_STEP) return removed
      }
    })
  }

  async inspect(node: NodeRef): Promise<NodeInfo | undefined> {
    return this.#guarded(node.name, 'inspect', async () => {
      if (node.name.startsWith(REPLY_PREFIX)) return this.#inspectReply(node.name)
      if (node.subscription !== undefined) {
        const base = this.#session.keys.subscription(node.name, node.subscription)
        const info = await this.#inspectQueue(node.name, base)
        if (info === undefined) return undefined
        const topic = this.#session.keys.topic(node.name)
        const type = await this.#session.ask((commands) => commands.hget(topic, 'type'))
        const details = { subscription: node.subscription, ...info.details }
        return { ...info, type: type === 'broadcast' ? 'broadcast' : 'topic', details }
      }
      const found = await this.#find(node)
      if (found === undefined) return undefined
      return found.kind === 'q'
        ? this.#inspectQueue(node.name, found.base)
        : this.#inspectTopic(node.name, found.base)
    })
  }

  async list(): Promise<NodeInfo[]> {
    const { keys, wire } = this.#session
    return this.#guarded('', 'list', async () => {
      const entries = await this.#session.ask((commands) => commands.smembers(keys.nodes))
      const infos = await Promise.all(
        entries.map(async (entry) => {
          const name = entry.slice(2)
          const info = await (entry.startsWith('q:')
            ? this.#inspectQueue(name, keys.queue(name))
            : this.#inspectTopic(name, keys.topic(name))
          ).catch((cause) => this.#unreadable(name, cause))
          // It ended by itself.
          if (info === undefined) await wire.commands.srem(keys.nodes, entry).catch(() => {})
          return info
        }),
      )
      return infos.filter((info) => info !== undefined && info !== UNREADABLE) as NodeInfo[]
    })
  }

  /** One key that another program has overwritten hides none of the other nodes. */
  #unreadable(address: string, cause: unknown): typeof UNREADABLE {
    this.#session.check(cause)
    if (!this.#session.alive || isForbidden(cause)) throw cause
    this.#session.events.warning(this.#session.error(cause, { address, operation: 'list' }))
    return UNREADABLE
  }

  /** Due, expired and pushed messages go where they belong, where this user may do that. */
  async tidy(base: string): Promise<void> {
    try {
      while (Number(await this.#session.run('tidy', [base], [TIDY_STEP])) >= TIDY_STEP);
    } catch (error) {
      if (!isForbidden(error)) throw error
    }
  }

  /** As {@link tidy}, where there is something to do, as far as this user may look. */
  async tidyUp(base: string): Promise<void> {
    try {
      const { due, expired, pushed } = await this.untidy(base)
      if (due + expired + pushed > 0) await this.tidy(base)
    } catch (error) {
      if (!isForbidden(error)) throw error
    }
  }

  /** Messages of a queue that {@link tidy} would move. */
  async untidy(base: string): Promise<{ now: number; due: number; expired: number; pushed: number }> {
    const now = await this.#session.now()
    const [pushed, due, expired] = await this.#session.ask((commands) =>
      Promise.all([
        commands.llen(`${base}#in`),
        commands.zcount(`${base}#delayed`, '-inf', now),
        commands.zcount(`${base}#exp`, '-inf', now),
      ]),
    )
    return { now, due, expired, pushed }
  }

  async #inspectQueue(name: string, base: string): Promise<NodeInfo | undefined> {
    const spec = await this.#session.ask((commands) => commands.hget(base, 'spec'))
    if (spec === null) return undefined
    let untidy = await this.untidy(base)
    if (untidy.expired > 0) {
      await this.tidy(base)
      untidy = await this.untidy(base)
    }
    const { now } = untidy
    const [ready, delayed, kept, receivers] = await this.#session.ask((commands) =>
      Promise.all([
        commands.zcard(`${base}#ready`),
        commands.zcard(`${base}#delayed`),
        commands.hlen(`${base}#msg`),
        commands.zcount(`${base}#owners`, now, '+inf'),
      ]),
    )
    const { type: _, name: __, durable, ...settings } = parseSpec(spec)
    return {
      name,
      type: 'queue',
      depth: Math.max(0, ready + untidy.due + untidy.pushed - untidy.expired),
      receivers,
      durable,
      details: { delayed: delayed - untidy.due, unsettled: Math.max(0, kept - ready - delayed), ...settings },
    }
  }

  async #inspectTopic(name: string, base: string): Promise<NodeInfo | undefined> {
    const [spec, table] = await this.#session.ask((commands) =>
      Promise.all([commands.hget(base, 'spec'), commands.hgetallBuffer(`${base}#subs`)]),
    )
    if (spec === null) return undefined
    const { type, durable } = parseSpec(spec)
    if (type === 'multicast')
      return { name, type, depth: undefined, receivers: undefined, durable, details: {} }
    const entries = Object.values(table).flatMap((entry) => parseEntry(entry) ?? [])
    // Redis does not tell who listens with a pattern.
    return { name, type, depth: 0, receivers: undefined, durable, details: { subscriptions: entries } }
  }

  async #inspectReply(name: string): Promise<NodeInfo | undefined> {
    const key = this.#session.keys.reply(name)
    if ((await this.#session.ask((commands) => commands.exists(key))) === 0) return undefined
    return { name, type: 'queue', depth: 0, receivers: 1, durable: false, details: {} }
  }

  /** A queue wins over a topic. */
  async #find(node: NodeRef): Promise<{ kind: 'q' | 't'; base: string } | undefined> {
    const { keys } = this.#session
    if (node.type === undefined || node.type === 'queue') {
      const base = keys.queue(node.name)
      if ((await this.#session.ask((commands) => commands.exists(base))) === 1) return { kind: 'q', base }
      if (node.type === 'queue') return undefined
    }
    const base = keys.topic(node.name)
    const type = await this.#session.ask((commands) => commands.hget(base, 'type'))
    if (type === null || (node.type !== undefined && node.type !== type)) return undefined
    return { kind: 't', base }
  }

  async #queueBase(node: NodeRef): Promise<string | undefined> {
    if (node.subscription !== undefined) return this.#session.keys.subscription(node.name, node.subscription)
    const found = await this.#find(node)
    return found?.kind === 'q' ? found.base : undefined
  }

  #guarded<T>(address: string, operation: string, work: () => Promise<T>): Promise<T> {
    return this.#session.guarded({ address, operation }, work)
  }
}

function mismatch(name: string, different: readonly string[]): MessagingError {
  return new MessagingError(
    'ADDRESS_MISMATCH',
    `The node '${name}' exists with other settings: ${different.join('; ')}`,
    {
      context: { adapter: ADAPTER, address: name, operation: 'declare' },
    },
  )
}
