/** All brokers of the configuration, by name. */
import type { ConnectOptions } from '../../index.ts'
import { Refused } from '../errors.ts'
import type { BrokerView, CapabilitiesView } from '../protocol.ts'
import { Broker } from './broker.ts'

export class Brokers {
  readonly #brokers: ReadonlyMap<string, Broker>

  /** @param changed called when a view has changed */
  constructor(
    connections: ReadonlyMap<string, ConnectOptions>,
    production: readonly string[],
    changed: () => void,
  ) {
    this.#brokers = new Map(
      [...connections].map(([name, options]) => [
        name,
        new Broker(name, options, production.includes(name), changed),
      ]),
    )
  }

  /** @throws Refused (404) */
  get(name: string): Broker {
    const broker = this.#brokers.get(name)
    if (broker) return broker
    throw new Refused(404, 'NOT_FOUND', 'The configuration has no broker of this name')
  }

  has(name: string): boolean {
    return this.#brokers.has(name)
  }

  get views(): BrokerView[] {
    return [...this.#brokers.values()].map(({ view }) => view)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#brokers.values()].map((broker) => broker.close()))
  }
}

export function capabilitiesView({ capabilities }: Broker): CapabilitiesView {
  const { features, limits } = capabilities
  return {
    features: Object.entries(features).map(([feature, { level, note }]) => ({
      feature,
      level,
      reason: note,
    })),
    // JSON has no infinity.
    limits: Object.fromEntries(
      Object.entries(limits).map(([name, limit]) => [name, Number.isFinite(limit) ? limit : 'none']),
    ),
    ...('maxUnsettled' in limits &&
      Number.isFinite(limits.maxUnsettled) && { maxUnsettled: limits.maxUnsettled }),
  }
}
