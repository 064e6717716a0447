/**
 * What is known of a broker's nodes. They are looked at while somebody watches, one look after the other, so that a broker that takes
 * its time is asked less often; else when somebody asks.
 *
 * Bound: the nodes that the broker lists, each with its last 120 depths (about 1 KB); of a broker that lists none, those that were
 * opened by their address.
 */
import { type Connection, isMessagingError, type NodeInfo, queue, topic } from '../../index.ts'
import { apiError } from '../errors.ts'
import type { ApiError, NodesPage, NodesWindow, NodeView } from '../protocol.ts'
import { addressOf } from './address.ts'
import { Depths, Looks } from './history.ts'
import { windowOf } from './window.ts'

/** Between the end of a look and the beginning of the next one. Unit: ms. */
const PAUSE_MS = 2_000
/** What is younger needs no new look. Unit: ms. */
const FRESH_MS = 2_000
const LOOK_TIMEOUT_MS = 20_000
/** Of a broker that cannot list. */
const MAX_OPENED = 200

interface Known {
  info: NodeInfo
  readonly depths: Depths
  /** The look that saw it last. */
  seen: number
}

/** The broker, as far as its nodes go. */
interface NodesOf {
  readonly name: string
  /** @throws while it is away */
  readonly connection: Connection
}

export class NodeBook {
  readonly #broker: NodesOf
  readonly #looks = new Looks()
  readonly #nodes = new Map<string, Known>()
  /** Names that were opened by their address. */
  readonly #opened = new Set<string>()
  readonly #watchers = new Set<() => void>()
  #unlisted: ApiError | undefined
  #looking: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(broker: NodesOf) {
    this.#broker = broker
  }

  /** Calls `told` after every look until the returned function is called. */
  watch(told: () => void): () => void {
    this.#watchers.add(told)
    this.#next(0)
    return () => {
      this.#watchers.delete(told)
    }
  }

  /** A window of what is known, after a look if the last one was long ago. @throws what the look met */
  async page(window: NodesWindow): Promise<NodesPage> {
    const { count } = this.#looks
    if (count === 0 || Date.now() - this.#looks.timeOf(count - 1) > FRESH_MS) await this.#look()
    return this.known(window, this.#looks.first)
  }

  /** What is known, with the history from a look on. */
  known(window: NodesWindow, from = this.#looks.count - 1): NodesPage {
    const { total, nodes } = windowOf([...this.#nodes.values()], window, ({ info, depths }) => ({
      name: info.name,
      type: info.type,
      depth: info.depth,
      receivers: info.receivers,
      rate: () => depths.rate(this.#looks),
    }))
    return { total, nodes: nodes.map((node) => this.#view(node, from)), unlisted: this.#unlisted }
  }

  /** One node, looked at now; remembered from now on. `undefined`: there is none. */
  async open(
    name: string,
    type: NodeInfo['type'] | undefined,
  ): Promise<(NodeView & { info: NodeInfo }) | undefined> {
    const info = await this.#inspect(name, type)
    if (!info) {
      this.forget(name)
      return undefined
    }
    if (this.#opened.size < MAX_OPENED) this.#opened.add(name)
    const known = this.#nodes.get(name) ?? { info, depths: new Depths(), seen: this.#looks.count }
    known.info = { ...known.info, ...info }
    this.#nodes.set(name, known)
    return { ...this.#view(known, this.#looks.first), depth: info.depth, receivers: info.receivers, info }
  }

  /** It was deleted. */
  forget(name: string): void {
    this.#nodes.delete(name)
    this.#opened.delete(name)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  #view({ info, depths }: Known, from: number): NodeView {
    const { name, type, depth, receivers } = info
    return {
      broker: this.#broker.name,
      address: addressOf(name),
      name,
      type,
      depth,
      receivers,
      rate: depths.rate(this.#looks),
      history: depths.since(this.#looks, from),
    }
  }

  #next(afterMs: number): void {
    if (this.#timer !== undefined || this.#closed || this.#watchers.size === 0) return
    this.#timer = setTimeout(async () => {
      // A broker that is away is shown so; its nodes stay as they were.
      await this.#look().then(
        () => {
          for (const told of this.#watchers) told()
        },
        () => {},
      )
      this.#timer = undefined
      this.#next(PAUSE_MS)
    }, afterMs)
    this.#timer.unref()
  }

  /** One at a time, shared by all who ask. */
  #look(): Promise<void> {
    this.#looking ??= this.#lookNow().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #lookNow(): Promise<void> {
    const nodes = await this.#list()
    const look = this.#looks.count
    for (const info of nodes) {
      const known = this.#nodes.get(info.name) ?? { info, depths: new Depths(), seen: look }
      known.info = info
      known.seen = look
      known.depths.set(look, info.depth)
      this.#nodes.set(info.name, known)
    }
    for (const [name, { seen }] of this.#nodes) if (seen < look) this.#nodes.delete(name)
    this.#looks.add(Date.now())
  }

  async #list(): Promise<NodeInfo[]> {
    const { connection } = this.#broker
    try {
      const nodes = await connection.admin.list({ timeoutMs: LOOK_TIMEOUT_MS })
      this.#unlisted = undefined
      return nodes
    } catch (error) {
      if (!isMessagingError(error, 'NOT_SUPPORTED')) throw error
      this.#unlisted = apiError(error)
    }
    const found: NodeInfo[] = []
    for (const name of this.#opened) {
      const info = await this.#inspect(name, this.#nodes.get(name)?.info.type)
      if (info) found.push(info)
    }
    return found
  }

  #inspect(name: string, type: NodeInfo['type'] | undefined): Promise<NodeInfo | undefined> {
    const { admin } = this.#broker.connection
    const node =
      type === 'topic'
        ? topic(name, { create: 'never' })
        : type === 'queue'
          ? queue(name, { create: 'never' })
          : addressOf(name)
    return admin.inspect(node, { timeoutMs: LOOK_TIMEOUT_MS })
  }
}
