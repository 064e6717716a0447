/** The brokers of the configuration, as the server last told. */
import { computed, signal } from '@preact/signals'
import type { ApiError, BrokerView, CapabilitiesView } from '../../protocol.ts'
import { brokerPath, get, problemOf } from './api.ts'
import { listen } from './live/stream.ts'

const KEPT_PROBES = 120

export const brokers = signal<readonly BrokerView[] | undefined>(undefined)
export const brokersProblem = signal<ApiError | undefined>(undefined)
export const brokerNames = computed(() => (brokers.value ?? []).map((broker) => broker.name))

/** Round trips seen by this tab: time in ms since the epoch, ms. */
export const latencies = signal<ReadonlyMap<string, readonly (readonly [at: number, ms: number])[]>>(
  new Map(),
)

const capabilities = signal<ReadonlyMap<string, CapabilitiesView | ApiError>>(new Map())
const asked = new Set<string>()

export function brokerOf(name: string | undefined): BrokerView | undefined {
  return brokers.value?.find((broker) => broker.name === name)
}

export function isConnected(name: string): boolean {
  return brokerOf(name)?.state === 'connected'
}

export async function loadBrokers(): Promise<void> {
  try {
    take(await get<readonly BrokerView[]>('/api/brokers'))
    brokersProblem.value = undefined
  } catch (error) {
    brokersProblem.value = problemOf(error)
  }
}

export function followBrokers(): () => void {
  return listen((event) => {
    if (event.event === 'brokers') take(event.brokers)
  })
}

/** What a broker can do; asked for once it is needed and the broker is there. */
export function capabilitiesOf(broker: string): CapabilitiesView | undefined {
  const known = capabilities.value.get(broker)
  if (known !== undefined && 'features' in known) return known
  if (!asked.has(broker) && isConnected(broker)) {
    asked.add(broker)
    void askCapabilities(broker)
  }
  return undefined
}

export function capabilitiesProblem(broker: string): ApiError | undefined {
  const known = capabilities.value.get(broker)
  return known !== undefined && 'code' in known ? known : undefined
}

/** Why this broker cannot do something; `undefined`: it can, or that is not known yet. */
export function reasonAgainst(broker: string, ...features: readonly string[]): string | undefined {
  const state = brokerOf(broker)
  if (state !== undefined && state.state !== 'connected') return `${broker} is ${stateWord(state.state)}.`
  const known = capabilitiesOf(broker)?.features
  for (const name of features) {
    const feature = known?.find(({ feature }) => feature === name)
    if (feature?.level === 'unsupported')
      return feature.reason ?? `This broker has no means for it (${name}).`
  }
  return undefined
}

export function levelOf(broker: string, feature: string): 'native' | 'emulated' | 'unsupported' | undefined {
  return capabilitiesOf(broker)?.features.find((one) => one.feature === feature)?.level
}

export function stateWord(state: BrokerView['state']): string {
  return {
    connecting: 'connecting',
    connected: 'connected',
    reconnecting: 'away',
    closed: 'closed',
    failed: 'not reachable',
  }[state]
}

function take(list: readonly BrokerView[]): void {
  const at = Date.now()
  const seen = new Map(latencies.peek())
  for (const { name, state, latencyMs } of list) {
    if (state !== 'connected') asked.delete(name)
    if (latencyMs === undefined || state !== 'connected') continue
    seen.set(name, [...(seen.get(name) ?? []), [at, latencyMs] as const].slice(-KEPT_PROBES))
  }
  latencies.value = seen
  brokers.value = list
}

async function askCapabilities(broker: string): Promise<void> {
  const found = await get<CapabilitiesView>(brokerPath(broker, 'capabilities')).catch(problemOf)
  if (!('features' in found)) setTimeout(() => asked.delete(broker), 5000)
  capabilities.value = new Map(capabilities.peek()).set(broker, found)
}
